import { TypeRegistry } from '@polkadot/types';
import { encodeAddress } from '@polkadot/util-crypto/address';
import { blake2AsHex } from '@polkadot/util-crypto/blake2';
import { afterEach, describe, expect, it } from 'vitest';
import type { Chain, ChainView } from '../../app/chain/chain.ts';
import { connectChain } from '../../app/chain/connection/connect.ts';
import { nextEpochBlock } from '../../app/chain/epoch.ts';
import { normalise } from '../../app/chain/normalise.ts';
import { readCommits } from '../../app/chain/subnet-own.ts';
import { readSubnet } from '../../app/chain/subnet-read.ts';
import { type ChainDouble, type ChainDoubleOptions, startChainDouble } from '../doubles/chain/start.ts';
import { OWN_HOTKEY } from './a-subnet.ts';

const NETUID = 24;
const hotkey = (number: number) => {
  const key = new Uint8Array(32).fill(7);
  new DataView(key.buffer).setUint16(0, number);
  return encodeAddress(key, 42);
};
const OWNER = hotkey(0);
const STAKE = 2n ** 60n;

let ends: (() => Promise<void>)[] = [];
let double: ChainDouble;
let chain: Chain;
const start = async (options: ChainDoubleOptions = {}) => {
  double = await startChainDouble({
    stakeThreshold: 1_000n,
    subnets: [
      {
        netuid: NETUID,
        tempo: 100,
        commitReveal: false,
        neurons: [
          { hotkey: OWNER },
          { hotkey: OWN_HOTKEY, permit: true, stakeRao: STAKE, lastUpdate: 990, registeredAt: 880 },
          { hotkey: hotkey(2) },
        ],
      },
    ],
    ...options,
  });
  chain = connectChain({ endpoints: [double.url], genesisHash: double.genesisHash });
  ends = [() => chain.close(), () => double.close()];
};
const read = async (own: string | null = OWN_HOTKEY, netuid = NETUID) =>
  readSubnet(await chain.finalized(), { netuid, hotkey: own });
afterEach(async () => {
  for (const end of ends) await end();
  ends = [];
});

describe('a subnet', () => {
  it('is read with everything that weights depend on', async () => {
    await start();
    const head = double.finalized();
    expect(await read()).toEqual({
      block: head,
      timestampMs: double.timeOf(),
      specVersion: 475,
      netuid: NETUID,
      exists: true,
      size: 3,
      uidOf: new Map([
        [OWNER, 0],
        [OWN_HOTKEY, 1],
        [hotkey(2), 2],
      ]),
      ownerHotkey: OWNER,
      ownerUid: 0,
      minAllowedWeights: 1,
      rateLimitBlocks: 100,
      versionKey: 0n,
      commitReveal: false,
      commitRevealVersion: 4,
      revealPeriodEpochs: 1,
      mechanisms: 1,
      stakeThresholdRao: 1_000n,
      activityCutoffBlocks: 1_388,
      consensus: 'Yuma',
      schedule: {
        form: 'stateful',
        head: head.number,
        tempo: 100,
        lastEpochBlock: expect.any(Number),
        pendingEpochAt: 0,
        subnetEpochIndex: expect.any(Number),
        blocksSinceLastStep: expect.any(Number),
      },
      lastStoredRound: expect.any(Number),
      own: {
        hotkey: OWN_HOTKEY,
        uid: 1,
        permit: true,
        stakeRao: STAKE,
        lastUpdate: 990,
        registeredAt: 880,
        row: [],
        commits: [],
      },
    });
  });

  it('is read as its owner has set it', async () => {
    await start();
    double.subnet(NETUID).set({
      commitReveal: true,
      revealPeriodEpochs: 3,
      minAllowedWeights: 8,
      weightsSetRateLimit: 7,
      weightsVersionKey: 2n ** 64n - 1n,
      mechanisms: 2,
      consensus: 'Null',
      activityCutoffFactorMilli: 1_500,
      tempo: 360,
      pendingEpochAt: 1_234,
    });
    await double.mine();
    expect(await read()).toMatchObject({
      commitReveal: true,
      revealPeriodEpochs: 3,
      minAllowedWeights: 8,
      rateLimitBlocks: 7,
      versionKey: 2n ** 64n - 1n,
      mechanisms: 2,
      consensus: 'Null',
      activityCutoffBlocks: 540,
      schedule: { form: 'stateful', tempo: 360, pendingEpochAt: 1_234 },
    });
  });

  it('has the schedule by which its epochs really run', async () => {
    await start();
    const { schedule } = await read();
    const at = nextEpochBlock(schedule);
    await double.mineTo(at - 1);
    const before = (await read()).schedule;
    await double.mine();
    const after = (await read()).schedule;
    if (before.form !== 'stateful' || after.form !== 'stateful') throw new Error('not stateful');
    expect(nextEpochBlock(before)).toBe(at);
    expect(after).toMatchObject({ lastEpochBlock: at, subnetEpochIndex: before.subnetEpochIndex + 1 });
  });

  it('is all of one block, although a newer one came meanwhile', async () => {
    await start();
    const view = await chain.finalized();
    double.subnet(NETUID).register({ hotkey: hotkey(3) });
    double.subnet(NETUID).set({ tempo: 50 });
    await double.mine(2);
    const state = await readSubnet(view, { netuid: NETUID, hotkey: OWN_HOTKEY });
    expect(state).toMatchObject({
      block: view.block,
      size: 3,
      schedule: { head: view.block.number, tempo: 100 },
    });
    expect(state.uidOf.has(hotkey(3))).toBe(false);
    expect((await read()).uidOf.get(hotkey(3))).toBe(3);
  });

  it('may have more than 256 neurons', async () => {
    const neurons = Array.from({ length: 300 }, (_, uid) => ({ hotkey: hotkey(uid) }));
    await start({ subnets: [{ netuid: NETUID, neurons }] });
    const { uidOf, size } = await read(hotkey(299));
    expect(size).toBe(300);
    expect(uidOf.size).toBe(300);
    expect([0, 255, 256, 299].map((uid) => uidOf.get(hotkey(uid)))).toEqual([0, 255, 256, 299]);
  });

  it('that does not exist is no error', async () => {
    await start();
    expect(await read(OWN_HOTKEY, 99)).toMatchObject({
      netuid: 99,
      exists: false,
      size: 0,
      uidOf: new Map(),
      ownerHotkey: null,
      ownerUid: null,
      own: { uid: null, permit: false, stakeRao: 0n, lastUpdate: 0, registeredAt: 0, row: [], commits: [] },
    });
  });

  it('has no owner to pay when his hotkey is not registered', async () => {
    await start({ subnets: [{ netuid: NETUID, ownerHotkey: hotkey(9), neurons: [{ hotkey: OWN_HOTKEY }] }] });
    expect(await read()).toMatchObject({ ownerHotkey: hotkey(9), ownerUid: null });
  });

  it('can be paid by', async () => {
    await start();
    const state = await read();
    const result = normalise([], { ...state, ownUid: state.own?.uid ?? null });
    expect(result).toMatchObject({ kind: 'row', row: { uids: [0], values: [65_535] } });
  });
});

describe('our own place', () => {
  it('is null without a hotkey, and has no uid while it is not registered', async () => {
    await start();
    expect((await read(null)).own).toBeNull();
    expect((await read(hotkey(9))).own).toEqual({
      hotkey: hotkey(9),
      uid: null,
      permit: false,
      stakeRao: 0n,
      lastUpdate: 0,
      registeredAt: 0,
      row: [],
      commits: [],
    });
  });

  it('follows a lost permit, a lost stake and a lost registration', async () => {
    await start();
    double.subnet(NETUID).setPermit(OWN_HOTKEY, false);
    double.subnet(NETUID).setStake(OWN_HOTKEY, 5n);
    await double.mine();
    expect((await read()).own).toMatchObject({ uid: 1, permit: false, stakeRao: 5n });
    double.subnet(NETUID).register({ hotkey: hotkey(4) }, 1);
    await double.mine();
    const state = await read();
    expect(state.own?.uid).toBeNull();
    expect(state.uidOf.get(hotkey(4))).toBe(1);
  });

  it('has the stored row', async () => {
    await start();
    double.set(
      'SubtensorModule.Weights',
      [NETUID, 1],
      [
        [2, 65_535],
        [0, 27_306],
      ],
    );
    await double.mine();
    expect((await read()).own?.row).toEqual([
      [2, 65_535],
      [0, 27_306],
    ]);
  });

  it('has its own commits of every epoch, oldest first, by the hash that their events have', async () => {
    await start();
    const ciphertext = `0x${'5a'.repeat(303)}`;
    const commits = 'SubtensorModule.TimelockedWeightCommits';
    double.set(commits, [NETUID, 8], [[OWN_HOTKEY, 1_210, ciphertext, 34_140_500]]);
    double.set(
      commits,
      [NETUID, 7],
      [
        [hotkey(2), 1_100, '0x01', 34_140_100],
        [OWN_HOTKEY, 1_110, '0x02', 34_140_200],
      ],
    );
    double.set(commits, [NETUID + 1, 7], [[OWN_HOTKEY, 1_110, '0x03', 34_140_200]]);
    await double.mine();
    expect((await read()).own?.commits).toEqual([
      { epoch: 7, block: 1_110, round: 34_140_200, commitHash: blake2AsHex('0x02', 256) },
      { epoch: 8, block: 1_210, round: 34_140_500, commitHash: blake2AsHex(ciphertext, 256) },
    ]);
  });
});

describe('a subnet of spec 293', () => {
  it('has no mechanisms, no choice of consensus and the schedule of the block number', async () => {
    await start({ runtime: 'spec293' });
    double.set('SubtensorModule.ActivityCutoff', [NETUID], 4_000);
    double.set('SubtensorModule.CRV3WeightCommitsV2', [NETUID, 9], [[OWN_HOTKEY, 1_000, '0x04', 34_140_200]]);
    await double.mine();
    const state = await read();
    expect(state).toMatchObject({
      specVersion: 293,
      mechanisms: null,
      consensus: null,
      commitRevealVersion: null,
      activityCutoffBlocks: 4_000,
      schedule: { form: 'modulo', head: double.finalized().number, tempo: 100, netuid: NETUID },
      own: {
        uid: 1,
        commits: [{ epoch: 9, block: 1_000, round: 34_140_200, commitHash: blake2AsHex('0x04', 256) }],
      },
    });
  });
});

describe('a runtime whose commits have no block yet', () => {
  it('has the commits all the same', async () => {
    const registry = new TypeRegistry();
    const commits = registry.createType('Vec<(AccountId, Bytes, u64)>', [
      [hotkey(2), '0x01', 34_140_100],
      [OWN_HOTKEY, '0x02', 34_140_200],
    ]);
    const key = { args: [registry.createType('u16', NETUID), registry.createType('u64', 48)] };
    const crv3WeightCommits = { entries: async () => [[key, commits]] };
    const view = { api: { query: { subtensorModule: { crv3WeightCommits } } } } as unknown as ChainView;
    expect(await readCommits(view, { netuid: NETUID, hotkey: OWN_HOTKEY })).toEqual([
      { epoch: 48, block: null, round: 34_140_200, commitHash: blake2AsHex('0x02', 256) },
    ]);
  });
});

describe('a chain that gives no answer', () => {
  it('is reported as such, with whether it passes by itself', async () => {
    await start();
    const view = await chain.finalized();
    const reading = () => readSubnet(view, { netuid: NETUID, hotkey: OWN_HOTKEY });
    double.faults.failMethod('state_queryStorageAt', { code: 4003, message: 'State already discarded' }, 1);
    await expect(reading()).rejects.toMatchObject({ name: 'ChainError', code: 'pruned', retryable: true });
    double.faults.silent.add('state_getKeysPaged');
    const waiting = reading();
    double.cut();
    await expect(waiting).rejects.toMatchObject({ name: 'ChainError', code: 'unreachable', retryable: true });
  });

  it('is not confused with one that does not tell the stake, or in a shape that is not known', async () => {
    await start();
    const view = await chain.finalized();
    double.faults.failMethod('state_call', { code: -32_603, message: 'wasm trap: unreachable' }, 1);
    expect((await readSubnet(view, { netuid: NETUID, hotkey: OWN_HOTKEY })).own).toMatchObject({
      uid: 1,
      permit: true,
      stakeRao: null,
    });
    const called = (call: object) =>
      readSubnet({ ...view, api: { ...view.api, call } } as unknown as ChainView, {
        netuid: NETUID,
        hotkey: OWN_HOTKEY,
      });
    expect((await called({})).own?.stakeRao).toBeNull();
    const answering = (json: unknown) => ({
      subnetInfoRuntimeApi: { getMetagraph: async () => ({ toJSON: () => json }) },
    });
    expect((await called(answering({ stakes: [1, 2] }))).own?.stakeRao).toBeNull();
    expect((await called(answering({ totalStake: [1, '0x1000000000000000', 3] }))).own?.stakeRao).toBe(STAKE);
  });

  it('has answered something else when it cannot be decoded', async () => {
    await start();
    const view = await chain.finalized();
    const queryMulti = async () => Promise.reject(new Error('Unable to decode storage'));
    const odd = { ...view, api: { ...view.api, queryMulti } } as unknown as ChainView;
    await expect(readSubnet(odd, { netuid: NETUID, hotkey: null })).rejects.toMatchObject({
      code: 'protocol',
      retryable: false,
      userMessage: expect.stringContaining('Unable to decode storage'),
    });
  });
});

describe('a chain that is none of Bittensor', () => {
  it('is refused by the name of what it lacks', async () => {
    await start();
    const view = await chain.finalized();
    const foreign = { ...view, api: { ...view.api, query: { system: {} } } } as unknown as ChainView;
    await expect(readSubnet(foreign, { netuid: NETUID, hotkey: null })).rejects.toMatchObject({
      name: 'ChainError',
      code: 'unknown_runtime',
      retryable: false,
      userMessage: expect.stringContaining('has no SubtensorModule.networksAdded'),
    });
  });
});

/** The weight setter on the real runtime: whole epochs, a connection that is cut, and commits that the chain never opens. */
import { afterAll, describe, expect } from 'vitest';
import type { Chain } from '../../../app/chain/chain.ts';
import { connectChain } from '../../../app/chain/connection/connect.ts';
import { QUICKNET } from '../../../app/chain/drand.ts';
import { nextEpochBlock } from '../../../app/chain/epoch.ts';
import { HotkeyPair } from '../../../app/chain/keyfile-pair.ts';
import { createWeightSetter, type WeightSetter } from '../../../app/chain/setter/drive-weights.ts';
import type { SetterReport } from '../../../app/chain/setter/report.ts';
import type { WeightSet } from '../../../app/chain/setter/weight-set.ts';
import { DEFAULT_SHARES } from '../../../app/scoring/shares.ts';
import { TEST_BEACON } from '../../doubles/chain/beacon.ts';
import { startTcpProxy, type TcpProxy } from '../connection/tcp-proxy.ts';
import { type MemoryRows, memoryStore } from '../setter/memory-store.ts';
import { NETUID } from './local-subnet.ts';
import { aBench, onRuntime } from './on-runtime.ts';
import { signerOf, VERSION_KEY } from './our-side.ts';

/** Of the runtime's ProxyType; spelled NonFungibile there. */
const NON_FUNGIBLE = 5;
const bench = aBench();
const rows: MemoryRows = { sets: [], busy: false };
const ends: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const end of ends) await end();
});

interface SetterChoice {
  /** Of the beacon. */
  readonly publicKey?: string;
  /** Who signs for the validator. */
  readonly proxy?: HotkeyPair;
}

function aSetter(
  chain: Chain,
  { publicKey = TEST_BEACON.publicKey, proxy }: SetterChoice = {},
): WeightSetter {
  const { subnet, ours } = bench;
  const account = subnet.validator.hotkey;
  return createWeightSetter({
    chain,
    store: memoryStore(rows),
    netuid: NETUID,
    signer: proxy === undefined ? ours.signer : signerOf(proxy, chain.genesisHash, { proxyFor: account }),
    account,
    signingAccount: proxy?.hotkey ?? account,
    loose: 'owner',
    versionKey: VERSION_KEY,
    carryOverMaxMs: 0,
    standing: async () => ({
      shares: subnet.miners.map((hotkey, place) => ({
        hotkey,
        share: DEFAULT_SHARES[place] ?? 0,
      })),
      standingAt: 0,
    }),
    now: () => 0,
    beacon: { ...TEST_BEACON, publicKey },
  });
}

const kinds = ({ steps }: SetterReport) => steps.map(({ kind }) => kind);
const newest = (): WeightSet => {
  const set = rows.sets.at(-1);
  if (set === undefined) throw new Error('nothing was planned');
  return set;
};
const stored = ({ row: { uids, values } }: WeightSet) => uids.map((uid, at) => [uid, values[at]]);

/** What becomes of a commit: its pulse before or after the block in which the chain opens it. */
interface Fate {
  readonly because: string;
  readonly by: WeightSetter;
  readonly before?: (round: number) => Promise<void>;
  readonly after?: (round: number) => Promise<void>;
}

async function cutOnceArrived(proxy: TcpProxy): Promise<void> {
  while ((await bench.subnet.pending()) === 0);
  proxy.cut();
}

/** In how many blocks it is. */
async function inclusions({ extrinsic }: WeightSet): Promise<number> {
  const { subnet } = bench;
  let count = 0;
  for (let number = extrinsic?.birthBlock ?? 0; number <= (await subnet.head()); number++) {
    const hash = await subnet.api.rpc.chain.getBlockHash(number);
    const { block } = await subnet.api.rpc.chain.getBlock(hash);
    count += block.extrinsics.filter((one) => one.hash.toHex() === extrinsic?.hash).length;
  }
  return count;
}

describe('the weight setter on the real runtime', () => {
  onRuntime('sends once over a connection that is cut before and after the bytes arrive', async () => {
    const { subnet, url } = bench;
    const proxy = await startTcpProxy(url);
    const direct = connectChain({ endpoints: [proxy.url], genesisHash: subnet.genesisHash });
    ends.push(() => direct.close(), proxy.close);
    let submit = async (bytes: string) => {
      const sent = direct.submit(bytes);
      proxy.cut();
      return sent;
    };
    const setter = aSetter({ ...direct, submit: (bytes) => submit(bytes) });

    const first = await setter.look();
    expect(kinds(first)).toEqual(['planned', 'signed', 'wait']);
    expect(first.alerts.map(({ code }) => code)).toContain('unreachable');
    expect(await subnet.pending()).toBe(0);
    submit = async (bytes) => {
      proxy.holdAnswers();
      return Promise.all([direct.submit(bytes), cutOnceArrived(proxy)]).then(([answer]) => answer);
    };
    expect((await setter.look()).alerts.map(({ code }) => code)).toContain('unreachable');
    await subnet.blocks(1);
    const last = await setter.look();

    expect(kinds(last)).toEqual(['included', 'verified', 'wait']);
    expect(last.alerts).toEqual([]);
    expect(rows.sets).toMatchObject([
      { state: 'verified', call: 'set_weights', verifiedBy: 'row', attempt: 1 },
    ]);
    expect(await inclusions(newest())).toBe(1);
    expect(await subnet.row(subnet.validator.hotkey)).toEqual(stored(newest()));
    expect(direct.status().failovers).toBe(2);
  });

  onRuntime('sends through a proxy, and says so when the account has none', async () => {
    const { subnet, ours } = bench;
    const account = subnet.validator.hotkey;
    const proxy = HotkeyPair.fromMiniSecret(Buffer.alloc(32, 41));
    const { balances, proxy: proxies } = subnet.calls();
    const setter = aSetter(ours.chain, { proxy });
    await subnet.store('weights', [NETUID, await subnet.uid(account)], []);
    await subnet.include(
      ...[account, proxy.hotkey].map((who) => balances('transferAllowDeath', who, 1_000_000_000n)),
    );
    await subnet.skipTo(nextEpochBlock((await ours.look()).state.schedule) + 1);

    await setter.look();
    await subnet.blocks(1);
    await setter.look();
    expect(newest()).toMatchObject({ state: 'failed', failureCode: 'proxy' });
    await subnet.include(subnet.sudoAs(account, proxies('addProxy', proxy.hotkey, NON_FUNGIBLE, 0)));
    await subnet.blocks(4);
    await setter.look();
    await subnet.blocks(1);
    await setter.look();
    expect(newest()).toMatchObject({ state: 'verified', attempt: 2 });
    expect(await subnet.row(account)).toEqual(stored(newest()));
  });

  onRuntime(
    'finds each commit that the chain drops without a word, and reads back the one that it opens',
    async () => {
      const { subnet, ours } = bench;
      const plainRow = await subnet.row(subnet.validator.hotkey);
      await subnet.store('commitRevealWeightsEnabled', [NETUID], true);
      await subnet.store('weights', [NETUID, await subnet.uid(subnet.validator.hotkey)], []);
      await subnet.skipTo((await bench.ours.look()).state.block.number + 42);
      /** Opens nothing: its ciphertexts are for quicknet, which does not run here. */
      const foreign = aSetter(ours.chain, { publicKey: QUICKNET.publicKey });
      const good = aSetter(ours.chain);
      const fates: Fate[] = [
        { because: 'a foreign ciphertext', by: foreign, before: (round) => subnet.publishPulse(round) },
        // the chain looks in the block of the epoch, once
        { because: 'a pulse one block too late', by: good, after: (round) => subnet.publishPulse(round) },
        { because: 'a wrong round', by: good, before: (round) => subnet.publishPulse(round, round + 1) },
      ];
      for (const [at, { because, by, before, after }] of fates.entries()) {
        await by.look();
        await subnet.blocks(1);
        await by.look();
        const set = newest();
        expect(set, because).toMatchObject({ state: 'included', call: 'commit_crv3_weights' });
        await before?.(set.revealRound ?? 0);
        await subnet.skipTo((set.revealFrom ?? 0) - 1);
        expect(kinds(await by.look()), because).toEqual(['wait']);
        await subnet.blocks(1);
        await after?.(set.revealRound ?? 0);
        const report = await (fates[at + 1]?.by ?? good).look();
        expect(
          rows.sets.find(({ id }) => id === set.id),
          because,
        ).toMatchObject({
          state: 'failed',
          failureCode: 'reveal_lost',
        });
        const alerts = report.alerts.filter(({ severity }) => severity === 'page').map(({ code }) => code);
        expect(alerts, because).toContain('reveal_lost');
        expect(await subnet.row(subnet.validator.hotkey), because).toEqual([]);
      }

      await subnet.blocks(1);
      await good.look();
      const opened = newest();
      await subnet.publishPulse(opened.revealRound ?? 0);
      await subnet.skipTo((opened.revealFrom ?? 0) - 1);
      await good.look();
      await subnet.blocks(1);
      expect(kinds(await good.look())).toContain('verified');
      expect(rows.sets.find(({ id }) => id === opened.id)).toMatchObject({
        state: 'verified',
        verifiedBy: 'event',
      });
      expect(await subnet.row(subnet.validator.hotkey)).toEqual(plainRow);
      const included = rows.sets.filter(({ includedBlock }) => includedBlock !== null);
      expect(new Set(included.map(({ epoch }) => epoch)).size).toBe(included.length);
    },
  );

  onRuntime(
    'gives a commit up that the chain keeps and does not open, because its epochs count anew',
    async () => {
      const { subnet, ours } = bench;
      const setter = aSetter(ours.chain);
      await subnet.store('commitRevealWeightsEnabled', [NETUID], true);
      await setter.look();
      await subnet.blocks(1);
      await setter.look();
      const set = newest();
      expect(set).toMatchObject({ state: 'included', call: 'commit_crv3_weights' });
      const tempo = await subnet.read('tempo', NETUID);
      await subnet.store('tempo', [NETUID], 200);
      // over an epoch by the new count, in which the chain takes away what is older
      const { schedule } = (await ours.look()).state;
      await subnet.skipTo(nextEpochBlock(schedule) - 1);
      await subnet.blocks(2);
      expect((await ours.look()).state.own?.commits).toContainEqual(
        expect.objectContaining({ commitHash: set.commitHash }),
      );
      const report = await setter.look();
      expect(rows.sets.find(({ id }) => id === set.id)).toMatchObject({
        state: 'failed',
        failureCode: 'reveal_lost',
        failure: expect.stringContaining('counts the epochs of subnet 1 anew'),
      });
      expect(report.alerts.map(({ code }) => code)).toContain('reveal_lost');
      await subnet.store('tempo', [NETUID], tempo);
    },
  );
});

/** Preflight against a chain: what it says before is what the chain says when the call is sent all the same. */
import { afterEach, describe, expect, it } from 'vitest';
import { type RuntimeCall, runtimeCalls } from '../../app/chain/calls.ts';
import { encodeCall, type WeightCall } from '../../app/chain/calls-bytes.ts';
import type { Chain, ChainView } from '../../app/chain/chain.ts';
import { connectChain } from '../../app/chain/connection/connect.ts';
import { HotkeyPair } from '../../app/chain/keyfile-pair.ts';
import type { WeightRow } from '../../app/chain/normalise.ts';
import { preflight } from '../../app/chain/preflight.ts';
import { createSigner } from '../../app/chain/signer.ts';
import { readSubnet } from '../../app/chain/subnet-read.ts';
import { type ChainDouble, type SubnetHandle, startChainDouble } from '../doubles/chain/start.ts';

const NETUID = 24;
const key = (number: number) => HotkeyPair.fromMiniSecret(new Uint8Array(32).fill(number));
const US = key(1);
const ROW = { uids: [2, 0], values: [65_535, 27_306] };

let double: ChainDouble;
let chain: Chain;
afterEach(async () => {
  await chain.close();
  await double.close();
});

interface Given {
  readonly call: string;
  readonly setUp?: (subnet: SubnetHandle, chain: ChainDouble) => void;
  readonly row?: WeightRow;
  readonly netuid?: number;
  readonly versionKey?: bigint;
  /** Rounds after the last that the chain has stored. */
  readonly roundsLater?: number;
  readonly runtime?: 'today' | 'spec293';
  readonly commitBytes?: number;
}

async function start({ setUp, runtime = 'today' }: Given): Promise<void> {
  double = await startChainDouble({
    runtime,
    stakeThreshold: 1_000n,
    subnets: [
      {
        netuid: NETUID,
        tempo: 360,
        weightsSetRateLimit: 50,
        commitReveal: false,
        neurons: [
          { hotkey: key(9).hotkey },
          { hotkey: US.hotkey, permit: true, stakeRao: 1_000n },
          { hotkey: key(2).hotkey },
        ],
      },
    ],
  });
  setUp?.(double.subnet(NETUID), double);
  await double.mine();
  chain = connectChain({ endpoints: [double.url], genesisHash: double.genesisHash });
}

function theCall(view: ChainView, name: string): RuntimeCall {
  const call = runtimeCalls(view.calls).find((known) => known.name === name);
  if (call === undefined) throw new Error(`the runtime has no ${name}`);
  return call;
}

/** What preflight says first, and what the chain says: in its pool, or in the block. */
async function bothSay(given: Given): Promise<[preflight: string | null, chain: string | null]> {
  await start(given);
  const { netuid = NETUID, row = ROW, versionKey = 0n, roundsLater = 100, commitBytes = 300 } = given;
  const view = await chain.finalized();
  const state = await readSubnet(view, { netuid, hotkey: US.hotkey });
  const call = theCall(view, given.call);
  const revealRound = call.kind === 'plain' ? null : state.lastStoredRound + roundsLater;
  const [first] = preflight({ state, call, row, versionKey, revealRound });

  const content: WeightCall =
    revealRound === null
      ? { kind: 'plain', netuid, mecid: 0, row, versionKey }
      : { kind: 'timelocked', netuid, mecid: 0, commit: new Uint8Array(commitBytes), revealRound };
  const signer = createSigner({
    pair: US,
    policy: { netuid, genesisHash: double.genesisHash, proxyFor: null },
    limit: { signatures: 100, windowMs: 3_600_000 },
    now: () => 0,
    log: () => {},
  });
  const nonce = await chain.nextNonce(US.hotkey);
  const signed = await chain.sign(view, encodeCall(call, content), { account: US.hotkey, nonce, signer });
  const answer = await chain.submit(signed.bytes);
  if (answer.kind === 'refused') return [first?.code ?? null, answer.problem.code];
  const { number } = await double.mine();
  const outcome = await chain.find(signed.bytes, signed.birthBlock, number);
  if (outcome === null) throw new Error('it is in no block');
  return [first?.code ?? null, outcome.problem?.code ?? null];
}

const PLAIN = 'set_mechanism_weights';
const COMMIT = 'commit_timelocked_mechanism_weights';
const committing = (setUp?: Given['setUp']): Given => ({
  call: COMMIT,
  setUp: (subnet, on) => {
    subnet.set({ commitReveal: true });
    setUp?.(subnet, on);
  },
});

const CASES: readonly [code: string | null, what: string, given: Given][] = [
  [null, 'plain weights', { call: PLAIN }],
  [null, 'plain weights by the older call', { call: 'set_weights' }],
  [null, 'plain weights of spec 293', { call: 'set_weights', runtime: 'spec293' }],
  [null, 'a stake that equals the threshold', { call: PLAIN, setUp: (s) => s.setStake(US.hotkey, 1_000n) }],
  ['stake_too_low', 'a stake below it', { call: PLAIN, setUp: (s) => s.setStake(US.hotkey, 999n) }],
  [
    'not_registered',
    'a hotkey without a uid',
    {
      call: PLAIN,
      setUp: (s, on) => {
        s.register({ hotkey: key(3).hotkey }, 1);
        on.set('SubtensorModule.StakeThreshold', [], 0);
      },
    },
  ],
  [
    'commit_reveal_on',
    'commit-reveal, and plain weights',
    { call: PLAIN, setUp: (s) => s.set({ commitReveal: true }) },
  ],
  [
    'version_key',
    'a newer version',
    { call: PLAIN, setUp: (s) => s.set({ weightsVersionKey: 2 }), versionKey: 1n },
  ],
  [null, 'an older version', { call: PLAIN, setUp: (s) => s.set({ weightsVersionKey: 2 }), versionKey: 3n }],
  ['no_permit', 'no permit', { call: PLAIN, setUp: (s) => s.setPermit(US.hotkey, false) }],
  [
    null,
    'no permit, and weight on itself alone',
    { call: PLAIN, setUp: (s) => s.setPermit(US.hotkey, false), row: { uids: [1], values: [65_535] } },
  ],
  [
    null,
    'an owner without stake and permit',
    {
      call: PLAIN,
      setUp: (s, on) => {
        on.set('SubtensorModule.SubnetOwnerHotkey', [NETUID], US.hotkey);
        s.setPermit(US.hotkey, false);
        s.setStake(US.hotkey, 0n);
      },
    },
  ],
  [
    'stake_too_low',
    'an owner without stake on spec 293',
    {
      call: 'set_weights',
      runtime: 'spec293',
      setUp: (s, on) => {
        on.set('SubtensorModule.SubnetOwnerHotkey', [NETUID], US.hotkey);
        s.setStake(US.hotkey, 0n);
      },
    },
  ],
  ['row_uids', 'a uid twice', { call: PLAIN, row: { uids: [2, 2], values: [65_535, 1] } }],
  ['row_uids', 'a uid that is none', { call: PLAIN, row: { uids: [3], values: [65_535] } }],
  [
    'row_uids',
    'more entries than uids',
    { call: PLAIN, row: { uids: [0, 1, 2, 3], values: [65_535, 1, 1, 1] } },
  ],
  ['row_too_short', 'too few entries', { call: PLAIN, setUp: (s) => s.set({ minAllowedWeights: 3 }) }],
  [
    null,
    'as many entries as there are uids',
    {
      call: PLAIN,
      setUp: (s) => s.set({ minAllowedWeights: 8 }),
      row: { uids: [2, 0, 1], values: [65_535, 0, 0] },
    },
  ],
  [null, 'a commit', committing()],
  [null, 'a commit by the older call', { ...committing(), call: 'commit_timelocked_weights' }],
  [null, 'a commit on spec 293', { ...committing(), call: 'commit_crv3_weights', runtime: 'spec293' }],
  [
    'stake_too_low',
    'a commit with a stake below the threshold',
    committing((s) => s.setStake(US.hotkey, 999n)),
  ],
  ['round_too_early', 'a commit to a round that is out', { ...committing(), roundsLater: -1 }],
  ['commit_reveal_off', 'a commit without commit-reveal', { call: COMMIT }],
  [
    'commit_version',
    'a commit of another version',
    committing((_, on) => on.set('SubtensorModule.CommitRevealWeightsVersion', [], 5)),
  ],
  [
    'not_registered',
    'a commit of a hotkey without a uid',
    committing((s, on) => {
      s.register({ hotkey: key(3).hotkey }, 1);
      on.set('SubtensorModule.StakeThreshold', [], 0);
    }),
  ],
  [
    'too_many_commits',
    'an eleventh commit',
    committing((s, on) => {
      const commits = Array.from({ length: 10 }, (_, at) => [US.hotkey, 900 + at, '0x01', 40_000_000]);
      on.set('SubtensorModule.TimelockedWeightCommits', [NETUID, s.epoch()], commits);
    }),
  ],
];

describe('preflight and the chain', () => {
  it.each(CASES)('say %s of %s', async (code, _, given) => {
    expect(await bothSay(given)).toEqual([code, code]);
  });

  it('differ where the chain names only what follows from the cause', async () => {
    expect(
      await bothSay({
        call: PLAIN,
        netuid: 77,
        setUp: (_, on) => on.set('SubtensorModule.StakeThreshold', [], 0),
      }),
    ).toEqual(['no_subnet', 'commit_reveal_on']);
    await chain.close();
    await double.close();
    const lost = await bothSay({
      call: PLAIN,
      setUp: (s) => {
        s.setStake(US.hotkey, 0n);
        s.register({ hotkey: key(3).hotkey }, 1);
      },
    });
    expect(lost).toEqual(['not_registered', 'stake_too_low']);
  });

  it.each([
    [PLAIN, false],
    [COMMIT, true],
  ])('agree on the very block from which %s passes the rate limit', async (call, commitReveal) => {
    const given = (since: number): Given => ({
      call,
      setUp: (s, on) => {
        s.set({ commitReveal });
        // the call is for the block after the next
        on.set('SubtensorModule.LastUpdate', [NETUID], [0, on.head().number + 2 - since, 0]);
      },
    });
    expect(await bothSay(given(49))).toEqual(['too_fast', 'too_fast']);
    await chain.close();
    await double.close();
    expect(await bothSay(given(50))).toEqual([null, null]);
  });
});

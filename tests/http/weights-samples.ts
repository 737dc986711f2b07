/** Realistic answers about weights, as builders: every field may be replaced. */
import type { LastLook } from '../../app/chain/last-look.ts';
import type { SetterReport } from '../../app/chain/setter/report.ts';
import type { WeightSet } from '../../app/chain/setter/weight-set.ts';
import type { SubnetState } from '../../app/chain/subnet.ts';
import type { WeightsDetails } from '../../app/http/read-model.ts';
import type { Hotkey } from '../../app/ids.ts';
import { NOW } from './samples.ts';

export const GENESIS = '0x2f0555cc76fc2840a25a6ea3b9637146806f1f44b090c175ffde2a7e5ab36c03';
/** The validator whose row it is. */
export const VALIDATOR = '5CiPPseXPECbkjWCa6MnjNokrgYjMqmKndv2rSnekmSK2DjL' as Hotkey;
const OWNER = '5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw' as Hotkey;
const MINERS = [
  '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
  '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty',
  '5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y',
] as Hotkey[];
const SHARES = MINERS.map((hotkey, at) => ({ hotkey, share: [0.6, 0.25, 0.1][at] ?? 0 }));
export const HEAD = 9_412_344;
const BLOCK_MS = 12_000;
/** Of drand, 411 blocks after now. */
const ROUND = 34_157_055;
const hash = (digit: string) => `0x${digit.repeat(64)}`;

export function someWeights(more: Partial<WeightsDetails> = {}): WeightsDetails {
  return {
    roundId: 1,
    dryRun: true,
    createdAt: NOW - 3 * 3_600_000,
    shares: SHARES,
    places: MINERS.map((hotkey, at) => ({ place: at + 1, submission: 42 - 3 * at, hotkey })),
    ...more,
  };
}

export function aSubnet(more: Partial<SubnetState> = {}): SubnetState {
  return {
    block: { number: HEAD, hash: hash('a') },
    timestampMs: NOW - 20_000,
    specVersion: 475,
    netuid: 24,
    exists: true,
    size: 256,
    uidOf: new Map([
      [OWNER, 0],
      [VALIDATOR, 7],
      ...MINERS.map((hotkey, at) => [hotkey, 31 + 40 * at] as const),
    ]),
    ownerHotkey: OWNER,
    ownerUid: 0,
    minAllowedWeights: 1,
    rateLimitBlocks: 100,
    versionKey: 0n,
    commitReveal: true,
    commitRevealVersion: 4,
    revealPeriodEpochs: 1,
    mechanisms: 1,
    stakeThresholdRao: 1_000_000_000_000n,
    activityCutoffBlocks: 5_000,
    consensus: 'Yuma',
    schedule: {
      form: 'stateful',
      head: HEAD,
      tempo: 360,
      lastEpochBlock: HEAD - 312,
      pendingEpochAt: 0,
      subnetEpochIndex: 26_145,
      blocksSinceLastStep: 312,
    },
    lastStoredRound: 34_155_410,
    own: {
      hotkey: VALIDATOR,
      uid: 7,
      permit: true,
      stakeRao: 1_250_500_000_000n,
      lastUpdate: HEAD - 330,
      registeredAt: 0,
      row: [],
      commits: [],
    },
    ...more,
  };
}

export function aReport(more: Partial<SetterReport> = {}): SetterReport {
  const subnet = aSubnet();
  return {
    at: NOW - 4_000,
    block: subnet.block,
    subnet,
    path: 'timelocked',
    shares: SHARES,
    row: { uids: [31, 71, 111, 0], values: [65_535, 27_306, 10_922, 5_461] },
    steps: [{ kind: 'wait', message: 'the row of epoch 26145 is committed: it waits for its reveal' }],
    alerts: [],
    againInBlocks: 1,
    ...more,
  };
}

export function aWeightSet(more: Partial<WeightSet> = {}): WeightSet {
  return {
    id: 12,
    genesisHash: GENESIS,
    netuid: 24,
    hotkey: VALIDATOR,
    epoch: 26_145,
    attempt: 1,
    state: 'included',
    shares: SHARES,
    standingAt: NOW - 3 * 3_600_000,
    row: { uids: [31, 71, 111, 0], values: [65_535, 27_306, 10_922, 5_461] },
    call: 'commit_timelocked_mechanism_weights',
    kind: 'timelocked',
    plannedBlock: HEAD - 12,
    revealRound: ROUND,
    revealFrom: HEAD + 408,
    revealUntil: HEAD + 768,
    commitHash: hash('c'),
    extrinsic: { bytes: '0x00', hash: hash('e'), nonce: 311, birthBlock: HEAD - 12, deathBlock: HEAD + 20 },
    includedBlock: HEAD - 9,
    includedHash: hash('b'),
    extrinsicIndex: 6,
    verifiedBlock: null,
    verifiedBy: null,
    failureCode: null,
    failure: null,
    createdAt: NOW - 12 * BLOCK_MS,
    updatedAt: NOW - 8 * BLOCK_MS,
    ...more,
  };
}

/** A commit under way, after a day of read-back rows and one that failed. */
export function someWeightSets(): WeightSet[] {
  const earlier = Array.from({ length: 8 }, (_, at) => {
    const back = (at + 1) * 360;
    return aWeightSet({
      id: 11 - at,
      epoch: 26_144 - at,
      state: 'verified',
      plannedBlock: HEAD - 12 - back,
      includedBlock: HEAD - 10 - back,
      extrinsicIndex: 4 + (at % 3),
      revealRound: ROUND - back * 4,
      revealFrom: HEAD + 408 - back,
      verifiedBlock: HEAD + 410 - back,
      verifiedBy: 'event',
      createdAt: NOW - (12 + back) * BLOCK_MS,
      updatedAt: NOW - (back - 410) * BLOCK_MS,
    });
  });
  const failed = aWeightSet({
    id: 4,
    epoch: 26_141,
    state: 'failed',
    includedBlock: null,
    includedHash: null,
    extrinsicIndex: null,
    failureCode: 'outdated',
    failure: 'no finalized block took it while its era lasted',
    createdAt: NOW - 1_470 * BLOCK_MS,
  });
  return [aWeightSet(), ...earlier.slice(0, 4), failed, ...earlier.slice(4)];
}

export const CONTEXT = {
  genesisHash: GENESIS,
  netuid: 24,
  dryRun: false,
  account: VALIDATOR,
  endpoint: 'wss://entrypoint-finney.opentensor.ai:443/?key=hush',
  againAt: NOW + BLOCK_MS,
  verifiedBlock: HEAD - 310,
} as const satisfies Partial<LastLook>;

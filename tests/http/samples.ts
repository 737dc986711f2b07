/** Realistic answers of a read model, as builders: every field may be replaced. */
import type { Result } from '../../app/evaluations/schema.ts';
import type {
  JoinInfo,
  Leaderboard,
  RankedEntry,
  ReadModel,
  SubmissionDetails,
} from '../../app/http/read-model.ts';

/** 2026-11-21 14:00 UTC. */
export const NOW = Date.UTC(2026, 10, 21, 14, 0, 0);
const MINUTE = 60_000;
const hex = (character: string, length: number) => character.repeat(length);

export const JOIN: JoinInfo = {
  appUrl: 'https://referee.example.org',
  installUrl: 'https://github.com/apps/quasar-referee/installations/new',
  network: 'finney',
  netuid: 24,
  shares: [0.6, 0.25, 0.1, 0.05],
  tasks: [
    {
      name: 'quasar',
      upstreamUrl: 'https://github.com/troy12x/flash-linear-attention',
      targetFiles: [
        'chunk',
        'chunk_intra_token_parallel',
        'forward_substitution',
        'fused_recurrent',
        'gate',
      ].map((name) => `fla/ops/quasar/${name}.py`),
      targetLengths: { min: 100_000, max: 1_048_576 },
    },
  ],
};

export function anEntry(more: Partial<RankedEntry> = {}): RankedEntry {
  return {
    rank: 1,
    submission: 42,
    hotkey: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
    fork: { owner: 'alice', name: 'flash-linear-attention' },
    sha: '8f3c1d2e4b5a69788796a5b4c3d2e1f00f1e2d3c',
    league: '1M',
    multiplier: 3,
    targetLength: 1_000_000,
    tokensPerSec: 561_204.3,
    tokensPerSecLow: 557_880.1,
    score: 1_673_640.3,
    share: 0.6,
    receivedAt: NOW - 190 * MINUTE,
    ...more,
  };
}

export function aLeaderboard(more: Partial<Leaderboard> = {}): Leaderboard {
  const fork = (owner: string) => ({ owner, name: 'flash-linear-attention' });
  return {
    roundId: 1,
    boards: [
      {
        task: 'quasar',
        taskVersion: 1,
        entries: [
          anEntry(),
          anEntry({
            rank: 2,
            submission: 38,
            hotkey: '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty',
            fork: fork('kernel-bob'),
            tokensPerSec: 502_118,
            tokensPerSecLow: 498_002,
            score: 1_494_006,
            share: 0.25,
            receivedAt: NOW - 26 * 60 * MINUTE,
          }),
          anEntry({
            rank: 3,
            submission: 40,
            hotkey: '5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y',
            fork: null,
            league: '500k',
            multiplier: 1.5,
            targetLength: 500_000,
            tokensPerSec: 702_334,
            tokensPerSecLow: 699_120,
            score: 1_048_680,
            share: 0.1,
            receivedAt: NOW - 7 * 60 * MINUTE,
          }),
          anEntry({
            rank: 4,
            submission: 21,
            hotkey: '5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy',
            fork: fork('dave-triton'),
            league: '200k',
            multiplier: 0.75,
            targetLength: 200_000,
            tokensPerSec: 1_002_090,
            tokensPerSecLow: 998_441,
            score: 748_830.8,
            share: 0.05,
            receivedAt: NOW - 4 * 24 * 60 * MINUTE,
          }),
          anEntry({
            rank: 5,
            submission: 17,
            hotkey: '5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw',
            fork: fork('eve'),
            league: '100k',
            multiplier: 0.5,
            targetLength: 100_000,
            tokensPerSec: 880_402,
            tokensPerSecLow: 871_000,
            score: 435_500,
            share: 0,
            receivedAt: NOW - 9 * 24 * 60 * MINUTE,
          }),
        ],
      },
    ],
    live: [
      {
        submission: 44,
        fork: fork('frank-gpu'),
        hotkey: '5CiPPseXPECbkjWCa6MnjNokrgYjMqmKndv2rSnekmSK2DjL',
        task: 'quasar',
        state: 'running',
        progress: { stage: 'secret', done: 31, total: 120 },
        receivedAt: NOW - 4 * MINUTE,
      },
      {
        submission: 45,
        fork: fork('grace'),
        hotkey: '5GNJqTPyNqANBkUVMN1LPPrxXnFouWXoe2wNSmmEoLctxiZY',
        task: 'quasar',
        state: 'queued',
        progress: null,
        receivedAt: NOW - MINUTE,
      },
    ],
    recent: [
      { submission: 43, reason: 'op_error', owner: 'heidi', ago: 12, tokensPerSec: null },
      { submission: 42, reason: 'accepted', owner: 'alice', ago: 171, tokensPerSec: 561_204.3 },
      { submission: 41, reason: 'forbidden_import', owner: 'ivan', ago: 240, tokensPerSec: null },
      { submission: 39, reason: 'over_claim', owner: 'judy', ago: 800, tokensPerSec: 240_031 },
      { submission: 37, reason: 'superseded', owner: 'kernel-bob', ago: 1500, tokensPerSec: null },
    ].map(({ submission, reason, owner, ago, tokensPerSec }) => ({
      submission,
      reason: reason as 'accepted',
      fork: fork(owner),
      hotkey: null,
      task: 'quasar',
      tokensPerSec,
      endedAt: NOW - ago * MINUTE,
    })),
    runners: { online: 3, busy: 1, offlineSince: null },
    ...more,
  };
}

export function aRecord(more: Partial<Result> = {}): Result {
  const timing = (input: string, medianNs: number) => ({
    input,
    rounds: 25,
    medianNs,
    ciLowNs: Math.round(medianNs * 0.996),
    ciHighNs: Math.round(medianNs * 1.006),
    p90Ns: Math.round(medianNs * 1.02),
  });
  const measured = (length: number, medianNs: number, fixedNs: number) => ({
    length,
    classes: [
      timing('layer_like', medianNs),
      timing('long_memory', Math.round(medianNs * 1.004)),
      timing('mixed', medianNs - 900),
    ],
    fixedNs,
    tokensPerSec: (length / (fixedNs + medianNs * 1.004)) * 1e9,
    tokensPerSecLow: (length / (fixedNs + medianNs * 1.01)) * 1e9,
    opTokensPerSec: (length / (medianNs * 1.004)) * 1e9,
    peakBytes: length * 52_000,
  });
  const gate = (name: string, input: string, value: number, limit: number) => ({
    name,
    length: 512,
    input,
    value,
    limit,
    pass: true,
  });
  return {
    schema: 1,
    evaluation: 61,
    nonce: hex('a', 32),
    task: { name: 'quasar', version: 1, digest: hex('1', 64) },
    judge: { commit: hex('2', 40) },
    upstream: { tree: hex('3', 40) },
    digest: hex('4', 64),
    device: {
      kind: 'cuda',
      name: 'NVIDIA H200',
      uuid: 'GPU-00000000',
      driver: '575.57.08',
      memoryBytes: 150_754_820_096,
      powerLimitW: 700,
    },
    sandbox: { active: ['bubblewrap', 'seccomp', 'no-network'], missing: [] },
    key: { sha256: hex('5', 64), value: hex('6', 64) },
    verdict: { status: 'accepted', reason: 'accepted', detail: '' },
    gates: [
      gate('op_rel_rms', 'layer_like', 0.00312, 0.015),
      gate('op_rel_rms', 'long_memory', 0.0091, 0.042),
      gate('op_rel_rms', 'quiet_needle', 0.00288, 0.015),
      gate('logits_cosine', 'prompt', 0.999981, 0.99),
      gate('logits_max_abs_diff', 'prompt', 0.0133, 0.1),
    ],
    measurements: [
      measured(512, 212_400, 180_200),
      measured(1024, 288_150, 201_120),
      measured(2048, 430_010, 250_700),
      measured(1_000_000, 1_641_884_000, 135_900_000),
    ],
    conditions: {
      yardstick: [{ name: 'matmul', beforeNs: 812_000, afterNs: 813_500 }],
      locked: true,
      samples: [{ smMHz: 1755, watts: 512, celsius: 58, throttle: 'none' }],
      versions: { python: '3.11.9', torch: '2.8.0', triton: '3.4.0' },
    },
    flags: [],
    outputs: [],
    untrusted: { log: 'autotuning 12 configurations\nbest: BT=64 BK=64 num_warps=4\n' },
    ...more,
  };
}

export function aSubmission(more: Partial<SubmissionDetails> = {}): SubmissionDetails {
  const at = NOW - 190 * MINUTE;
  const record = aRecord();
  return {
    id: 42,
    task: 'quasar',
    taskVersion: 1,
    fork: { owner: 'alice', name: 'flash-linear-attention' },
    sha: '8f3c1d2e4b5a69788796a5b4c3d2e1f00f1e2d3c',
    branch: 'main',
    hotkey: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
    targetLength: 1_000_000,
    league: { name: '1M', multiplier: 3 },
    claimedTokensPerSec: 550_000,
    receivedAt: at,
    receiptSource: 'delivery',
    contentDigest: hex('4', 64),
    codeDigest: hex('7', 64),
    files:
      JOIN.tasks[0]?.targetFiles.map((path, i) => ({
        path,
        sha256: hex(String(i), 64),
        bytes: 4_000 + i * 7_321,
      })) ?? [],
    links: {
      commit: 'https://github.com/alice/flash-linear-attention/commit/8f3c1d2e',
      againstUpstream: 'https://github.com/alice/flash-linear-attention/compare/b3b94ef...8f3c1d2e',
      againstPrevious: null,
    },
    supersededBy: null,
    checks: [
      { name: 'imports', status: 'completed', conclusion: 'success', url: 'https://github.com/a/b/runs/1' },
      { name: 'logits', status: 'completed', conclusion: 'success', url: 'https://github.com/a/b/runs/2' },
      { name: 'benchmark', status: 'completed', conclusion: 'success', url: 'https://github.com/a/b/runs/3' },
    ],
    reason: null,
    evaluations: [],
    timeline: [
      { at, what: 'Push received' },
      { at: at + 900, what: 'Imports passed' },
      { at: at + 16_000, what: 'Evaluation ordered: seat 1, attempt 1' },
      { at: at + 61_000, what: 'Claimed by a runner' },
      { at: at + 19 * MINUTE, what: 'Verdict: accepted' },
      { at: at + 19 * MINUTE, what: 'Decision: accepted' },
    ],
    findings: [],
    state: 'ended',
    progress: null,
    decision: {
      reason: 'accepted',
      status: 'accepted',
      detail: '',
      tokensPerSec: 561_204.3,
      tokensPerSecLow: 557_880.1,
      score: 1_673_640.3,
      rank: 1,
      share: 0.6,
      decidedAt: at + 19 * MINUTE,
    },
    record,
    ...more,
  };
}

/** A read model of fixed answers. */
export function aReadModel(more: Partial<ReadModel> = {}): ReadModel {
  return {
    leaderboard: async () => aLeaderboard(),
    submission: async (id) => (id === 42 ? aSubmission() : null),
    repository: async (owner, name) =>
      owner === 'alice'
        ? {
            owner,
            name,
            repoId: 7,
            ownerId: 8,
            defaultBranch: 'main',
            branch: 'main',
            link: { state: 'unlinked' },
          }
        : null,
    weights: async () => ({
      roundId: 1,
      dryRun: true,
      createdAt: NOW,
      shares: [{ hotkey: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY', share: 0.6 }],
      places: [{ place: 1, submission: 42, hotkey: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY' }],
    }),
    chain: async () => null,
    weightSets: async () => [],
    ...more,
  };
}

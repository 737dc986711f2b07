/** Builders of what reports are rendered from. */
import { type Decision, decide } from '../../app/evaluations/decide.ts';
import { JUDGE_RULES, type JudgeReason } from '../../app/evaluations/reasons.ts';
import { Result } from '../../app/evaluations/schema.ts';
import type { SeatVerdict } from '../../app/evaluations/seats.ts';
import type { DecidedState, Finding, SubmissionState, SubmissionView } from '../../app/reports/view.ts';

export const TARGET = 1_048_576;
/** 2026-11-21 14:02 UTC. */
export const NOON = Date.UTC(2026, 10, 21, 14, 2);

export const FINDINGS: readonly Finding[] = [
  {
    rule: 'forbidden-import',
    file: 'fla/ops/quasar/chunk.py',
    line: 12,
    column: 1,
    message: '`from ..gla import chunk_gla` imports fla.ops.gla',
    advice: 'GLA kernels are absent from the judged tree: write the computation in your own file.',
  },
  {
    rule: 'missing-import',
    file: 'fla/ops/quasar/gate.py',
    line: 1,
    column: 1,
    message: 'fla.utils.input_guard is not imported at module scope',
    advice: 'Add `from fla.utils import input_guard`.',
  },
];

export function aView(state: SubmissionState, more: Partial<SubmissionView> = {}): SubmissionView {
  return {
    submissionId: 42,
    appUrl: 'https://referee.example',
    cliSha256: 'c'.repeat(64),
    repo: { owner: 'alice', name: 'flash-linear-attention' },
    sha: 'a'.repeat(40),
    task: {
      name: 'quasar',
      version: 1,
      targetFiles: [
        'chunk',
        'chunk_intra_token_parallel',
        'forward_substitution',
        'fused_recurrent',
        'gate',
      ].map((name) => `fla/ops/quasar/${name}.py`),
      roofline: { bytesPerToken: 4_096 },
    },
    targetLength: TARGET,
    claimedTokensPerSec: null,
    findings: [],
    warnings: [],
    ignoredPaths: [],
    diff: {
      upstream: `https://github.com/alice/flash-linear-attention/compare/b3b94ef..${'a'.repeat(7)}`,
      previous: `https://github.com/alice/flash-linear-attention/compare/${'9'.repeat(7)}..${'a'.repeat(7)}`,
    },
    state,
    ...more,
  };
}

/** A measurement whose figure follows from its times, as the judge computes it. */
function aMeasurement(length: number, opNs: number, fixedNs: number): Result['measurements'][number] {
  const classes = ['layer_like', 'lam_0.2', 'long_memory', 'mixed', 'quiet_needle', 'parallel_keys'].map(
    (input, index) => {
      const medianNs = Math.round(opNs * (1 - 0.002 * index));
      return {
        input,
        rounds: 5 + index,
        medianNs,
        ciLowNs: Math.round(medianNs * 0.996),
        ciHighNs: Math.round(medianNs * 1.004),
        p90Ns: Math.round(medianNs * 1.02),
      };
    },
  );
  const highest = Math.max(...classes.map(({ ciHighNs }) => ciHighNs));
  return {
    length,
    classes,
    fixedNs,
    tokensPerSec: length / ((fixedNs + opNs) / 1e9),
    tokensPerSecLow: length / ((fixedNs + highest) / 1e9),
    opTokensPerSec: length / (opNs / 1e9),
    peakBytes: length * 12_000 + 300_000_000,
  };
}

const GATES: Result['gates'] = [
  ['op_rel_rms', 'layer_like', 512, 0.0041, 0.015],
  ['op_rel_rms', 'lam_0.2', 512, 0.0043, 0.015],
  ['op_rel_rms', 'long_memory', 512, 0.0312, 0.042],
  ['op_rel_rms', 'mixed', 512, 0.0052, 0.015],
  ['op_rel_rms', 'quiet_needle', 512, 0.0048, 0.015],
  ['op_rel_rms', 'parallel_keys', 512, 0.0193, 0.028],
  ['logits_cosine', 'lm', 2048, 0.99994, 0.99],
  ['logits_max_abs_diff', 'lm', 2048, 0.043, 0.1],
].map(
  ([name, input, length, value, limit]) =>
    ({ name, input, length, value, limit, pass: true }) as Result['gates'][number],
);

const failGate = (name: string, input: string, value: number | null): Result['gates'] =>
  GATES.map((gate) => (gate.name === name && gate.input === input ? { ...gate, value, pass: false } : gate));

const FAILING: Partial<Record<JudgeReason, Result['gates']>> = {
  nonfinite: failGate('op_rel_rms', 'mixed', null).slice(0, 4),
  op_error: failGate('op_rel_rms', 'long_memory', 0.318).slice(0, 6),
  logits: failGate('logits_max_abs_diff', 'lm', 0.629),
};

const DETAILS: Partial<Record<JudgeReason, string>> = {
  import_error: "ImportError: cannot import name 'chunk_quasar' from 'fla.ops.quasar.chunk'",
  early_exit: 'worker ended with signal 11 in the prepare phase at length 2048',
  resource_limit: 'worker asked for more than 16.0 GiB of address space at length 1048576',
  unsupported: 'out of memory at length 1048576: 139 GiB in use',
  timeout: 'call at length 1048576 took longer than 300 s',
  protocol_error: 'reply with a wrong nonce after 3 calls',
  nonfinite: '131,072 elements of o are NaN at length 512, input mixed',
  op_error: 'op_rel_rms 0.318 exceeds 0.042 at length 512, input long_memory',
  logits: 'max abs diff 0.629 exceeds 0.1 at position 1984',
  wrong_output: 'round 7 at length 1048576: op_rel_rms 0.97 exceeds 0.015, input quiet_needle',
  input_modified: 'guard after q differs at length 1024, round 2',
  implausible: 'op took 0.41 ms, the device needs at least 0.99 ms to move the data',
  unstable: 'half-width of class mixed stays at 7.1 %',
  infra: 'the runner was lost: no heartbeat for 120 s',
};

/** A result record as a judge posts it; it passes the schema. */
export function aResult(reason: JudgeReason, more: Partial<Result> = {}): Result {
  const timed = ['accepted', 'implausible', 'unstable', 'wrong_output'].includes(reason);
  return Result.parse({
    schema: 1,
    evaluation: 7,
    nonce: '0'.repeat(32),
    task: { name: 'quasar', version: 1, digest: 'd'.repeat(64) },
    judge: { commit: '1'.repeat(40) },
    upstream: { tree: 'ca3317bc9a8e52423038c0e75f233d9d53d482df' },
    digest: 'e'.repeat(64),
    device: {
      kind: 'cuda',
      name: 'NVIDIA H200',
      uuid: 'GPU-0',
      driver: '580.95.05',
      memoryBytes: 150_754_820_096,
      powerLimitW: 700,
    },
    sandbox: { active: ['net', 'seccomp'], missing: [] },
    key: { sha256: '2'.repeat(64), value: '3'.repeat(64) },
    verdict: { status: JUDGE_RULES[reason].status, reason, detail: DETAILS[reason] ?? '' },
    gates: FAILING[reason] ?? (timed ? GATES : []),
    ...(timed ? { logits: { model: 'small, drawn weights', meanKl: 1.4e-5, top1: 1 } } : {}),
    measurements: timed
      ? [
          aMeasurement(512, 310_000, 90_000),
          aMeasurement(1024, 420_000, 95_000),
          aMeasurement(2048, 600_000, 110_000),
          aMeasurement(TARGET, 842_000_000, 6_900_000),
        ]
      : [],
    conditions: {
      yardstick: [
        { name: 'matmul', beforeNs: 1_400_000, afterNs: 1_402_800 },
        { name: 'copy', beforeNs: 500_000, afterNs: 499_800 },
      ],
      locked: true,
      samples: [
        { smMHz: 1500, watts: 512, celsius: 61, throttle: '' },
        { smMHz: 1485, watts: 530.6, celsius: 66, throttle: '' },
      ],
      versions: { python: '3.12.3', torch: '2.11.0', triton: '3.6.0' },
    },
    flags: [],
    outputs: [],
    untrusted: {
      log: timed ? '' : 'Traceback (most recent call last):\n  File "chunk.py", line 88\nValueError: no',
    },
    ...more,
  });
}

const aVerdict = (result: Result, more: Partial<SeatVerdict> = {}): SeatVerdict => {
  const target = result.measurements.find(({ length }) => length === TARGET);
  return {
    evaluation: 7,
    purpose: 'rank',
    seat: 1,
    attempt: 1,
    runnerOwner: 'operator',
    operatorRunner: true,
    taskVersion: 1,
    status: result.verdict.status,
    reason: result.verdict.reason,
    detail: result.verdict.detail,
    tokensPerSec: target?.tokensPerSec ?? null,
    tokensPerSecLow: target?.tokensPerSecLow ?? null,
    ...more,
  };
};

/** A decision as `decide` derives it: `unstable` and `infra` take as many attempts as they need. */
export function aDecision(
  result: Result,
  claimedTokensPerSec: number | null = null,
  owners = ['operator'],
): Decision {
  const { reason } = result.verdict;
  const attempts = reason === 'infra' ? 3 : reason === 'unstable' ? 2 : 1;
  const verdicts = owners.flatMap((runnerOwner, seat) =>
    Array.from({ length: attempts }, (_, attempt) =>
      aVerdict(result, {
        runnerOwner,
        seat: seat + 1,
        attempt: attempt + 1,
        evaluation: 7 + seat * 10 + attempt,
      }),
    ),
  );
  const decision = decide(
    { taskVersion: 1, targetLength: TARGET, claimedTokensPerSec, verdicts },
    { operatorRunnersSuffice: owners.length === 1 },
  );
  if (decision.kind !== 'decided') throw new Error(`the verdicts for ${reason} decide nothing`);
  return decision;
}

export function decidedState(result: Result, more: Partial<DecidedState> = {}): DecidedState {
  return {
    kind: 'decided',
    decision: aDecision(result),
    result,
    rank: null,
    places: 41,
    previous: null,
    ...more,
  };
}

/** As a host without a GPU and without a complete sandbox would post it. */
export function aCpuResult(): Result {
  const result = aResult('accepted');
  return {
    ...result,
    task: { ...result.task, name: 'quasar_demo' },
    device: { ...result.device, kind: 'cpu', name: 'AMD EPYC 9B14', driver: '', powerLimitW: 0 },
    sandbox: { active: ['net'], missing: ['pids'] },
    conditions: { yardstick: [], locked: false, samples: [], versions: { torch: '2.13.0+cpu' } },
    flags: ['unlocked'],
    untrusted: { log: 'loading\nready' },
  };
}

/**
 * The shapes that the App, the Action and the judge exchange. This file is the master: `npm run schemas` writes
 * `kernels/schemas/*.json` from it. Times are integer nanoseconds, sizes integer bytes, other figures finite floats.
 */
import { z } from 'zod';
import { JUDGE_REASONS } from './reasons.ts';

const Int = z.number().int();
const Ns = Int.nonnegative();
const Bytes = Int.nonnegative();
const Positive = z.number().positive();
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const Sha = z.string().regex(/^[0-9a-f]{40}$/);
const Nonce = z.string().regex(/^[0-9a-f]{32}$/);
const Length = Int.positive().max(4_194_304);
/** A row's id: an int4 of PostgreSQL. */
const Id = Int.positive().max(2_147_483_647);
const Label = z.string().min(1).max(80);

export const Upstream = z.strictObject({ url: z.string().max(300), commit: Sha, tree: Sha });

/** What the Action posts to `/runner/claim`; everything else that identifies it is in its OIDC token. */
export const ClaimRequest = z.strictObject({ evaluation: Id });
export type ClaimRequest = z.infer<typeof ClaimRequest>;

/** The App's answer to a claim: all that a runner ever gets. `files[].base64` is the frozen content. */
export const Claim = z.strictObject({
  evaluation: Id,
  nonce: Nonce,
  task: z.strictObject({ name: Label, version: Int.positive(), digest: Sha256 }),
  upstream: Upstream,
  lengths: z.array(Length).min(1).max(16),
  targetLength: Length,
  files: z.array(z.strictObject({ path: z.string().max(200), sha256: Sha256, base64: z.string() })).length(5),
  limits: z.strictObject({ totalSeconds: Positive }),
});
export type Claim = z.infer<typeof Claim>;

export const STAGES = ['tree', 'prepare', 'public', 'secret', 'logits'] as const;
/** Shown, never decisive; a lower `seq` than one already stored is dropped. */
export const Progress = z.strictObject({
  evaluation: Id,
  nonce: Nonce,
  seq: Int.nonnegative().max(2_147_483_647),
  stage: z.enum(STAGES),
  done: Int.nonnegative(),
  total: Int.nonnegative(),
  keySha256: Sha256.optional(),
});
export type Progress = z.infer<typeof Progress>;

/** Clocked times of one input class: as clocked, less the task's `ownNs`. */
const ClassTiming = z.strictObject({
  input: Label,
  rounds: Int.positive(),
  medianNs: Ns,
  ciLowNs: Ns,
  ciHighNs: Ns,
  p90Ns: Ns,
});

/**
 * tokensPerSec = length / (fixedNs + slowest class's medianNs); tokensPerSecLow the same with the largest ciHighNs,
 * and it is what scores; opTokensPerSec leaves the fixed part out.
 */
export const Measurement = z.strictObject({
  length: Length,
  classes: z.array(ClassTiming).min(1).max(32),
  fixedNs: Ns,
  tokensPerSec: Positive,
  tokensPerSecLow: Positive,
  opTokensPerSec: Positive,
  peakBytes: Bytes,
});
export type Measurement = z.infer<typeof Measurement>;

/** A gate's figure against its limit. `value` is null where the figure itself is not finite, and then never passes. */
export const GateResult = z.strictObject({
  name: Label,
  length: Int.nonnegative(),
  input: Label,
  value: z.number().nullable(),
  limit: z.number(),
  pass: z.boolean(),
});
export type GateResult = z.infer<typeof GateResult>;

/**
 * Reported beside the logit gates, decisive for nothing. `top1` is the share of positions whose first choice is the
 * reference's, among those where the reference prefers it by more than 0.1; null where there is no such position.
 */
const LogitFigures = z.strictObject({
  model: Label,
  meanKl: z.number().nonnegative(),
  top1: z.number().min(0).max(1).nullable(),
});

const ClockSample = z.strictObject({
  smMHz: Int.nonnegative(),
  watts: z.number().nonnegative(),
  celsius: z.number(),
  throttle: z.string().max(200),
});

export const VerdictBody = z.strictObject({
  status: z.enum(['accepted', 'rejected', 'inconclusive']),
  reason: z.enum(JUDGE_REASONS),
  detail: z.string().max(4000),
});

/** What one run of the judge found. `evaluation` and `nonce` are null for a miner's own bench. */
export const Result = z.strictObject({
  schema: z.literal(1),
  evaluation: Id.nullable(),
  nonce: Nonce.nullable(),
  task: z.strictObject({ name: Label, version: Int.positive(), digest: Sha256 }),
  judge: z.strictObject({ commit: z.string().max(80) }),
  upstream: z.strictObject({ tree: Sha }),
  /** Content digest of the five files that were judged. */
  digest: Sha256,
  device: z.strictObject({
    kind: z.enum(['cuda', 'cpu']),
    name: z.string().max(200),
    uuid: z.string().max(100),
    driver: z.string().max(100),
    memoryBytes: Bytes,
    powerLimitW: z.number().nonnegative(),
  }),
  sandbox: z.strictObject({ active: z.array(Label).max(64), missing: z.array(Label).max(64) }),
  key: z.strictObject({ sha256: Sha256, value: Sha256 }),
  verdict: VerdictBody,
  gates: z.array(GateResult).max(512),
  logits: LogitFigures.optional(),
  measurements: z.array(Measurement).max(16),
  conditions: z.strictObject({
    yardstick: z.array(z.strictObject({ name: Label, beforeNs: Ns, afterNs: Ns })).max(16),
    locked: z.boolean(),
    samples: z.array(ClockSample).max(1000),
    versions: z.record(z.string().max(80), z.string().max(200)),
  }),
  flags: z.array(Label).max(64),
  outputs: z
    .array(z.strictObject({ length: Length, input: Label, round: Int.nonnegative(), sha256: Sha256 }))
    .max(4096),
  /** Reported by the untrusted side: shown escaped, never read by a rule. */
  untrusted: z.looseObject({ log: z.string().max(65_536) }),
});
export type Result = z.infer<typeof Result>;

/** A stored record, null when it is of a shape that this version does not know any more. */
export function readStoredResult(text: string): Result | null {
  return Result.safeParse(JSON.parse(text)).data ?? null;
}

/** Every schema that Python validates against, by the file name under `kernels/schemas/`. */
export const PUBLISHED = { claim: Claim, progress: Progress, result: Result } as const;

/** What the runner endpoints need of the database. Implemented on `db`; tests hand in a double. */
import type { EvaluationState } from '../../db/evaluations.ts';
import type { Digest, Sha } from '../ids.ts';
import type { JudgeReason, VerdictStatus } from './reasons.ts';
import type { Measurement, Progress, Result } from './schema.ts';

/** One attempt of one run of the operator repository's workflow. */
export interface RunKey {
  readonly runId: number;
  readonly runAttempt: number;
}

/** What was ordered, fixed when the evaluation was planned. */
export interface EvaluationOrder {
  readonly task: { readonly name: string; readonly version: number; readonly digest: string };
  readonly upstream: { readonly url: string; readonly commit: Sha; readonly tree: Sha };
  readonly device: 'cuda' | 'cpu';
  readonly lengths: readonly number[];
  readonly targetLength: number;
  readonly totalSeconds: number;
  /** Frozen content digest of the submission's five target files. */
  readonly contentDigest: Digest;
}

export interface StoredEvaluation {
  readonly id: number;
  readonly submissionId: number;
  readonly state: EvaluationState;
  /** 32 hex digits, drawn when the evaluation was planned. */
  readonly nonce: string;
  readonly order: EvaluationOrder;
  /** The run that was dispatched or adopted. */
  readonly runId: number | null;
  /** Set by the claim. */
  readonly claim: { readonly runAttempt: number; readonly bodySha256: string } | null;
  /** The first one that progress brought. */
  readonly keySha256: string | null;
  /** Present exactly when the state is `finished`. */
  readonly verdict: RecordedVerdict | null;
}

export interface RecordedVerdict {
  readonly status: VerdictStatus;
  readonly reason: JudgeReason;
  readonly detail: string;
  /** sha256 of the body that brought it. */
  readonly bodySha256: string;
}

export interface FrozenFile {
  readonly path: string;
  readonly sha256: string;
  readonly content: Uint8Array;
}

/** Every write is one conditional `UPDATE` (design.md rule 2); `false` means that its condition did not hold. */
export interface EvaluationStore {
  evaluation(id: number): Promise<StoredEvaluation | null>;
  /** The submission's frozen target files, in byte order of path. */
  frozenFiles(submissionId: number): Promise<FrozenFile[]>;
  /** Inserts the id of an OIDC token, `false` when it was seen before. May be forgotten after `expiresAtMs`. */
  recordJti(jti: string, expiresAtMs: number): Promise<boolean>;
  /** `dispatching` -> `dispatched`, with this run. */
  adoptRun(
    id: number,
    run: { readonly runId: number; readonly url: string; readonly atMs: number },
  ): Promise<boolean>;
  /** `dispatched` with this run id -> `claimed`. */
  claimEvaluation(id: number, claim: RunKey & ClaimRecord): Promise<boolean>;
  /**
   * While `claimed` by this run and attempt: stores the progress unless its `seq` is not above the stored one, and
   * `keySha256` when none is stored yet, whatever the `seq`. `false` when the evaluation is not claimed by this run.
   */
  saveProgress(id: number, run: RunKey, progress: Progress, atMs: number): Promise<boolean>;
  /**
   * `claimed` by this run and attempt -> `finished`; the verdict and one row per measurement in the same transaction.
   */
  finishEvaluation(id: number, run: RunKey, finish: FinishRecord): Promise<boolean>;
}

export interface ClaimRecord {
  readonly bodySha256: string;
  /** Commit of the operator repository whose workflow, Action and judge run. */
  readonly judgeCommit: Sha;
  /** The job, as the token names it; null on servers that do not say. */
  readonly checkRunId: number | null;
  readonly atMs: number;
}

export interface FinishRecord {
  readonly verdict: RecordedVerdict;
  /** As posted; kept whole as evidence, also when the verdict is not the posted one. */
  readonly result: Result;
  /** Figures that may count: empty unless the posted result was consistent. */
  readonly measurements: readonly Measurement[];
  readonly atMs: number;
}

/** What a runner is told when it gets no answer, and whether asking again helps. */

export type RunnerErrorCode =
  | 'token_missing'
  | 'token_invalid'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_replayed'
  | 'wrong_audience'
  | 'wrong_issuer'
  | 'wrong_repository'
  | 'wrong_event'
  | 'wrong_ref'
  | 'wrong_workflow'
  | 'commit_not_pinned'
  | 'not_self_hosted'
  | 'issuer_unreachable'
  | 'body_invalid'
  | 'unknown_evaluation'
  | 'not_yet_dispatched'
  | 'another_run'
  | 'already_claimed'
  | 'not_claimed'
  | 'evaluation_over'
  | 'wrong_nonce'
  | 'key_changed'
  | 'already_judged'
  | 'busy'
  | 'github_unavailable';

export interface RunnerErrorOptions {
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/** Statuses after which the Action tries again; it gives up after any other. */
const RETRYABLE = new Set([425, 429, 503]);

/** `userMessage` is for the operator who reads the log of the job: it says what to do next and holds no secret. */
export class RunnerError extends Error {
  override readonly name = 'RunnerError';
  readonly retryable: boolean;
  readonly retryAfterSeconds: number | null;

  constructor(
    readonly status: number,
    readonly code: RunnerErrorCode,
    readonly userMessage: string,
    { retryAfterSeconds, cause }: RunnerErrorOptions = {},
  ) {
    super(`${code}: ${userMessage}`, { cause });
    this.retryable = RETRYABLE.has(status);
    this.retryAfterSeconds = retryAfterSeconds ?? null;
  }
}

/** What the three runner endpoints share: who calls, what about, and what every one of them refuses. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../canonical-json.ts';
import type { OperatorGitHub } from '../github/github.ts';
import type { RunnerIdentity } from './identity.ts';
import { RunnerError } from './runner-errors.ts';
import type { EvaluationStore, StoredEvaluation } from './store.ts';

export interface RunnerDependencies {
  readonly store: EvaluationStore;
  readonly operator: Pick<OperatorGitHub, 'run'>;
  /** Path of the workflow in the operator repository, e.g. `.github/workflows/evaluate.yml`. */
  readonly workflowPath: string;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

const PROBLEM_LIMIT = 1_000;

/** Throws `body_invalid` with the path of what is wrong. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const problem = z.prettifyError(parsed.error).slice(0, PROBLEM_LIMIT);
  throw new RunnerError(400, 'body_invalid', `the body does not have the agreed shape: ${problem}`);
}

/** Two bodies are the same when their canonical JSON is. */
export function bodySha256(body: unknown): string {
  return createHash('sha256').update(canonicalJson(body)).digest('hex');
}

export async function findEvaluation(store: EvaluationStore, id: number): Promise<StoredEvaluation> {
  const evaluation = await store.evaluation(id);
  if (evaluation) return evaluation;
  throw new RunnerError(
    404,
    'unknown_evaluation',
    `there is no evaluation ${id}: nothing to do for this run`,
  );
}

/** Whether this very attempt of this very run holds the claim. */
export function holdsClaim(evaluation: StoredEvaluation, identity: RunnerIdentity): boolean {
  return evaluation.runId === identity.runId && evaluation.claim?.runAttempt === identity.runAttempt;
}

/** For what comes after the claim: from the run that claimed, with the nonce that the claim gave. */
export function requireClaim(
  evaluation: StoredEvaluation,
  identity: RunnerIdentity,
  nonce: string | null,
): void {
  const { id, state } = evaluation;
  if (evaluation.claim === null && state !== 'failed' && state !== 'cancelled')
    throw new RunnerError(409, 'not_claimed', `evaluation ${id} is not claimed: claim it first`);
  if (evaluation.claim !== null && !holdsClaim(evaluation, identity))
    throw new RunnerError(
      409,
      'another_run',
      `evaluation ${id} was claimed by another run: this one must stop`,
    );
  if (nonce !== evaluation.nonce)
    throw new RunnerError(
      403,
      'wrong_nonce',
      `the nonce is not the one that the claim of evaluation ${id} gave`,
    );
  if (state === 'failed' || state === 'cancelled') throw evaluationOver(evaluation);
}

export function evaluationOver({ id, state }: StoredEvaluation): RunnerError {
  return new RunnerError(409, 'evaluation_over', `evaluation ${id} is over (${state}): this run must stop`);
}

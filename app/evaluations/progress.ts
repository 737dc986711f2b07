/** POST /runner/progress: how far a judge is. Shown, never decisive, but for the key that it commits itself to. */
import type { RunnerIdentity } from './identity.ts';
import {
  evaluationOver,
  findEvaluation,
  parseBody,
  type RunnerDependencies,
  requireClaim,
} from './runner-call.ts';
import { RunnerError } from './runner-errors.ts';
import { Progress } from './schema.ts';

/** Progress that comes late or twice is dropped and answered like any other. */
export async function acceptProgress(
  deps: RunnerDependencies,
  identity: RunnerIdentity,
  body: unknown,
): Promise<{ readonly evaluation: number; readonly seq: number }> {
  const progress = parseBody(Progress, body);
  const { evaluation: id, keySha256, seq } = progress;
  const evaluation = await findEvaluation(deps.store, id);
  requireClaim(evaluation, identity, progress.nonce);
  if (keySha256 !== undefined && evaluation.keySha256 !== null && evaluation.keySha256 !== keySha256)
    throw new RunnerError(
      409,
      'key_changed',
      `evaluation ${id} is bound to another key: a judge draws one only`,
    );
  const { runId, runAttempt } = identity;
  if (await deps.store.saveProgress(id, { runId, runAttempt }, progress, deps.clock()))
    return { evaluation: id, seq };
  throw evaluationOver(await findEvaluation(deps.store, id));
}

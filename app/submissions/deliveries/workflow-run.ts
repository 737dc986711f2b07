/** A run of the operator repository moved. A hint: the evaluation is looked at, and the run's own state decides. */
import { z } from 'zod';
import { findEvaluation, findEvaluationByRun, LIVE_STATES, noteEvaluation } from '../../../db/evaluations.ts';
import { wakeSubmission } from '../../../db/submission-looks.ts';
import { runTitle } from '../../evaluations/run-title.ts';
import type { Services } from '../services.ts';

const Payload = z.object({
  repository: z.object({ id: z.number().int() }),
  workflow_run: z.object({ id: z.number().int(), display_title: z.string().nullish() }),
});

export async function onWorkflowRun(
  services: Services,
  action: string | null,
  payload: unknown,
): Promise<string> {
  if (action !== 'completed') return 'nothing to do';
  const { repository, workflow_run: run } = Payload.parse(payload);
  const { db, now, operator } = services;
  // Where one App serves both, the runs of forks are told here too, under whatever title a miner gives them.
  if (repository.id !== (await operator.identity()).repoId) return 'not a run of the operator repository';
  // The event may overtake the answer to our dispatch: then only the title tells which evaluation it is.
  const titled = Number(/^quasar evaluation (\d{1,9})$/.exec(run.display_title ?? '')?.[1] ?? 0);
  const evaluation =
    (await findEvaluationByRun(db, run.id)) ?? (titled > 0 ? await findEvaluation(db, titled) : null);
  if (evaluation === null || runTitle(evaluation.id) !== (run.display_title ?? runTitle(evaluation.id)))
    return 'a run of no evaluation';
  await noteEvaluation(db, evaluation.id, LIVE_STATES, { runCheckedAt: 0 });
  await noteEvaluation(db, evaluation.id, ['cancelled', 'failed'], { runOverAt: now() });
  await wakeSubmission(db, evaluation.submissionId, now());
  return `evaluation ${evaluation.id}: its run ended`;
}

/** The steps that concern evaluations: order, dispatch, find again, watch, fail, cancel. */
import {
  type EvaluationRow,
  moveEvaluation,
  noteEvaluation,
  orderEvaluation,
} from '../../../db/evaluations.ts';
import { recordEvent } from '../../../db/events.ts';
import { runTitle } from '../../evaluations/run-title.ts';
import { GitHubError } from '../../github/github.ts';
import { NotNow } from '../not-now.ts';
import type { Step } from '../plan.ts';
import type { Services } from '../services.ts';
import type { Loaded } from '../snapshot.ts';

/** All dispatches share one installation, which takes one write a second: more at a time would hold every driver. */
const MAX_DISPATCHES = 4;
const DISPATCH_EVERY_MS = 1_000;

/** Clocks differ: runs that GitHub dates a little before our intent are looked at too. */
const CLOCK_SLACK_MS = 120_000;

export async function order(
  services: Services,
  loaded: Loaded,
  step: Extract<Step, { do: 'order' }>,
): Promise<void> {
  const { db, now } = services;
  const id = await orderEvaluation(db, {
    submissionId: loaded.row.id,
    purpose: 'rank',
    seat: step.seat,
    attempt: step.attempt,
    taskVersion: loaded.task.version,
    taskDigest: loaded.taskDigest,
    nonce: services.nonce(),
    notBefore: step.notBefore,
    orderedAt: now(),
  });
  if (id !== null)
    await recordEvent(db, {
      submissionId: loaded.row.id,
      evaluationId: id,
      kind: 'ordered',
      data: { seat: step.seat, attempt: step.attempt },
      at: now(),
    });
}

export async function dispatch(services: Services, loaded: Loaded, evaluation: EvaluationRow): Promise<void> {
  const { db, now, operator, settings, dispatches } = services;
  const { id } = evaluation;
  if (dispatches.underWay >= MAX_DISPATCHES) throw new NotNow(DISPATCH_EVERY_MS);
  if (!(await moveEvaluation(db, id, 'planned', { state: 'dispatching', dispatchingAt: now() }))) return;
  dispatches.underWay += 1;
  try {
    const run = await operator.dispatch({
      evaluation: id,
      appUrl: settings.publicUrl,
      labels: JSON.stringify(settings.runnerLabels),
    });
    await noteDispatched(services, evaluation, run);
  } catch (error) {
    // With an unknown outcome the intent stays, and `find_run` looks before anything is sent again.
    if (error instanceof GitHubError && !error.details.outcomeUnknown)
      await moveEvaluation(db, id, 'dispatching', { state: 'planned', dispatchingAt: null });
    services.log.warn({ err: error, evaluation: id, submissionId: loaded.row.id }, 'dispatch failed');
    throw error;
  } finally {
    dispatches.underWay -= 1;
  }
}

async function noteDispatched(
  { db, now }: Services,
  evaluation: EvaluationRow,
  run: { runId: number; url: string },
): Promise<void> {
  const moved = await moveEvaluation(db, evaluation.id, 'dispatching', {
    state: 'dispatched',
    dispatchedAt: now(),
    runId: run.runId,
    runUrl: run.url,
  });
  // A claim that came first has adopted the run already: then there is nothing to add.
  if (!moved) return;
  await recordEvent(db, {
    submissionId: evaluation.submissionId,
    evaluationId: evaluation.id,
    kind: 'dispatched',
    data: { runId: run.runId },
    at: now(),
  });
}

export async function findRun(services: Services, loaded: Loaded, evaluation: EvaluationRow): Promise<void> {
  const { db, operator } = services;
  const since = (evaluation.dispatchingAt ?? evaluation.orderedAt) - CLOCK_SLACK_MS;
  const run = await operator.findRun(runTitle(evaluation.id), since);
  if (run !== null) await noteDispatched(services, evaluation, { runId: run.id, url: run.url });
  else {
    await moveEvaluation(db, evaluation.id, 'dispatching', { state: 'planned', dispatchingAt: null });
    services.log.info(
      { evaluation: evaluation.id, submissionId: loaded.row.id },
      'no run came of that dispatch',
    );
  }
}

export async function checkRun(services: Services, loaded: Loaded, evaluation: EvaluationRow): Promise<void> {
  const { db, now, operator } = services;
  const run = evaluation.runId === null ? null : await operator.run(evaluation.runId);
  if (run !== null && run.status !== 'completed') {
    await noteEvaluation(db, evaluation.id, ['dispatched', 'claimed'], { runCheckedAt: now() });
    return;
  }
  const ending =
    run === null
      ? 'its workflow run is gone'
      : `its workflow run ended ${run.conclusion ?? 'without conclusion'}`;
  const failure = `the runner delivered no result: ${ending}`;
  const moved = await moveEvaluation(db, evaluation.id, ['dispatched', 'claimed'], {
    state: 'failed',
    endedAt: now(),
    runOverAt: now(),
    failure,
  });
  if (moved) await noteFailed(services, evaluation, failure);
  services.log.info(
    { evaluation: evaluation.id, submissionId: loaded.row.id, run: run?.conclusion },
    'run ended without result',
  );
}

export async function fail(
  services: Services,
  evaluation: EvaluationRow,
  why: 'never_claimed' | 'no_result',
): Promise<void> {
  const failure =
    why === 'never_claimed' ? 'no runner took the job in time' : 'the runner delivered no result in time';
  const at = services.now();
  const changes = { state: 'failed', endedAt: at, cancelRequestedAt: at, failure } as const;
  if (await moveEvaluation(services.db, evaluation.id, ['dispatched', 'claimed'], changes))
    await noteFailed(services, evaluation, failure);
  if (evaluation.runId !== null) await services.operator.cancelRun(evaluation.runId, false);
}

async function noteFailed({ db, now }: Services, evaluation: EvaluationRow, failure: string): Promise<void> {
  await recordEvent(db, {
    submissionId: evaluation.submissionId,
    evaluationId: evaluation.id,
    kind: 'evaluation_failed',
    data: { failure },
    at: now(),
  });
}

/** Local first: from here on a claim or a result of this evaluation is refused, whatever GitHub answers. */
export async function cancel(services: Services, evaluation: EvaluationRow, force: boolean): Promise<void> {
  const { db, now, operator } = services;
  const at = now();
  if (!force) {
    const sent = evaluation.runId !== null;
    const changes = { state: 'cancelled', endedAt: at, ...(sent ? { cancelRequestedAt: at } : {}) } as const;
    const moved = await moveEvaluation(db, evaluation.id, ['planned', 'dispatched', 'claimed'], changes);
    if (!moved) return;
    await recordEvent(db, {
      submissionId: evaluation.submissionId,
      evaluationId: evaluation.id,
      kind: 'cancelled',
      at,
    });
  } else await noteEvaluation(db, evaluation.id, ['cancelled', 'failed'], { runOverAt: at });
  if (evaluation.runId === null) return;
  try {
    await operator.cancelRun(evaluation.runId, force);
  } catch (error) {
    // The forced cancel comes in any case; a run that runs on is refused at the door.
    services.log.warn({ err: error, evaluation: evaluation.id, force }, 'cancelling the run failed');
  }
}

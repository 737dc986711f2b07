/**
 * Does what `plan` says for one submission, under a lease, one step after the other, planning again after each. Every
 * step stores its intent before and its outcome after, so that whoever comes next, here or elsewhere, sees where it stopped.
 */
import { findEvaluation } from '../../db/evaluations.ts';
import { leaseSubmission, releaseSubmission } from '../../db/submission-looks.ts';
import { findSubmission } from '../../db/submissions.ts';
import { GitHubError } from '../github/github.ts';
import { NotNow } from './not-now.ts';
import { type Plan, plan, type Step } from './plan.ts';
import type { Services } from './services.ts';
import { type Loaded, loadSubmission } from './snapshot.ts';
import { annotate, findCheck, wantAgain, writeCheck } from './steps/checks.ts';
import { recordJudgement } from './steps/decide.ts';
import { cancel, checkRun, dispatch, fail, findRun, order } from './steps/evaluations.ts';
import { takeInAgain } from './steps/take-in.ts';

const RETRY_MS = 15_000;
/** A refusal that no repetition mends, such as a right that was not granted, ends when a person does something. */
const REFUSED_MS = 300_000;
/** More than a submission ever needs in one go; a plan that never settles is a defect and must not spin. */
const MAX_STEPS = 60;

/** False when another driver has the submission. Never throws for a failed step: it is logged and tried again later. */
export async function drive(services: Services, id: number): Promise<boolean> {
  const { db, now, owner } = services;
  const { leaseMs } = services.settings;
  if (!(await leaseSubmission(db, id, { owner, now: now(), leaseMs }))) return false;
  // Read before anything can fail: who throws below must sleep, and not be due again at once.
  let wakeSeq = (await findSubmission(db, id))?.wakeSeq ?? 0;
  let nextLookAt: number | null = now() + RETRY_MS;
  // A step may queue behind GitHub's write throttle for longer than a short lease: a living driver keeps its own.
  const beat = setInterval(() => {
    leaseSubmission(db, id, { owner, now: now(), leaseMs }).catch(() => {});
  }, leaseMs / 3).unref();
  try {
    for (let count = 0; count < MAX_STEPS; count += 1) {
      const loaded = await loadSubmission(services, id);
      if (loaded === null) return true;
      wakeSeq = loaded.row.wakeSeq;
      const planned = plan(loaded.snapshot, now(), services.settings.plan);
      const outcome = await doFirstPossible(services, loaded, planned);
      if (outcome.did) {
        if (!(await leaseSubmission(db, id, { owner, now: now(), leaseMs }))) return true;
        continue;
      }
      nextLookAt = earliest(planned.wakeAt, outcome.retryAt);
      break;
    }
  } finally {
    clearInterval(beat);
    await releaseSubmission(db, id, { owner, wakeSeq, nextLookAt, now: now() });
  }
  return true;
}

/** Tries the steps in order until one is done. One that fails does not hold up the others, and sets a time to retry. */
async function doFirstPossible(
  services: Services,
  loaded: Loaded,
  planned: Plan,
): Promise<{ did: boolean; retryAt: number | null }> {
  let retryAt: number | null = null;
  for (const step of planned.steps) {
    try {
      await perform(services, loaded, step);
      return { did: true, retryAt: null };
    } catch (error) {
      if (error instanceof NotNow) {
        retryAt = earliest(retryAt, services.now() + error.retryAfterMs);
        continue;
      }
      retryAt = earliest(retryAt, services.now() + waitMs(error));
      services.log.warn(
        { err: error, step, submissionId: loaded.row.id, sha: loaded.row.headSha },
        'a step failed and will be tried again',
      );
    }
  }
  return { did: false, retryAt };
}

function waitMs(error: unknown): number {
  if (!(error instanceof GitHubError)) return RETRY_MS;
  const { retryable, outcomeUnknown, retryAfterMs } = error.details;
  return retryAfterMs ?? (retryable || outcomeUnknown ? RETRY_MS : REFUSED_MS);
}

async function perform(services: Services, loaded: Loaded, step: Step): Promise<void> {
  switch (step.do) {
    case 'write_check':
      return writeCheck(services, loaded, step);
    case 'annotate':
      return annotate(services, loaded, step);
    case 'find_check':
      return findCheck(services, loaded, step);
    case 'want_check':
      return wantAgain(services, loaded, step);
    case 'take_in':
      return takeInAgain(services, loaded);
    case 'order':
      return order(services, loaded, step);
    case 'decide':
      return recordJudgement(services, loaded);
  }
  const evaluation = await findEvaluation(services.db, step.evaluation);
  if (evaluation === null) throw new Error(`evaluation ${step.evaluation} is gone`);
  switch (step.do) {
    case 'dispatch':
      return dispatch(services, loaded, evaluation);
    case 'find_run':
      return findRun(services, loaded, evaluation);
    case 'check_run':
      return checkRun(services, loaded, evaluation);
    case 'fail':
      return fail(services, evaluation, step.why);
    case 'cancel':
      return cancel(services, evaluation, step.force);
  }
}

function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

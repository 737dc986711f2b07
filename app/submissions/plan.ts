/**
 * The state machine of a submission, without any I/O: from what is stored to the next steps. A driver does the first
 * steps and asks again, so that a crash, a duplicate, a lost event or a second replica all end in the same place.
 */
import type { Decision, Undecided } from '../evaluations/decide.ts';
import type { CheckName } from '../evaluations/reasons.ts';
import { CHECK_NAMES } from '../evaluations/reasons.ts';
import { type Intake, type Phase, phaseOf } from './phase.ts';

export interface CheckView {
  readonly id: number;
  readonly name: CheckName;
  readonly serial: number;
  readonly state: 'wanted' | 'creating' | 'created';
  readonly sentPhase: string | null;
  readonly sentStatus: 'queued' | 'in_progress' | 'completed' | null;
  readonly annotationsSent: number;
  /** Unix milliseconds of the last change of this row. */
  readonly updatedAt: number;
}

export interface EvaluationView {
  readonly id: number;
  readonly seat: number;
  readonly attempt: number;
  readonly state: 'planned' | 'dispatching' | 'dispatched' | 'claimed' | 'finished' | 'failed' | 'cancelled';
  readonly notBefore: number;
  readonly dispatchingAt: number | null;
  readonly dispatchedAt: number | null;
  readonly claimedAt: number | null;
  readonly endedAt: number | null;
  /** When the run was last asked for; 0 asks for a look now, null: never yet. */
  readonly runCheckedAt: number | null;
  readonly cancelRequestedAt: number | null;
  /** Whether GitHub is known to have ended the run. */
  readonly runOver: boolean;
  /** Somebody asked for a re-run since: what failed before costs no wait any more. */
  readonly forgiven: boolean;
}

export interface Snapshot {
  readonly intake: Intake;
  /** It was refused because its hotkey was not registered, and now it is. */
  readonly registeredSince: boolean;
  /** Somebody else delivered this code first. */
  readonly isCopy: boolean;
  /** Id of the newer submission that this one gave way to. */
  readonly supersededBy: number | null;
  /** No dispatch before this (debounce), unix milliseconds. */
  readonly dispatchAfter: number;
  /** The stored decision, null while there is none. */
  readonly decision: { readonly id: number } | null;
  /** What the verdicts say now. */
  readonly judgement: Decision | Undecided;
  readonly evaluations: readonly EvaluationView[];
  /** The newest check of each name. */
  readonly checks: readonly CheckView[];
  /** Import findings to be annotated. */
  readonly annotations: number;
  /** Unix milliseconds since when no runner is online; null when one is, or nobody knows. */
  readonly offlineSince: number | null;
  /** The repository or the App's access to it is gone: nothing can be reported there. */
  readonly forkGone: boolean;
}

/** Times in milliseconds. */
export interface PlanPolicy {
  /** Wait before attempt n + 1 after n failures of infrastructure. The last entry repeats. */
  readonly backoffMs: readonly number[];
  /** How long an unanswered write may still take effect before we look for it. */
  readonly settleMs: number;
  /** How often the run of an unclaimed or silent evaluation is asked for. */
  readonly runCheckMs: number;
  /** GitHub drops a queued job after 24 hours. */
  readonly claimWithinMs: number;
  /** From claim to result, the judge's own limit and the result's retries included. */
  readonly resultWithinMs: number;
  /** From a cancel request to a forced one. */
  readonly forceCancelMs: number;
  /** No runner online for this long is worth a title of its own. */
  readonly offlineAfterMs: number;
}

export const DEFAULT_POLICY: PlanPolicy = {
  backoffMs: [30_000, 120_000, 600_000],
  settleMs: 5_000,
  runCheckMs: 600_000,
  claimWithinMs: 24 * 3_600_000,
  resultWithinMs: 3_600_000,
  forceCancelMs: 300_000,
  offlineAfterMs: 60_000,
};

export type Step =
  /** Write this check-run: create it where it is only wanted, else update it. */
  | { readonly do: 'write_check'; readonly check: number; readonly name: CheckName; readonly phase: Phase }
  /** Send the next batch of annotations, from index `from`. */
  | { readonly do: 'annotate'; readonly check: number; readonly from: number; readonly phase: Phase }
  /** A creation went unanswered: see whether GitHub has it. */
  | { readonly do: 'find_check'; readonly check: number; readonly name: CheckName }
  /** A completed check-run never opens again: a new one of the same name takes its place. */
  | { readonly do: 'want_check'; readonly name: CheckName; readonly serial: number }
  /** Read the commit again and take it in, under its first receipt time. */
  | { readonly do: 'take_in' }
  | { readonly do: 'order'; readonly seat: number; readonly attempt: number; readonly notBefore: number }
  | { readonly do: 'dispatch'; readonly evaluation: number }
  /** A dispatch went unanswered: see whether its run exists. */
  | { readonly do: 'find_run'; readonly evaluation: number }
  /** Ask GitHub about the run, and fail the evaluation when it ended without a result. */
  | { readonly do: 'check_run'; readonly evaluation: number }
  | { readonly do: 'fail'; readonly evaluation: number; readonly why: 'never_claimed' | 'no_result' }
  | { readonly do: 'cancel'; readonly evaluation: number; readonly force: boolean }
  | { readonly do: 'decide' };

export interface Plan {
  readonly steps: readonly Step[];
  /** When to look again if nothing happens before; null: nothing is left to do. */
  readonly wakeAt: number | null;
}

/** The next steps, in order. Calling it again with the same snapshot and time gives the same plan. */
export function plan(snapshot: Snapshot, now: number, policy: PlanPolicy = DEFAULT_POLICY): Plan {
  const draft = new Draft(now);
  const phase = phaseOf(snapshot, now, policy);
  if (snapshot.registeredSince && !snapshot.forkGone) draft.add({ do: 'take_in' });
  planChecks(draft, snapshot, phase, 'imports', policy);
  planEvaluations(draft, snapshot, policy);
  for (const name of CHECK_NAMES) if (name !== 'imports') planChecks(draft, snapshot, phase, name, policy);
  if (snapshot.offlineSince !== null && waitsForRunner(snapshot))
    draft.wake(snapshot.offlineSince + policy.offlineAfterMs);
  return { steps: draft.steps, wakeAt: draft.wakeAt };
}

class Draft {
  readonly steps: Step[] = [];
  wakeAt: number | null = null;
  constructor(readonly now: number) {}
  add(step: Step): void {
    this.steps.push(step);
  }
  wake(at: number): void {
    if (at > this.now) this.wakeAt = Math.min(this.wakeAt ?? at, at);
  }
  /** True once `at` has come; until then the plan wakes then. */
  reached(at: number): boolean {
    this.wake(at);
    return this.now >= at;
  }
}

const LIVE = ['planned', 'dispatching', 'dispatched', 'claimed'];
export const isLive = (evaluation: EvaluationView): boolean => LIVE.includes(evaluation.state);

/** Whether this submission may still be judged at all. */
export const isOpen = (snapshot: Snapshot): boolean =>
  snapshot.intake === 'eligible' &&
  !snapshot.isCopy &&
  snapshot.supersededBy === null &&
  snapshot.decision === null &&
  !snapshot.forkGone;

const waitsForRunner = (snapshot: Snapshot): boolean =>
  isOpen(snapshot) && snapshot.evaluations.some(({ state }) => state === 'dispatched');

function planEvaluations(draft: Draft, snapshot: Snapshot, policy: PlanPolicy): void {
  const open = isOpen(snapshot);
  for (const evaluation of snapshot.evaluations) {
    if (!isLive(evaluation)) planCancelled(draft, evaluation, policy);
    else if (open && snapshot.judgement.kind === 'undecided') planLive(draft, evaluation, snapshot, policy);
    else planUnwanted(draft, evaluation, policy);
  }
  if (!open) return;
  if (snapshot.judgement.kind === 'decided') draft.add({ do: 'decide' });
  else if (!snapshot.evaluations.some(isLive))
    draft.add(nextOrder(snapshot, snapshot.judgement, draft.now, policy));
}

function nextOrder(snapshot: Snapshot, wants: Undecided, now: number, policy: PlanPolicy): Step {
  const attempts = snapshot.evaluations.filter(({ seat }) => seat === wants.seat);
  const failures = attempts.filter(
    ({ state, forgiven }) => !forgiven && (state === 'failed' || state === 'finished'),
  );
  const last = failures.at(-1);
  const backoff = policy.backoffMs[Math.min(failures.length, policy.backoffMs.length) - 1] ?? 0;
  return {
    do: 'order',
    seat: wants.seat,
    attempt: Math.max(0, ...attempts.map(({ attempt }) => attempt)) + 1,
    notBefore: last === undefined ? now : (last.endedAt ?? now) + backoff,
  };
}

function planLive(draft: Draft, evaluation: EvaluationView, snapshot: Snapshot, policy: PlanPolicy): void {
  const { id } = evaluation;
  switch (evaluation.state) {
    case 'planned':
      if (draft.reached(Math.max(evaluation.notBefore, snapshot.dispatchAfter)))
        draft.add({ do: 'dispatch', evaluation: id });
      return;
    case 'dispatching':
      if (draft.reached((evaluation.dispatchingAt ?? draft.now) + policy.settleMs))
        draft.add({ do: 'find_run', evaluation: id });
      return;
    case 'dispatched':
      watchRun(draft, evaluation, evaluation.dispatchedAt, policy.claimWithinMs, 'never_claimed', policy);
      return;
    case 'claimed':
      watchRun(draft, evaluation, evaluation.claimedAt, policy.resultWithinMs, 'no_result', policy);
  }
}

function watchRun(
  draft: Draft,
  evaluation: EvaluationView,
  since: number | null,
  withinMs: number,
  why: 'never_claimed' | 'no_result',
  policy: PlanPolicy,
): void {
  const start = since ?? draft.now;
  if (draft.reached(start + withinMs)) draft.add({ do: 'fail', evaluation: evaluation.id, why });
  else if (
    draft.reached(
      evaluation.runCheckedAt === 0 ? 0 : Math.max(evaluation.runCheckedAt ?? 0, start) + policy.runCheckMs,
    )
  )
    draft.add({ do: 'check_run', evaluation: evaluation.id });
}

/** Superseded, decided or gone: a live evaluation has no purpose any more. */
function planUnwanted(draft: Draft, evaluation: EvaluationView, policy: PlanPolicy): void {
  // An unanswered dispatch is settled first, so that no run is left behind unseen.
  if (evaluation.state !== 'dispatching')
    draft.add({ do: 'cancel', evaluation: evaluation.id, force: false });
  else if (draft.reached((evaluation.dispatchingAt ?? draft.now) + policy.settleMs))
    draft.add({ do: 'find_run', evaluation: evaluation.id });
}

function planCancelled(draft: Draft, evaluation: EvaluationView, policy: PlanPolicy): void {
  if (evaluation.state === 'finished' || evaluation.runOver || evaluation.cancelRequestedAt === null) return;
  if (draft.reached(evaluation.cancelRequestedAt + policy.forceCancelMs))
    draft.add({ do: 'cancel', evaluation: evaluation.id, force: true });
}

function planChecks(
  draft: Draft,
  snapshot: Snapshot,
  phase: (name: CheckName) => Phase | null,
  name: CheckName,
  policy: PlanPolicy,
): void {
  const check = snapshot.checks.find((candidate) => candidate.name === name);
  const wanted = phase(name);
  if (check === undefined || wanted === null || snapshot.forkGone) return;
  if (check.state === 'creating') {
    if (draft.reached(check.updatedAt + policy.settleMs))
      draft.add({ do: 'find_check', check: check.id, name });
    return;
  }
  if (check.state === 'created' && check.sentPhase === wanted.key) {
    if (name === 'imports' && wanted.annotate && check.annotationsSent < snapshot.annotations)
      draft.add({ do: 'annotate', check: check.id, from: check.annotationsSent, phase: wanted });
    return;
  }
  if (check.state === 'created' && check.sentStatus === 'completed' && wanted.status !== 'completed')
    draft.add({ do: 'want_check', name, serial: check.serial + 1 });
  else draft.add({ do: 'write_check', check: check.id, name, phase: wanted });
}

/** What each check-run shall show for a submission, as a key that changes exactly when a write is due. Pure. */
import type { CheckName, Conclusion, IntakeReason } from '../evaluations/reasons.ts';
import { INTAKE_RULES } from '../evaluations/reasons.ts';
import { isOpen, type PlanPolicy, type Snapshot } from './plan.ts';

/** `eligible` goes on to a judge; `other_branch` gets an import verdict only; anything else ends at intake. */
export type Intake = 'eligible' | 'other_branch' | IntakeReason;

export interface Phase {
  /** Equal keys mean that what GitHub shows is still right. */
  readonly key: string;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion: Conclusion | null;
  /** Whether import findings belong to it as annotations. */
  readonly annotate: boolean;
}

/** A null phase means that nothing is to be written for that check yet. */
export function phaseOf(
  snapshot: Snapshot,
  now: number,
  policy: PlanPolicy,
): (name: CheckName) => Phase | null {
  const ended = endOf(snapshot);
  if (ended !== null) return (name) => completed(keyOf(name, ended), ended.conclusions[name], ended.annotate);
  if (!isOpen(snapshot)) return () => null;
  const running = snapshot.evaluations.find(({ state }) => state === 'claimed');
  const failures = snapshot.evaluations.filter(
    ({ state, forgiven }) => state === 'failed' && !forgiven,
  ).length;
  const offline =
    snapshot.offlineSince !== null &&
    now >= snapshot.offlineSince + policy.offlineAfterMs &&
    snapshot.evaluations.some(({ state }) => state === 'dispatched');
  return (name) => {
    if (name === 'imports') return completed('passed', 'success', true);
    // Only one of the two moves while the judge runs: GitHub takes one write a second per installation.
    if (name === 'benchmark' && running)
      return { key: `running:${running.id}`, status: 'in_progress', conclusion: null, annotate: false };
    if (name === 'benchmark' && offline)
      return { key: `offline:${snapshot.offlineSince}`, status: 'queued', conclusion: null, annotate: false };
    const key = name === 'benchmark' && failures > 0 ? `retry:${failures}` : 'queued';
    return { key, status: 'queued', conclusion: null, annotate: false };
  };
}

interface End {
  readonly key: string;
  readonly conclusions: Readonly<Record<CheckName, Conclusion>>;
  readonly annotate: boolean;
}

function endOf(snapshot: Snapshot): End | null {
  const { intake, decision, judgement } = snapshot;
  if (intake === 'other_branch')
    return {
      key: 'other_branch',
      conclusions: { imports: otherBranch(snapshot), logits: 'skipped', benchmark: 'skipped' },
      annotate: true,
    };
  if (intake !== 'eligible') return { key: intake, conclusions: INTAKE_RULES[intake], annotate: true };
  if (decision !== null && judgement.kind === 'decided')
    return { key: `decided:${decision.id}`, conclusions: judgement.conclusions, annotate: true };
  if (snapshot.supersededBy !== null)
    return {
      key: `superseded:${snapshot.supersededBy}`,
      conclusions: INTAKE_RULES.superseded,
      annotate: false,
    };
  if (snapshot.isCopy) return { key: 'copy', conclusions: INTAKE_RULES.copy, annotate: true };
  return null;
}

/** Imports that passed stay as they were written: what the judge finds later is no reason to write them again. */
function keyOf(name: CheckName, end: End): string {
  return name === 'imports' && end.conclusions.imports === 'success' && end.key !== 'other_branch'
    ? 'passed'
    : end.key;
}

function otherBranch(snapshot: Snapshot): Conclusion {
  return snapshot.annotations > 0 ? 'failure' : 'success';
}

function completed(key: string, conclusion: Conclusion, annotate: boolean): Phase {
  return { key: `done:${key}`, status: 'completed', conclusion, annotate };
}

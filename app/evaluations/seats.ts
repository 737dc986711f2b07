/** What the attempts at each seat of a submission's jury say. Pure; used by `decide` only. */
import { isPositive } from '../scoring/score.ts';
import { JUDGE_RULES, type JudgeReason, type VerdictStatus } from './reasons.ts';

export type Purpose = 'rank' | 'baseline' | 'audit' | 'trial';
/** Whoever runs a runner; two seats count as two only when these differ. */
export type RunnerOwner = string | number;

export interface SeatVerdict {
  /** Id of the evaluation, which has at most one verdict. */
  readonly evaluation: number;
  readonly purpose: Purpose;
  /** From 1. */
  readonly seat: number;
  /** From 1 within its seat. */
  readonly attempt: number;
  readonly runnerOwner: RunnerOwner;
  /** The runner is one of the operator's own. */
  readonly operatorRunner: boolean;
  readonly taskVersion: number;
  readonly status: VerdictStatus;
  readonly reason: JudgeReason;
  readonly detail: string;
  readonly tokensPerSec: number | null;
  readonly tokensPerSecLow: number | null;
}

export interface Seat {
  readonly seat: number;
  /** Everybody who attempted it. */
  readonly owners: readonly RunnerOwner[];
  /** `again` wants another attempt; `implausible` and `infra` wait for a person. */
  readonly state: 'voted' | 'again' | 'implausible' | 'infra';
  /** The verdict that fills the seat when it voted, else the latest. */
  readonly last: SeatVerdict;
}

/** A seat's conclusive verdict; a rejection has no figures. */
export interface Vote {
  readonly verdict: SeatVerdict;
  readonly figures: { readonly tokensPerSec: number; readonly tokensPerSecLow: number } | null;
}

/** Infrastructure failures in one seat before it waits for a person. Source: the reasons table. */
export const INFRA_ATTEMPTS = 3;
/** `unstable` verdicts in one seat that are a rejection: spoiling bad draws must not buy new ones. */
export const UNSTABLE_ATTEMPTS = 2;

/** The seats by ascending number. In each only the first conclusive verdict counts, whatever came after it. */
export function readSeats(verdicts: readonly SeatVerdict[]): Seat[] {
  const unique = new Map(verdicts.map((verdict) => [verdict.evaluation, verdict]));
  const seats = new Map<number, SeatVerdict[]>();
  for (const verdict of unique.values())
    seats.set(verdict.seat, [...(seats.get(verdict.seat) ?? []), verdict]);
  return [...seats]
    .sort(([a], [b]) => a - b)
    .map(([seat, attempts]) =>
      readSeat(
        seat,
        attempts.sort((a, b) => a.attempt - b.attempt || a.evaluation - b.evaluation),
      ),
    );
}

/** One vote per runner owner, that of the first seat he filled, so that nobody fills a jury alone. */
export function votesOf(seats: readonly Seat[]): Vote[] {
  const votes = new Map<RunnerOwner, Vote>();
  for (const { state, last } of seats)
    if (state === 'voted' && !votes.has(last.runnerOwner))
      votes.set(last.runnerOwner, { verdict: last, figures: figuresOf(last) });
  return [...votes.values()];
}

/**
 * The verdict's reason. A record that contradicts itself, or accepts without figures, tells about its recorder and
 * not about the kernel: it counts as `infra`.
 */
export function soundReason(verdict: SeatVerdict): JudgeReason {
  const { reason, status } = verdict;
  if (JUDGE_RULES[reason].status !== status) return 'infra';
  return reason === 'accepted' && figuresOf(verdict) === null ? 'infra' : reason;
}

function readSeat(seat: number, attempts: readonly SeatVerdict[]): Seat {
  const owners = [...new Set(attempts.map((verdict) => verdict.runnerOwner))].sort(byText);
  let last = attempts[0] as SeatVerdict;
  let state: Seat['state'] = 'again';
  let unstable = 0;
  let infra = 0;
  for (last of attempts) {
    const reason = soundReason(last);
    if (reason === 'unstable') unstable += 1;
    if (reason === 'infra') infra += 1;
    if (JUDGE_RULES[reason].status !== 'inconclusive' || unstable >= UNSTABLE_ATTEMPTS)
      return { seat, owners, state: 'voted', last };
    if (reason === 'implausible') state = 'implausible';
    else state = reason === 'infra' && infra >= INFRA_ATTEMPTS ? 'infra' : 'again';
  }
  return { seat, owners, state, last };
}

function figuresOf(verdict: SeatVerdict): Vote['figures'] {
  const { reason, tokensPerSec, tokensPerSecLow } = verdict;
  if (reason !== 'accepted' || !isPositive(tokensPerSec) || !isPositive(tokensPerSecLow)) return null;
  return { tokensPerSec, tokensPerSecLow };
}

/** A total order over owners, so that lists of them do not depend on the order of the verdicts. */
export function byText(a: RunnerOwner, b: RunnerOwner): number {
  return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;
}

/**
 * What the verdicts of one submission together say. Pure, and independent of the order in which they are given, so
 * that every replica and every restart reads the same decision from the same rows.
 */
import { isOverClaim, type Score, scoreOf } from '../scoring/score.ts';
import {
  type CheckName,
  type Conclusion,
  JUDGE_REASONS,
  JUDGE_RULES,
  type JudgeReason,
  OVER_CLAIM_RULE,
  type VerdictStatus,
} from './reasons.ts';
import {
  byText,
  type RunnerOwner,
  readSeats,
  type SeatVerdict,
  soundReason,
  type Vote,
  votesOf,
} from './seats.ts';

export interface DecideInput {
  readonly taskVersion: number;
  readonly targetLength: number;
  readonly claimedTokensPerSec: number | null;
  /** All of the submission's; an evaluation whose runner died counts as a verdict of reason `infra`. */
  readonly verdicts: readonly SeatVerdict[];
}

export interface DecidePolicy {
  /** One verdict of an operator's runner is enough; otherwise two seats of different owners must agree. */
  readonly operatorRunnersSuffice: boolean;
}

export interface Decision {
  readonly kind: 'decided';
  readonly taskVersion: number;
  readonly status: VerdictStatus;
  readonly reason: JudgeReason | 'over_claim';
  /** The judge's words of the verdict that `evaluation` names. */
  readonly detail: string;
  readonly conclusions: Readonly<Record<CheckName, Conclusion>>;
  /** Whether a valid link's hotkey gets a strike: only when every seat that agrees saw a reason for one. */
  readonly strike: boolean;
  /** The evaluation whose figures, gates and detail stand for the decision. */
  readonly evaluation: number;
  /** Every evaluation that carries the decision, ascending. */
  readonly evaluations: readonly number[];
  /** Of the median verdict; null unless accepted. */
  readonly tokensPerSec: number | null;
  readonly tokensPerSecLow: number | null;
  /** 0 when over-claimed, null unless accepted. */
  readonly score: Score | 0 | null;
}

export interface Undecided {
  readonly kind: 'undecided';
  /** `again`: another attempt at `seat`; `first` and `another_seat`: the first attempt at a new one. */
  readonly wants: 'first' | 'again' | 'another_seat';
  readonly seat: number;
  /** Owners who voted already: a verdict from one of their runners would not count. */
  readonly otherThan: readonly RunnerOwner[];
  /** Owners whose runners failed in this seat: others first, where there is a choice. */
  readonly ratherNot: readonly RunnerOwner[];
}

/**
 * Accepts or rejects once the seats agree that design rule 10 asks for; seats that disagree order one more, and the
 * majority of owners decides. The figure is the median of the accepted verdicts (the lower of the two middle ones),
 * never the best. Only verdicts of purpose `rank` at the current task version count. An over-claimed submission stays
 * accepted with its figure, and scores 0.
 */
export function decide(input: DecideInput, policy: DecidePolicy): Decision | Undecided {
  const counted = input.verdicts.filter(
    (verdict) => verdict.purpose === 'rank' && verdict.taskVersion === input.taskVersion,
  );
  const seats = readSeats(counted);
  const votes = votesOf(seats);
  const agreed = majority(votes, policy);
  if (agreed !== null) return agreed[0].figures === null ? reject(agreed, input) : accept(agreed, input);

  const stuck =
    seats.find(({ state }) => state === 'implausible') ?? seats.find(({ state }) => state === 'infra');
  if (stuck !== undefined) return inconclusive(stuck.last, input);
  const open = seats.find(({ state }) => state === 'again');
  const otherThan = votes.map(({ verdict }) => verdict.runnerOwner).sort(byText);
  if (open !== undefined)
    return { kind: 'undecided', wants: 'again', seat: open.seat, otherThan, ratherNot: open.owners };
  return {
    kind: 'undecided',
    wants: seats.length === 0 ? 'first' : 'another_seat',
    seat: Math.max(0, ...seats.map(({ seat }) => seat)) + 1,
    otherThan,
    ratherNot: [],
  };
}

type Votes = readonly [Vote, ...Vote[]];

/** The votes of the side that carries the decision, null while none does. */
function majority(votes: readonly Vote[], policy: DecidePolicy): Votes | null {
  const accepted = votes.filter(({ figures }) => figures !== null);
  const rejected = votes.filter(({ figures }) => figures === null);
  const [first, ...rest] = accepted.length > rejected.length ? accepted : rejected;
  if (first === undefined || accepted.length === rejected.length) return null;
  const carried: Votes = [first, ...rest];
  const byOperator = policy.operatorRunnersSuffice && carried.some(({ verdict }) => verdict.operatorRunner);
  return carried.length >= 2 || byOperator ? carried : null;
}

function accept(votes: Votes, input: DecideInput): Decision {
  const sorted = votes
    .flatMap(({ verdict, figures }) => (figures === null ? [] : [{ verdict, figures }]))
    .sort(
      (a, b) =>
        a.figures.tokensPerSecLow - b.figures.tokensPerSecLow || a.verdict.evaluation - b.verdict.evaluation,
    );
  const median = sorted[Math.floor((sorted.length - 1) / 2)];
  if (median === undefined) throw new Error('accepted without an accepted verdict');
  const { tokensPerSec, tokensPerSecLow } = median.figures;
  const overClaim = isOverClaim(tokensPerSec, input.claimedTokensPerSec);
  return {
    ...restingOn(median.verdict, votes, input),
    status: 'accepted',
    reason: overClaim ? 'over_claim' : 'accepted',
    conclusions: overClaim ? OVER_CLAIM_RULE : conclusionsOf('accepted'),
    tokensPerSec,
    tokensPerSecLow,
    score: overClaim ? 0 : scoreOf({ tokensPerSecLow, targetLength: input.targetLength }),
  };
}

/** The reason that most seats saw; of equally many, the one that the table lists first. */
function reject(votes: Votes, input: DecideInput): Decision {
  const seen = (vote: Vote) => votes.filter(({ verdict }) => verdict.reason === vote.verdict.reason).length;
  const { verdict } = votes.reduce((best, vote) => {
    const order =
      seen(vote) - seen(best) ||
      JUDGE_REASONS.indexOf(best.verdict.reason) - JUDGE_REASONS.indexOf(vote.verdict.reason) ||
      best.verdict.evaluation - vote.verdict.evaluation;
    return order > 0 ? vote : best;
  }, votes[0]);
  const conclusions = conclusionsOf(verdict.reason);
  return {
    ...restingOn(verdict, votes, input),
    status: 'rejected',
    reason: verdict.reason,
    conclusions: verdict.reason === 'unstable' ? { ...conclusions, benchmark: 'failure' } : conclusions,
    strike: votes.every((vote) => JUDGE_RULES[vote.verdict.reason].strike),
  };
}

function inconclusive(verdict: SeatVerdict, input: DecideInput): Decision {
  const reason = soundReason(verdict);
  return {
    ...restingOn(verdict, [{ verdict, figures: null }], input),
    status: 'inconclusive',
    reason,
    conclusions: conclusionsOf(reason),
  };
}

function restingOn(verdict: SeatVerdict, votes: readonly Vote[], input: DecideInput) {
  return {
    kind: 'decided',
    taskVersion: input.taskVersion,
    detail: verdict.detail,
    strike: false,
    evaluation: verdict.evaluation,
    evaluations: votes.map((vote) => vote.verdict.evaluation).sort((a, b) => a - b),
    tokensPerSec: null,
    tokensPerSecLow: null,
    score: null,
  } as const;
}

/** The imports check passed before any judge was asked. */
function conclusionsOf(reason: JudgeReason): Decision['conclusions'] {
  const { logits, benchmark } = JUDGE_RULES[reason];
  return { imports: 'success', logits, benchmark };
}

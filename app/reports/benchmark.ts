/** `Quasar / benchmark`: the figure, and what it is worth. */
import type { CheckRunState } from '../github/github.ts';
import { LEAGUES, leagueOf } from '../scoring/league.ts';
import { ceilings } from './ceilings.ts';
import { code, plain } from './escape.ts';
import { environment, workerLog } from './evidence.ts';
import { figure, percent, ratio, speed, whole } from './figures.ts';
import { notJudged, stopped } from './intake.ts';
import { judgesWords, otherBranch } from './logits.ts';
import { classesTable, lengthsTable, spread } from './measurements.ts';
import { completed, folded, RERUN, type Report, table } from './output.ts';
import { pending } from './pending.ts';
import type { DecidedState, SubmissionView } from './view.ts';
import { JUDGE_WORDS } from './words.ts';

/** The check-run for any state of a submission. */
export function renderBenchmark(view: SubmissionView): CheckRunState {
  const { state } = view;
  switch (state.kind) {
    case 'decided':
      return decided(view, state);
    case 'other_branch':
      return otherBranch(view, state);
    case 'waiting':
    case 'dispatched':
    case 'running':
    case 'infra_retry':
      return pending(view, state, 'benchmark');
    default:
      return stopped(view, state, 'benchmark');
  }
}

function decided(view: SubmissionView, state: DecidedState): CheckRunState {
  const { decision } = state;
  const conclusion = decision.conclusions.benchmark;
  if (decision.status === 'accepted') return completed(view, conclusion, accepted(view, state));
  const words = JUDGE_WORDS[decision.reason];
  if (conclusion === 'cancelled' && decision.status === 'rejected')
    return completed(view, conclusion, notJudged('logits', `${decision.reason}: ${words.short}`));
  const report = withoutFigure(view, state);
  const rerun = decision.status === 'inconclusive' && decision.reason === 'infra';
  return rerun
    ? { ...completed(view, conclusion, report), actions: RERUN }
    : completed(view, conclusion, report);
}

function accepted(view: SubmissionView, state: DecidedState): Report {
  const { decision, result } = state;
  const words = JUDGE_WORDS[decision.reason];
  const target = result?.measurements.find(({ length }) => length === view.targetLength) ?? null;
  const shown = `${speed(decision.tokensPerSec ?? 0)}${target === null ? '' : ` ± ${percent(spread(target))}`}`;
  const at =
    view.targetLength === null
      ? ''
      : ` at ${whole(view.targetLength)} tokens (league ${leagueOf(view.targetLength).name})`;
  const overClaim = decision.reason === 'over_claim';
  const claimed = view.claimedTokensPerSec === null ? '' : `, claimed ${figure(view.claimedTokensPerSec)}`;
  return {
    title: overClaim ? `Score 0: ${shown} measured${claimed}` : `${shown}${at}, ${rankOf(state)}`,
    blocks: [
      overClaim ? `**Score 0 (\`over_claim\`).** ${words.means}` : `**Accepted.** ${words.means}`,
      `**Next:** ${words.next}`,
      scoreTable(view, state),
      ...measured(view, state),
    ],
  };
}

function withoutFigure(view: SubmissionView, state: DecidedState): Report {
  const { decision, result } = state;
  const words = JUDGE_WORDS[decision.reason];
  const lead = decision.status === 'inconclusive' ? 'Undecided' : 'Not accepted';
  return {
    title:
      decision.reason === 'infra'
        ? sentence(words.short)
        : `${decision.reason}: ${plain(decision.detail, 150) || words.short}`,
    blocks: [
      `**${lead} (\`${decision.reason}\`).** ${words.means}`,
      judgesWords(decision.detail),
      `**Next:** ${words.next}`,
      ...(result === null ? [] : measured(view, state)),
    ],
  };
}

function measured(view: SubmissionView, state: DecidedState): (string | null)[] {
  const { result, decision } = state;
  const target = result?.measurements.find(({ length }) => length === view.targetLength);
  const seats = decision.evaluations.length;
  const links = [
    view.diff.upstream === null ? null : `[Diff against upstream](${view.diff.upstream})`,
    view.diff.previous === null ? null : `[diff against your previous submission](${view.diff.previous})`,
  ].filter((link) => link !== null);
  return [
    lengthsTable(result?.measurements ?? [], view.targetLength),
    result && result.measurements.length > 0
      ? 'Measured by the judge, on its own clock. _layer_ is the op and the fixed part around it, which the judge times itself.'
      : null,
    target === undefined ? null : ceilings(view, state, target),
    target === undefined
      ? null
      : folded(
          `Times by class of inputs at ${whole(target.length)} tokens: the slowest counts`,
          classesTable(target),
        ),
    result === null ? null : environment(result),
    result === null ? null : workerLog(result),
    seats > 1
      ? `Decided by ${seats} runners of different owners; figures of the median one are shown.`
      : null,
    links.length > 0 ? links.join(' · ') : null,
  ];
}

function scoreTable(view: SubmissionView, state: DecidedState): string {
  const { decision, previous } = state;
  const rows: string[][] = [];
  if (view.targetLength !== null) {
    const { name, multiplier, minLength } = leagueOf(view.targetLength);
    const from =
      minLength === 0
        ? `, below ${whole(LEAGUES[1]?.minLength ?? 0)} tokens`
        : `, from ${whole(minLength)} tokens`;
    const low = decision.tokensPerSecLow ?? 0;
    rows.push(
      [
        'Score',
        decision.score === 0
          ? '**0**, because of the claim'
          : `**${figure(decision.score ?? 0)}** = ${figure(low)} (low end of the 95 % interval) x ${multiplier}`,
      ],
      ['League', `${name} (x ${multiplier}${from})`],
    );
  }
  const measuredSpeed = decision.tokensPerSec ?? 0;
  if (view.claimedTokensPerSec !== null)
    rows.push([
      'Claim',
      `${speed(view.claimedTokensPerSec)}; measured ${ofClaim(measuredSpeed / view.claimedTokensPerSec)} of it, at least 90 % is asked`,
    ]);
  if (previous !== null && previous.targetLength === view.targetLength && previous.tokensPerSec > 0)
    rows.push([
      'Before',
      `${speed(previous.tokensPerSec)} at ${code(previous.sha.slice(0, 7))}: now ${ratio(measuredSpeed / previous.tokensPerSec)}`,
    ]);
  return table('ll', ['Standing', standing(view, state)], rows);
}

/** Others move on after a decision, and its check-run does not: the page knows the place of today. */
function standing({ appUrl }: SubmissionView, state: DecidedState): string {
  const now = `[the standing now](${appUrl}/)`;
  if (state.rank !== null) return `${sentence(rankOf(state))} when this was decided · ${now}`;
  if (state.decision.score === 0) return `Not ranked · ${now}`;
  return `Not ranked: a hotkey and an owner have one place, for their best entry on the device of the task · ${now}`;
}

/** Rounded down, so that 89.99 % is never shown as the 90 % that would have been enough. */
function ofClaim(fraction: number): string {
  return `${Math.floor(fraction * 10_000) / 100} %`;
}

function rankOf({ decision, rank, places }: DecidedState): string {
  if (decision.score === 0) return 'not ranked';
  if (rank !== null) return `rank ${rank} of ${Math.max(rank, places)}`;
  return 'not ranked';
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

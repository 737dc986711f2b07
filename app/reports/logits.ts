/** `Quasar / logits`: whether the kernel computes what it should. */

import type { Result } from '../evaluations/schema.ts';
import type { CheckRunState } from '../github/github.ts';
import { code, fenced, plain, prose } from './escape.ts';
import { environment, workerLog } from './evidence.ts';
import { counted, figure, percent } from './figures.ts';
import { closest, firstFailing, gatesTable, inWords } from './gates.ts';
import { notJudged, stopped } from './intake.ts';
import { completed, RERUN, type Report } from './output.ts';
import { pending } from './pending.ts';
import type { DecidedState, SubmissionView } from './view.ts';
import { JUDGE_WORDS } from './words.ts';

/** The check-run for any state of a submission. */
export function renderLogits(view: SubmissionView): CheckRunState {
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
      return pending(view, state, 'logits');
    default:
      return stopped(view, state, 'logits');
  }
}

/** The one use of `skipped`: nothing was asked of this check. */
export function otherBranch(
  view: SubmissionView,
  { branch, judgedBranch }: { readonly branch: string; readonly judgedBranch: string },
): CheckRunState {
  return completed(view, 'skipped', {
    title: `Not judged: this branch is not ${plain(judgedBranch, 80)}`,
    blocks: [
      `**Not judged.** \`quasar.yml\` names ${code(judgedBranch)}; this commit is on ${code(branch)}.`,
      `**Next:** push to ${code(judgedBranch)} to have it judged. A commit that is judged there gets checks of its own.`,
    ],
  });
}

function decided(view: SubmissionView, state: DecidedState): CheckRunState {
  const conclusion = state.decision.conclusions.logits;
  if (conclusion === 'success') return completed(view, conclusion, passed(state));
  if (conclusion === 'failure') return completed(view, conclusion, failed(state));
  const { short } = JUDGE_WORDS[state.decision.reason];
  if (state.decision.status !== 'inconclusive')
    return completed(view, conclusion, notJudged('benchmark', short));
  const { means, next } = JUDGE_WORDS[state.decision.reason];
  return {
    ...completed(view, conclusion, {
      title: 'No verdict: the infrastructure failed',
      blocks: [`**No verdict.** ${means}`, `**Next:** ${next}`],
    }),
    actions: RERUN,
  };
}

function passed({ result }: DecidedState): Report {
  const gates = result?.gates ?? [];
  const near = closest(gates);
  const all = gates.length === 0 ? 'All gates pass' : `All ${counted(gates.length, 'gate')} pass`;
  return {
    title:
      near === null
        ? all
        : `${all}; ${plain(near.gate.name, 40)} on ${plain(near.gate.input, 40)} uses ${near.used} of its limit`,
    blocks: [
      `**Correct.** ${all}, and so did every output that was computed while the clock ran.`,
      'Speed, score and rank are in **Quasar / benchmark**.',
      gatesTable(gates),
      besideTheGates(result),
      result === null ? null : environment(result),
    ],
  };
}

function failed({ decision, result }: DecidedState): Report {
  const words = JUDGE_WORDS[decision.reason];
  const gate = firstFailing(result?.gates ?? []);
  const why =
    gate === null ? plain(decision.detail, 150) || words.short : inWords(gate, (text) => plain(text, 60));
  const log = result === null ? null : workerLog(result);
  return {
    title: `${decision.reason}: ${why}`,
    blocks: [
      `**Not accepted (\`${decision.reason}\`).** ${words.means}`,
      judgesWords(decision.detail) ??
        (gate === null ? null : `First gate that fails: ${inWords(gate, (text) => code(text, 60))}.`),
      `**Next:** ${words.next}`,
      gatesTable(result?.gates ?? []),
      besideTheGates(result),
      log,
      result === null ? null : environment(result),
    ],
  };
}

/** What the language model's logits show and no gate decides. Null where the judge did not get that far. */
function besideTheGates(result: Result | null): string | null {
  if (!result?.logits) return null;
  const { model, meanKl, top1 } = result.logits;
  const choice =
    top1 === null ? 'no position where the reference is decided' : `top-1 agreement ${percent(top1)}`;
  return `Reported, not gated: logits of the language model (${code(model)}), mean KL ${figure(meanKl)}, ${choice}.`;
}

/** The judge's own words may quote what it was given. */
export function judgesWords(detail: string): string | null {
  if (plain(detail, 10) === '') return null;
  if (!detail.trim().includes('\n')) return `The judge says: ${prose(detail)}`;
  return `The judge says:\n\n${fenced(detail.trim(), { maxLines: 25, maxColumns: 200, maxChars: 3_000 })}`;
}

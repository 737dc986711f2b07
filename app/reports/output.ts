/** The frame that every check-run shares. */
import type { CheckName } from '../evaluations/reasons.ts';
import type { CheckRunState } from '../github/github.ts';
import { cutMarkdown } from './cut.ts';
import { cap } from './escape.ts';
import type { SubmissionView } from './view.ts';

/** Names of the check-runs, stable for branch protection. */
export const CHECK_TITLES: Readonly<Record<CheckName, string>> = {
  imports: 'Quasar / imports',
  logits: 'Quasar / logits',
  benchmark: 'Quasar / benchmark',
};

const MAX_TITLE = 200;

export interface Report {
  readonly title: string;
  /** Markdown blocks, joined by an empty line. */
  readonly blocks: readonly (string | null)[];
}

export function queued(view: SubmissionView, report: Report): CheckRunState {
  return { status: 'queued', ...frame(view, report) };
}

export function inProgress(view: SubmissionView, report: Report): CheckRunState {
  return { status: 'in_progress', ...frame(view, report) };
}

export function completed(
  view: SubmissionView,
  conclusion: NonNullable<CheckRunState['conclusion']>,
  report: Report,
): CheckRunState {
  return { status: 'completed', conclusion, ...frame(view, report) };
}

/** Asks for the evaluation again; GitHub shows it on a completed check-run. */
export const RERUN = [
  { label: 'Re-run', description: 'Ask for another attempt', identifier: 'rerun' },
] as const;

/** Where the whole of it can be read. */
export function detailsUrl(view: SubmissionView): string {
  return view.submissionId === null
    ? `${view.appUrl}/join`
    : `${view.appUrl}/submissions/${view.submissionId}`;
}

/** A table in GitHub's Markdown; `align` has `l` or `r` per column. Cells are Markdown already. */
export function table(align: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(head),
    line([...align].map((side) => (side === 'r' ? '---:' : '---'))),
    ...rows.map(line),
  ].join('\n');
}

/** Folded until a reader opens it. `summary` is ours, never a miner's. */
export function folded(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

function frame(view: SubmissionView, report: Report): Pick<CheckRunState, 'output' | 'detailsUrl'> {
  const url = detailsUrl(view);
  const summary = report.blocks.filter((block) => block !== null && block !== '').join('\n\n');
  return {
    output: {
      title: cap(report.title, MAX_TITLE),
      summary: cutMarkdown(summary, `The whole report is on [the page of this submission](${url}).`),
    },
    detailsUrl: url,
  };
}

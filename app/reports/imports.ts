/** `Quasar / imports`: what the frozen files are, before any GPU is asked. */
import { type Conclusion, INTAKE_RULES } from '../evaluations/reasons.ts';
import type { CheckRunState } from '../github/github.ts';
import { annotationsOf, lineOf } from './annotations.ts';
import { checkCommand } from './commands.ts';
import { code, plain, prose } from './escape.ts';
import { counted } from './figures.ts';
import { stopped } from './intake.ts';
import { completed, folded, type Report, table } from './output.ts';
import type { Finding, SubmissionView } from './view.ts';
import { INTAKE_WORDS } from './words.ts';

const SHOWN_FINDINGS = 50;
const SHOWN_PATHS = 100;

/**
 * The check-run for any state of a submission; always completed, with every finding as an annotation in order. It
 * passes as soon as the files do, whatever becomes of the rest.
 */
export function renderImports(view: SubmissionView): CheckRunState {
  const { state } = view;
  switch (state.kind) {
    case 'unlinked':
    case 'unregistered':
    case 'superseded':
    case 'skipped_by_message':
      return stopped(view, state, 'imports');
    case 'intake_rejected':
      return failed(view, INTAKE_RULES[state.reason].imports, INTAKE_WORDS[state.reason].means);
    case 'other_branch':
      return view.findings.length > 0
        ? failed(
            view,
            'failure',
            `The branch ${code(state.branch)} is not judged; this is what would stop it.`,
          )
        : passed(
            view,
            `The branch ${code(state.branch)} is not judged: pushes to ${code(state.judgedBranch)} are.`,
          );
    case 'copy':
      return passed(view, 'They were delivered by somebody else before: see **Quasar / benchmark**.');
    case 'decided':
      return passed(view, 'What the judge found is in **Quasar / logits** and **Quasar / benchmark**.');
    default:
      return passed(view, 'They go on to the judge, which has the last word on what they do.');
  }
}

function passed(view: SubmissionView, next: string): CheckRunState {
  const files = view.task.targetFiles.length;
  return completed(view, 'success', {
    title: `Imports pass in all ${counted(files, 'file')}`,
    blocks: [
      `**Passed.** The ${counted(files, 'target file')} of \`${plain(view.task.name, 80)}\` are frozen, parse, and import only what the task allows.`,
      next,
      ...aside(view),
    ],
  });
}

function failed(view: SubmissionView, conclusion: Conclusion, means: string): CheckRunState {
  return {
    ...completed(view, conclusion, report(view, means)),
    annotations: annotationsOf(view.findings),
  };
}

function report(view: SubmissionView, means: string): Report {
  const { findings } = view;
  const [first] = findings;
  const place =
    first === undefined
      ? ''
      : `${plain(fileName(first.file), 40)}:${lineOf(first)} ${plain(withoutFile(first), 120)}`;
  const more = findings.length > 1 ? `${findings.length} findings, first: ` : '';
  const shown = findings.slice(0, SHOWN_FINDINGS);
  return {
    title: first === undefined ? 'The target files cannot be taken' : `${more}${place}`,
    blocks: [
      `**Not accepted${findings.length === 0 ? '' : `: ${counted(findings.length, 'finding')}`}.** ${means}`,
      `**Next:** mend ${findings.length === 1 ? 'it' : 'them'} and push; each finding is also marked in the diff. Nothing was sent to a GPU.`,
      shown.length > 0 ? table('lll', ['Where', 'Finding', 'What to do'], shown.map(row)) : null,
      findings.length > shown.length
        ? `… and ${findings.length - shown.length} more, in the annotations.`
        : null,
      folded('Find them before you push', checkCommand(view)),
      ...aside(view),
    ],
  };
}

function row(finding: Finding): string[] {
  const { rule, file, message, advice } = finding;
  return [
    code(`${file}:${lineOf(finding)}`, 100),
    `${prose(message, 300)}<br>${code(rule, 60)}`,
    prose(advice, 300),
  ];
}

/** What stops nothing, but a miner may want to know. */
function aside(view: SubmissionView): (string | null)[] {
  const { ignoredPaths, warnings, diff } = view;
  const shown = ignoredPaths.slice(0, SHOWN_PATHS).map((path) => `- ${code(path, 160)}`);
  if (ignoredPaths.length > shown.length) shown.push(`- … and ${ignoredPaths.length - shown.length} more`);
  return [
    warnings.length > 0
      ? `**quasar.yml:**\n\n${warnings.map(({ line, why, mend }) => `- ${line === null ? '' : `line ${line}: `}${prose(why, 300)}; ${prose(mend, 300)}`).join('\n')}`
      : null,
    diff.upstream === null ? null : `[Diff against upstream](${diff.upstream})`,
    shown.length > 0
      ? folded(
          `${counted(ignoredPaths.length, 'changed path')} ignored: only the target files are taken from a fork`,
          shown.join('\n'),
        )
      : null,
  ];
}

/** Some messages begin with the file, which a title has said already. */
function withoutFile({ file, message }: Finding): string {
  const lead = `${fileName(file)}: `;
  return message.startsWith(lead) ? message.slice(lead.length) : message;
}

function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** States in which nothing of a submission reaches a judge, and all that any of the checks says is why. */
import { type CheckName, INTAKE_RULES, type IntakeReason } from '../evaluations/reasons.ts';
import type { CheckRunState } from '../github/github.ts';
import { linkCommand } from './commands.ts';
import { code, fenced, plain, prose } from './escape.ts';
import { moment } from './figures.ts';
import { CHECK_TITLES, completed, type Report } from './output.ts';
import type { SubmissionState, SubmissionView, YmlProblem } from './view.ts';
import { INTAKE_WORDS } from './words.ts';

type Of<K extends SubmissionState['kind']> = Extract<SubmissionState, { kind: K }>;
export type Stopped = Of<
  'unlinked' | 'unregistered' | 'intake_rejected' | 'copy' | 'superseded' | 'skipped_by_message'
>;

/** One check of a submission that never reaches a judge. */
export function stopped(view: SubmissionView, state: Stopped, check: CheckName): CheckRunState {
  const reason = reasonOf(state);
  return completed(view, INTAKE_RULES[reason][check], reportOf(view, state, check));
}

/** The contracts know one reason for both: whoever is not registered is not linked. */
function reasonOf(state: Stopped): IntakeReason {
  if (state.kind === 'intake_rejected') return state.reason;
  return state.kind === 'unregistered' ? 'unlinked' : state.kind;
}

function reportOf(view: SubmissionView, state: Stopped, check: CheckName): Report {
  switch (state.kind) {
    case 'unlinked':
      return unlinked(view, state.problems, check);
    case 'unregistered':
      return unregistered(state, check);
    case 'intake_rejected':
      return notJudged('imports', INTAKE_WORDS[state.reason].short);
    case 'copy':
      return check === 'benchmark' ? copy(state) : notJudged('benchmark', INTAKE_WORDS.copy.short);
    case 'superseded': {
      const { sha, submissionId } = state.by;
      const { means, next } = INTAKE_WORDS.superseded;
      const link = `[${code(sha.slice(0, 7))}](${view.appUrl}/submissions/${submissionId})`;
      return {
        title: `Superseded by ${plain(sha.slice(0, 7), 7)}`,
        blocks: [`**Superseded** by ${link}. ${means}`, next],
      };
    }
    case 'skipped_by_message': {
      const { means, next } = INTAKE_WORDS.skipped_by_message;
      return { title: 'Skipped by the commit message', blocks: [`**Skipped.** ${means}`, next] };
    }
  }
}

/** A required check must not pass because it did not run: it names the one that failed. */
export function notJudged(failed: CheckName, why: string): Report {
  const name = CHECK_TITLES[failed];
  const lead = failed === 'logits' ? 'No figure' : 'Not judged';
  return {
    title: `${lead}: ${name} failed (${why})`,
    blocks: [`**${lead}**, because **${name}** failed: ${why}.`, `**Next:** see **${name}** on this commit.`],
  };
}

function copy({ copyOf }: Of<'copy'>): Report {
  const { short, means, next } = INTAKE_WORDS.copy;
  const first = `It was first received ${moment(copyOf.receivedAt)}${copyOf.submissionId === null ? '' : `, as submission ${copyOf.submissionId}`}.`;
  return {
    title: `Not ranked: ${short}`,
    blocks: [`**Not ranked.** ${means} ${first}`, `**Next:** ${next}`],
  };
}

const SHOWN_PROBLEMS = 20;

/** Told in full once: three copies of it would hide that there is one thing to do. */
function unlinked(view: SubmissionView, problems: readonly YmlProblem[], check: CheckName): Report {
  const [first] = problems;
  const where = first?.line == null ? '' : `quasar.yml line ${first.line}: `;
  const list = problems
    .slice(0, SHOWN_PROBLEMS)
    .map(
      ({ line, why, mend }) =>
        `- **${line === null ? 'quasar.yml' : `Line ${line}`}:** ${prose(why, 400)}<br>To mend it: ${prose(mend, 400)}`,
    );
  const title = `Not linked: ${first === undefined ? 'quasar.yml needs attention' : plain(`${where}${first.why}`, 160)}`;
  if (check !== 'imports')
    return {
      title,
      blocks: [
        '**This fork is not linked to a hotkey, so nothing is judged yet.**',
        `**Next:** **${CHECK_TITLES.imports}** on this commit shows what to mend, and the command that does it.`,
      ],
    };
  return {
    title,
    blocks: [
      '**This fork is not linked to a hotkey, so nothing is judged yet.** Every push is received with its time, linked or not.',
      list.length > 0 ? list.join('\n') : null,
      `**Next:** run this in a checkout of your fork, with the file of your hotkey${view.targetLength === null ? ' and the sequence length that you want to be ranked at' : ''}. It writes \`quasar.yml\`; the key never leaves your machine.`,
      linkCommand(view),
      `Where the key is on another machine, \`link --print\` shows the exact message to sign. More on [the page about joining](${view.appUrl}/join).`,
    ],
  };
}

function unregistered({ hotkey, network, netuid, block }: Of<'unregistered'>, check: CheckName): Report {
  const where = `netuid ${netuid} of ${plain(network, 40)}`;
  const title = `Not linked: hotkey ${plain(hotkey, 60)} is not registered on ${where}`;
  const lead = `**Your hotkey is not registered on ${where}, so nothing is judged yet.**`;
  if (check !== 'imports')
    return {
      title,
      blocks: [lead, `**Next:** **${CHECK_TITLES.imports}** on this commit shows how to register it.`],
    };
  return {
    title,
    blocks: [
      `${lead} The signature in \`quasar.yml\` is right; the chain was read at block ${block}, and ${code(hotkey)} has no uid there.`,
      '**Next:** register it on the machine that has your wallet; the subnet charges for it.',
      fenced(
        `btcli subnet register --netuid ${netuid} --network ${plain(network, 40)} --wallet-name WALLET --hotkey HOTKEY`,
        { maxLines: 1, maxColumns: 300, maxChars: 300 },
      ),
      'Do not push again: the chain is looked at every few minutes, this commit is then taken in by itself, and it keeps the time at which it was first received.',
    ],
  };
}

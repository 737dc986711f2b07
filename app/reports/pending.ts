/** From the queue to the judge's last stage: what `logits` and `benchmark` say while there is no decision. */
import type { CheckName } from '../evaluations/reasons.ts';
import type { CheckRunState } from '../github/github.ts';
import { clock, counted, moment, ordinal, wait, whole } from './figures.ts';
import { inProgress, queued, type Report } from './output.ts';
import type { SubmissionState, SubmissionView, WaitingState } from './view.ts';

export type Pending = Extract<
  SubmissionState,
  { kind: 'waiting' | 'dispatched' | 'running' | 'infra_retry' }
>;

const STAGE_WORDS = {
  tree: 'building the tree from the pinned upstream and your files',
  prepare: 'compiling and tuning',
  public: 'correctness gates and the short lengths',
  secret: 'timing the target length with hidden inputs',
  logits: 'comparing logits',
} as const;

/** `logits` only queues: the judge finds both in one run, and GitHub takes one write a second. */
export function pending(
  view: SubmissionView,
  state: Pending,
  check: Exclude<CheckName, 'imports'>,
): CheckRunState {
  const report = reportOf(state);
  const shown = { ...report, blocks: [...report.blocks, ABOUT[check]] };
  return state.kind === 'running' && check === 'benchmark' ? inProgress(view, shown) : queued(view, shown);
}

const ABOUT = {
  logits: 'This check becomes the verdict on correctness: gates against the fp64 reference, and logits.',
  benchmark: 'This check becomes the figure at the target length, with score, league and rank.',
} as const;

function reportOf(state: Pending): Report {
  switch (state.kind) {
    case 'waiting':
      return waiting(state);
    case 'dispatched':
      return {
        title: `${seatPrefix(state.seat)}Sent to a runner, which has not started yet`,
        blocks: ['**Sent.** The next free runner takes it.', seatNote(state.seat)],
      };
    case 'running':
      return running(state);
    case 'infra_retry':
      return {
        title: `Attempt ${state.attempt} of ${state.of} from ${clock(state.nextAt)}: the infrastructure failed, not your kernel`,
        blocks: [
          `**The infrastructure failed, not your kernel.** Attempt ${state.attempt} of ${state.of} starts by itself, not before ${moment(state.nextAt)}.`,
          'Nothing to do, and nothing is held against you.',
        ],
      };
  }
}

function waiting({ seat, position, etaSeconds, runnersOnline, offlineSince }: WaitingState): Report {
  const eta = etaSeconds === null ? '' : `, ${wait(etaSeconds)}`;
  if (offlineSince !== null)
    return {
      title: `No runner online since ${clock(offlineSince)}`,
      blocks: [
        `**No runner is online since ${moment(offlineSince)}.** Your submission keeps its place${position === null ? '' : ` (${ordinal(position)} in line)`} and its receipt time.`,
        'Nothing to do: it starts by itself when a runner is back. The operator sees this too.',
        seatNote(seat),
      ],
    };
  const place =
    position === null
      ? 'Queued'
      : position === 1
        ? 'Queued, next in line'
        : `Queued, ${ordinal(position)} in line`;
  return {
    title: `${seatPrefix(seat)}${place}${eta}`,
    blocks: [
      `**${place}${eta}.**${runnersOnline === null ? '' : ` ${counted(runnersOnline, 'runner')} online.`}`,
      'Nothing to do. A newer push to this branch takes the place of this one.',
      seatNote(seat),
    ],
  };
}

function running({ seat, progress }: Extract<Pending, { kind: 'running' }>): Report {
  const stage = progress === null ? 'starting' : STAGE_WORDS[progress.stage];
  const done =
    progress === null || progress.total === 0 ? '' : `, ${whole(progress.done)} of ${whole(progress.total)}`;
  return {
    title: `${seatPrefix(seat)}Running: ${stage}${done}`,
    blocks: [
      `**Running:** ${stage}${done}.`,
      'Nothing to do. Progress is shown, never decisive.',
      seatNote(seat),
    ],
  };
}

function seatPrefix(seat: number): string {
  return seat > 1 ? `Seat ${seat}: ` : '';
}

function seatNote(seat: number): string | null {
  return seat > 1
    ? `Seat ${seat}: a runner of another owner judges the same files. The decision needs owners that agree, and its figure is the median.`
    : null;
}

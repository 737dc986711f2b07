/** What a look came to, as a report. Pure. */
import { ChainError } from '../chain.ts';
import { chainAlert, type Observation, once } from './observe.ts';
import type { ChainAlert, SetterReport, SetterStep } from './report.ts';

/** What was done, or why nothing was. */
export interface Done {
  readonly steps: readonly SetterStep[];
  readonly alerts: readonly ChainAlert[];
  readonly againInBlocks: number;
}

/** After what a person must mend, or what passes by itself. */
const RETRY_BLOCKS = 5;

export function dryRun({ draft, why, obstacles, row }: Observation): Done {
  const steps: SetterStep[] = obstacles.map(({ message }) => ({ kind: 'held_back', message }));
  const shown = row === null ? 'nothing' : row.uids.map((uid, at) => `${uid}: ${row.values[at]}`).join(', ');
  const by =
    draft === null
      ? (why ?? '')
      : `by ${draft.call.name} for epoch ${draft.epoch}${revealNote(draft.reveal)}`;
  steps.push({ kind: 'dry_run', message: `nothing is sent; would send ${shown}: ${by}` });
  return { steps, alerts: [], againInBlocks: RETRY_BLOCKS };
}

/** The lease is somebody else's; `alerts`: what failed before stays to be seen meanwhile. */
export function elsewhere(alerts: readonly ChainAlert[]): Done {
  return {
    steps: [{ kind: 'wait', message: 'another process is at it' }],
    alerts,
    againInBlocks: 1,
  };
}

export function reportOf(
  at: number,
  seen: Observation,
  { steps, alerts, againInBlocks }: Done,
): SetterReport {
  return {
    at,
    block: seen.state.block,
    subnet: seen.state,
    path: seen.path,
    shares: seen.standing?.shares ?? null,
    row: seen.row,
    steps,
    alerts: once([...alerts, ...seen.alerts]),
    againInBlocks,
  };
}

/** Nothing could be read, or a defect: either way nothing is sent. */
export function failedReport(at: number, error: unknown): SetterReport {
  const alert: ChainAlert =
    error instanceof ChainError
      ? chainAlert(error)
      : { code: 'unknown', severity: 'page', message: `a look at the chain failed: ${String(error)}` };
  return {
    at,
    block: null,
    subnet: null,
    path: 'none',
    shares: null,
    row: null,
    steps: [{ kind: 'wait', message: alert.message }],
    alerts: [alert],
    againInBlocks: RETRY_BLOCKS,
  };
}

/** The end of a sentence about weights that are sent. */
export function revealNote(reveal: { readonly round: number; readonly from: number } | null): string {
  return reveal === null
    ? ''
    : `, to be opened with drand round ${reveal.round} from block ${reveal.from} on`;
}

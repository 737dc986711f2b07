/** What the stored attempts give an operator cause to see. Pure. */
import { CHAIN_PROBLEM_CODES } from '../chain.ts';
import type { SubnetState } from '../subnet.ts';
import { strangerAt } from './not-alone.ts';
import type { AlertCode, ChainAlert } from './report.ts';
import type { WeightSet } from './weight-set.ts';

/** Failures that the next attempt mends by itself. */
const MENDED: readonly string[] = ['epoch_over', 'outdated_plan', 'era_over', 'nonce_used', 'too_fast'];
const KNOWN: readonly string[] = [...CHAIN_PROBLEM_CODES, 'reveal_lost', 'row_differs'];

/** Failures that are nobody's fault once, and of an endpoint or of another user of the key when they come again. */
const REPEATED: readonly string[] = ['era_over', 'nonce_used'];

/**
 * All that the stored attempts tell at a block, whoever works on them now.
 *
 * @param history newest first
 */
export function historyAlerts(state: SubnetState, history: readonly WeightSet[]): ChainAlert[] {
  const stranger = strangerAt(state, history);
  return [...(stranger === null ? [] : [stranger.alert]), ...failureAlerts(history)];
}

/**
 * One alert for each way in which attempts failed since a row was read back last; it stands until the next one is. The
 * silent failures of the chain are among them: a commit that was never opened, and a row that is not ours.
 *
 * @param history newest first
 */
export function failureAlerts(history: readonly WeightSet[]): ChainAlert[] {
  const verified = history.findIndex(({ state }) => state === 'verified');
  const since = verified === -1 ? history : history.slice(0, verified);
  const failed = since.filter(
    ({ state, failureCode }) => state === 'failed' && failureCode !== null && !MENDED.includes(failureCode),
  );
  const newest = new Map(failed.toReversed().map((set) => [set.failureCode, set]));
  const alerts = [...newest.values()].map(
    (set): ChainAlert => ({
      code: alertCode(set.failureCode ?? ''),
      severity: 'page',
      message: `the weights of epoch ${set.epoch} failed: ${set.failure ?? set.failureCode}`,
    }),
  );
  return [...alerts, ...repeatedAlert(since)];
}

function repeatedAlert(since: readonly WeightSet[]): ChainAlert[] {
  const again = since.filter(({ failureCode }) => REPEATED.includes(failureCode ?? ''));
  const [last] = again;
  if (last === undefined || again.length < 2) return [];
  return [
    {
      code: 'never_included',
      severity: 'page',
      message: `${again.length} attempts since a row was read back were in no block, the last one for epoch ${last.epoch}: ${last.failure}. See whether the endpoint passes transactions on, and who else uses the key`,
    },
  ];
}

function alertCode(code: string): AlertCode {
  return KNOWN.includes(code) ? (code as AlertCode) : 'unknown';
}

/** Whether the chain will ever open or drop a commit that still waits in its storage. Pure. */
import type { Snapshot } from './snapshot.ts';
import { LONGEST_EPOCH, type WeightSet } from './weight-set.ts';

/**
 * Why it never will, by the chain's own rule; null while it may. A commit of epoch e is opened in epoch e plus the reveal period,
 * and what is older is taken away: in the next block today, on the old chain in the next block in which an epoch runs. Source:
 * subtensor `reveal_crv3_commits` of f59e608, `reveal_crv3_commits_for_subnet` of 14bc6f9.
 *
 * @param committed the epoch under which the chain keeps it
 */
export function neverLeaves(
  committed: number,
  { revealFrom, revealUntil }: Pick<WeightSet, 'revealFrom' | 'revealUntil'>,
  { state, epoch: now }: Pick<Snapshot, 'state' | 'epoch'>,
): string | null {
  const { block, revealPeriodEpochs, netuid } = state;
  const due = committed + revealPeriodEpochs;
  if (now === null) {
    const late = block.number - (revealUntil ?? revealFrom ?? block.number);
    if (late < LONGEST_EPOCH) return null;
    return `the chain still keeps the commit ${late} blocks after it should have opened it, and runs no epochs of subnet ${netuid} in which it could: see its tempo`;
  }
  // an epoch more than the rule has it: the period may have been another one until now
  if (now > due + 1)
    return `the chain still keeps the commit of epoch ${committed}, which it opens in epoch ${due} or takes away after it, and is in epoch ${now} already: it does not look at it any more`;
  if (committed > now + 1)
    return `the chain counts the epochs of subnet ${netuid} anew, by another tempo or because it was registered anew: it is in epoch ${now}, and would open the commit of epoch ${committed} only in epoch ${due}`;
  return null;
}

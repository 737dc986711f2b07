/** Whether another program sets weights with our hotkey: its last update on chain is then none of ours. Pure. */
import { commitEpoch, type EpochSchedule } from '../epoch.ts';
import type { SubnetState } from '../subnet.ts';
import type { ChainAlert } from './report.ts';
import { UNKNOWN_OUTCOME, type WeightSet } from './weight-set.ts';

export interface Stranger {
  /** Block of its weights. */
  readonly block: number;
  /** They count to the epoch that runs now: it has its weights, and more would only take turns with theirs. */
  readonly usesEpoch: boolean;
  readonly alert: ChainAlert;
}

/**
 * Null while nothing tells of another program. A database that was lost or set back looks like one, until the next epoch.
 *
 * @param history newest first
 */
export function strangerAt(state: SubnetState, history: readonly WeightSet[]): Stranger | null {
  const { own, schedule, netuid } = state;
  if (own === null || own.uid === null || own.lastUpdate <= own.registeredAt || schedule.tempo === 0)
    return null;
  const block = own.lastUpdate;
  if (history.some((set) => mayBe(set, block))) return null;
  const ours = history.flatMap(({ includedBlock }) => includedBlock ?? []);
  const usesEpoch = isInEpoch(block, schedule);
  if (block <= Math.max(0, ...ours) || (ours.length === 0 && !usesEpoch)) return null;
  return {
    block,
    usesEpoch,
    alert: {
      code: 'not_alone',
      // whoever takes over from another program meets its last weights once
      severity: ours.length === 0 ? 'warn' : 'page',
      message: `the weights of ${own.hotkey} on subnet ${netuid} in block ${block} were not sent from here: another program uses this hotkey, or what was stored of it is lost. Nothing is sent in an epoch that it sent in; end one of the two`,
    },
  };
}

/** Bytes of which nobody knows yet, or any more, what became of them. A reveal may count as an update too. */
function mayBe(
  { state, extrinsic, failureCode, includedBlock, verifiedBlock }: WeightSet,
  block: number,
): boolean {
  if (includedBlock === block || verifiedBlock === block) return true;
  const isOpen = state === 'signed' || failureCode === UNKNOWN_OUTCOME;
  return isOpen && extrinsic !== null && extrinsic.birthBlock <= block && block < extrinsic.deathBlock;
}

/** A call in the very block of an epoch counts to the next one. */
function isInEpoch(block: number, schedule: EpochSchedule): boolean {
  if (schedule.form === 'stateful') return block >= schedule.lastEpochBlock;
  return commitEpoch({ ...schedule, head: block - 1 }) === commitEpoch(schedule);
}

/** Whether new bytes may be signed at one finalized block, and when to look again where they may not. Pure. */
import { nextEpochBlock } from '../epoch.ts';
import { whenToSend } from '../epoch-window.ts';
import type { Draft } from './draft-weights.ts';
import type { Snapshot } from './snapshot.ts';
import { LONGEST_EPOCH, UNKNOWN_OUTCOME, type WeightSet } from './weight-set.ts';

export interface Wait {
  readonly kind: 'wait' | 'held_back';
  readonly message: string;
  /** At least 1. */
  readonly blocks: number;
}

export type Gate = { readonly open: true; readonly draft: Draft } | ({ readonly open: false } & Wait);

/** What a person must mend is looked at again after this. */
const HELD_BLOCKS = 5;
/** After n attempts of an epoch that were signed and failed, the next one waits n times as many blocks. */
const BACKOFF_BLOCKS = 4;

/** Whether new bytes may be signed at this block. */
export function gateOf(snapshot: Snapshot): Gate {
  const { state, draft, why, obstacles, history } = snapshot;
  const head = state.block.number;
  if (draft === null) return closed('held_back', why ?? 'there is nothing to send', HELD_BLOCKS);
  const untilEpoch = nextEpochBlock(state.schedule) - head;
  const used = history.find(
    (set) => set.epoch === draft.epoch && head - set.plannedBlock < LONGEST_EPOCH && usesEpoch(set),
  );
  if (used !== undefined && used.state !== 'planned' && used.state !== 'signed')
    return closed(
      'wait',
      `the weights of epoch ${draft.epoch} were sent in block ${used.includedBlock ?? used.plannedBlock}`,
      untilEpoch,
    );
  const when = whenToSend(state.schedule, {
    lastUpdate: state.own?.lastUpdate ?? 0,
    rateLimitBlocks: state.rateLimitBlocks,
  });
  if (when.kind === 'wait') return closed('wait', when.message, when.blocks);
  const backoff = backoffOf(history, draft.epoch) - head;
  if (backoff > 0)
    return closed(
      'wait',
      `the last attempt failed: the next one is made in block ${head + backoff}`,
      backoff,
    );
  const [obstacle] = obstacles;
  if (obstacle !== undefined) return closed('held_back', obstacle.message, HELD_BLOCKS);
  return { open: true, draft };
}

function closed(kind: Wait['kind'], message: string, blocks: number): Gate {
  return { open: false, kind, message, blocks };
}

/** One that was included has used its epoch, also when its row was not found later. */
function usesEpoch({ state, includedBlock, failureCode }: WeightSet): boolean {
  return state !== 'failed' || includedBlock !== null || failureCode === UNKNOWN_OUTCOME;
}

/** The block from which on the next attempt of this epoch may be made. */
function backoffOf(history: readonly WeightSet[], epoch: number): number {
  const failed = history.filter(
    (set) => set.epoch === epoch && set.state === 'failed' && set.extrinsic !== null,
  );
  const last = Math.max(0, ...failed.map(({ plannedBlock }) => plannedBlock));
  return last + BACKOFF_BLOCKS * failed.length;
}

/** Every attempt to set weights on chain. One row decides: a state is left once, and an epoch has one attempt that lives. */
import { holdLock, isUniqueViolation, type Queryable } from './connection.ts';

export interface WeightSlotColumns {
  readonly genesisHash: string;
  readonly netuid: number;
  readonly hotkey: string;
}

export interface WeightSetRow extends WeightSlotColumns {
  readonly id: number;
  readonly epoch: number;
  readonly attempt: number;
  readonly state: 'planned' | 'signed' | 'included' | 'verified' | 'failed';
  /** JSON: `[{hotkey, share}]`. */
  readonly shares: string;
  readonly standingAt: number;
  /** JSON: `{uids, values}`. */
  readonly row: string;
  readonly call: string;
  readonly kind: 'plain' | 'timelocked';
  readonly plannedBlock: number;
  readonly revealRound: number | null;
  readonly revealFrom: number | null;
  readonly revealUntil: number | null;
  readonly commitHash: string | null;
  /** JSON: the signed extrinsic. */
  readonly extrinsic: string | null;
  readonly includedBlock: number | null;
  readonly includedHash: string | null;
  readonly extrinsicIndex: number | null;
  readonly verifiedBlock: number | null;
  readonly verifiedBy: 'event' | 'row' | null;
  readonly failureCode: string | null;
  readonly failure: string | null;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

const UNFINISHED = ['planned', 'signed', 'included'];
/** May still be included, and so count to whatever epoch it is included in. */
const UNSETTLED = ['planned', 'signed'];

/**
 * Stores the next attempt for its epoch as `planned`. Null, and nothing stored, while any attempt of this slot may still be
 * included, and once one for this epoch was: whoever looked at the chain too long ago changes nothing. What was planned up to
 * block `since` is of another count of epochs.
 */
export async function insertWeightSet(
  db: Queryable,
  set: Omit<WeightSetRow, 'id' | 'attempt' | 'state'>,
  { since }: { readonly since: number },
): Promise<WeightSetRow | null> {
  const { genesisHash, netuid, hotkey, epoch } = set;
  const slot = { genesisHash, netuid, hotkey };
  try {
    return await db.transaction(async (trx) => {
      await holdLock(trx, 'weight-sets');
      const unsettled = await trx('weightSets').where(slot).whereIn('state', UNSETTLED).first('id');
      const before: Pick<WeightSetRow, 'attempt' | 'state' | 'includedBlock' | 'plannedBlock'>[] = await trx(
        'weightSets',
      )
        .where({ ...slot, epoch })
        .select('attempt', 'state', 'includedBlock', 'plannedBlock');
      const isUsed = before.some(
        ({ state, includedBlock, plannedBlock }) =>
          plannedBlock > since && (state !== 'failed' || includedBlock !== null),
      );
      if (unsettled !== undefined || isUsed) return null;
      const attempt = Math.max(0, ...before.map((row) => row.attempt)) + 1;
      const [row] = await trx('weightSets')
        .insert({ ...set, attempt, state: 'planned' })
        .returning('*');
      return row as WeightSetRow;
    });
  } catch (error) {
    if (isUniqueViolation(error)) return null;
    throw error;
  }
}

/** False when it was not in `from` any more: then nothing is changed. */
export async function moveWeightSet(
  db: Queryable,
  id: number,
  from: WeightSetRow['state'],
  change: Partial<Omit<WeightSetRow, 'id'>>,
): Promise<boolean> {
  return (await db('weightSets').where({ id, state: from }).update(change)) === 1;
}

/** Those that wait for something, oldest first. */
export async function unfinishedWeightSets(db: Queryable, slot: WeightSlotColumns): Promise<WeightSetRow[]> {
  return db('weightSets').where(slotOf(slot)).whereIn('state', UNFINISHED).orderBy('id');
}

export async function newestWeightSets(
  db: Queryable,
  slot: WeightSlotColumns,
  limit: number,
): Promise<WeightSetRow[]> {
  return db('weightSets').where(slotOf(slot)).orderBy('id', 'desc').limit(limit);
}

/** The newest one whose row was read back; null before the first. */
export async function lastVerifiedWeightSet(
  db: Queryable,
  slot: WeightSlotColumns,
): Promise<WeightSetRow | null> {
  const row = await db('weightSets')
    .where({ ...slotOf(slot), state: 'verified' })
    .orderBy('id', 'desc')
    .first();
  return row ?? null;
}

function slotOf({ genesisHash, netuid, hotkey }: WeightSlotColumns): WeightSlotColumns {
  return { genesisHash, netuid, hotkey };
}

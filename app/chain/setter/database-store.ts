/** Attempts in the database of an App; replicas share them. */
import { isUniqueViolation, type Queryable } from '../../../db/connection.ts';
import { releaseLease, takeLease } from '../../../db/facts.ts';
import {
  insertWeightSet,
  lastVerifiedWeightSet,
  moveWeightSet,
  newestWeightSets,
  unfinishedWeightSets,
  type WeightSetRow,
} from '../../../db/weight-sets.ts';
import {
  LONGEST_EPOCH,
  NOTHING_KNOWN,
  type WeightSet,
  type WeightSetStore,
  type WeightSlot,
} from './weight-set.ts';

export interface DatabaseStoreOptions {
  /** Who holds the lease: one name for each process. */
  readonly owner: string;
  readonly now: () => number;
  /** How long others wait for a process that died at work. A living one renews its lease. */
  readonly leaseMs: number;
}

/**
 * The lease only saves work: whoever is held up for longer than it lasts finds that `move` and `plan` refuse what another
 * one has done meanwhile.
 */
export function databaseWeightSetStore(
  db: Queryable,
  { owner, now, leaseMs }: DatabaseStoreOptions,
): WeightSetStore {
  const atWork = new Set<string>();
  return {
    async alone(slot, work) {
      const name = leaseOf(slot);
      const take = () => takeLease(db, name, { owner, now: now(), leaseMs });
      // a lease lets its own owner in again
      if (atWork.has(name)) return null;
      atWork.add(name);
      try {
        if (!(await take())) return null;
        const beat = setInterval(() => void take().catch(() => {}), leaseMs / 3).unref();
        try {
          return await work();
        } finally {
          clearInterval(beat);
          await releaseLease(db, name, owner);
        }
      } finally {
        atWork.delete(name);
      }
    },
    unfinished: async (slot) => (await unfinishedWeightSets(db, slot)).map(parsed),
    history: async (slot, limit) => (await newestWeightSets(db, slot, limit)).map(parsed),
    async lastVerified(slot) {
      const row = await lastVerifiedWeightSet(db, slot);
      return row === null ? null : parsed(row);
    },
    async plan(set) {
      const { shares, row, ...rest } = set;
      const planned = {
        ...rest,
        shares: JSON.stringify(shares),
        row: JSON.stringify(row),
        ...NOTHING_KNOWN,
        updatedAt: now(),
      };
      const stored = await insertWeightSet(db, planned, { since: set.plannedBlock - LONGEST_EPOCH });
      return stored === null ? null : parsed(stored);
    },
    async move(id, from, { id: _, shares, row, extrinsic, failure, epoch, attempt, ...change }) {
      const changed = {
        ...change,
        ...(shares === undefined ? {} : { shares: JSON.stringify(shares) }),
        ...(row === undefined ? {} : { row: JSON.stringify(row) }),
        ...(extrinsic === undefined ? {} : { extrinsic: extrinsic && JSON.stringify(extrinsic) }),
        ...(failure === undefined ? {} : { failure: failure === null ? null : storable(failure) }),
        updatedAt: now(),
      };
      const place = {
        ...(epoch === undefined ? {} : { epoch }),
        ...(attempt === undefined ? {} : { attempt }),
      };
      try {
        return await moveWeightSet(db, id, from, { ...changed, ...place });
      } catch (error) {
        if (!isUniqueViolation(error)) throw error;
        // that attempt of that epoch is taken: what became of this one counts, and it stays where it was
        return moveWeightSet(db, id, from, changed);
      }
    },
  };
}

/** PostgreSQL's text holds no NUL, and a node's answer may. */
function storable(text: string): string {
  return text.replaceAll('\0', '').slice(0, 2_000);
}

function parsed({ shares, row, extrinsic, ...rest }: WeightSetRow): WeightSet {
  return {
    ...rest,
    shares: JSON.parse(shares),
    row: JSON.parse(row),
    extrinsic: extrinsic === null ? null : JSON.parse(extrinsic),
  };
}

/** Fits the column: 10 digits of the genesis tell chains apart, and a collision would only cost a wait. */
function leaseOf({ genesisHash, netuid, hotkey }: WeightSlot): string {
  return `weights:${genesisHash.slice(0, 12)}:${netuid}:${hotkey}`;
}

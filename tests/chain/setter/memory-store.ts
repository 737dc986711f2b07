/** Attempts in memory, as every store keeps them. A process that died leaves its lease to the next one. */
import {
  LONGEST_EPOCH,
  NOTHING_KNOWN,
  type WeightSet,
  type WeightSetStore,
} from '../../../app/chain/setter/weight-set.ts';

export interface MemoryRows {
  sets: WeightSet[];
  busy: boolean;
}

export function memoryStore(rows: MemoryRows, { lease = true } = {}): WeightSetStore {
  const { sets } = rows;
  return {
    async alone(_, work) {
      if (!lease) return work();
      if (rows.busy) return null;
      rows.busy = true;
      try {
        return await work();
      } finally {
        rows.busy = false;
      }
    },
    unfinished: async () => sets.filter(({ state }) => ['planned', 'signed', 'included'].includes(state)),
    history: async (_, limit) => sets.toReversed().slice(0, limit),
    lastVerified: async () => sets.findLast(({ state }) => state === 'verified') ?? null,
    async plan(set) {
      const same = sets.filter(({ epoch }) => epoch === set.epoch);
      const refused =
        sets.some(({ state }) => state === 'planned' || state === 'signed') ||
        same.some(
          ({ state, includedBlock, plannedBlock }) =>
            set.plannedBlock - plannedBlock < LONGEST_EPOCH && (state !== 'failed' || includedBlock !== null),
        );
      if (refused) return null;
      const stored: WeightSet = {
        ...set,
        id: sets.length + 1,
        attempt: Math.max(0, ...same.map(({ attempt }) => attempt)) + 1,
        state: 'planned',
        ...NOTHING_KNOWN,
        updatedAt: set.createdAt,
      };
      sets.push(stored);
      return stored;
    },
    async move(id, from, change) {
      const at = sets.findIndex((set) => set.id === id && set.state === from);
      const set = sets[at];
      if (set === undefined) return false;
      sets[at] = { ...set, ...change };
      return true;
    },
  };
}

/** Attempts to set weights, in the state file of a validator who follows a Referee. */
import {
  LONGEST_EPOCH,
  type NewWeightSet,
  NOTHING_KNOWN,
  type WeightSet,
  type WeightSetStore,
  type WeightSlot,
} from '../chain/setter/weight-set.ts';
import type { StateFile } from './follow-state.ts';

/** Finished ones beyond these are forgotten: a week of epochs on mainnet. */
const KEPT = 150;
const LIVE = ['planned', 'signed', 'included'];

/** For the process that holds the lock of the file: what it does at the same time is kept apart here. */
export function fileWeightSetStore(file: StateFile, now: () => number): WeightSetStore {
  const atWork = new Set<string>();
  const sets = (slot: WeightSlot) => file.read().weightSets.filter((set) => isOf(slot, set));
  const keep = (weightSets: readonly WeightSet[]) =>
    file.change((state) => ({ ...state, weightSets: trimmed(weightSets) }));
  return {
    async alone(slot, work) {
      const name = `${slot.genesisHash} ${slot.netuid} ${slot.hotkey}`;
      if (atWork.has(name)) return null;
      atWork.add(name);
      try {
        return await work();
      } finally {
        atWork.delete(name);
      }
    },
    unfinished: async (slot) => sets(slot).filter(({ state }) => LIVE.includes(state)),
    history: async (slot, limit) => sets(slot).reverse().slice(0, limit),
    lastVerified: async (slot) => sets(slot).findLast(({ state }) => state === 'verified') ?? null,
    async plan(set) {
      const before = sets(set);
      if (before.some((other) => isInTheWay(other, set))) return null;
      const { weightSets } = file.read();
      const attempts = before.filter(({ epoch }) => epoch === set.epoch).map(({ attempt }) => attempt);
      const planned: WeightSet = {
        ...set,
        id: Math.max(0, ...weightSets.map(({ id }) => id)) + 1,
        attempt: Math.max(0, ...attempts) + 1,
        state: 'planned',
        ...NOTHING_KNOWN,
        updatedAt: now(),
      };
      keep([...weightSets, planned]);
      return planned;
    },
    async move(id, from, change) {
      const { weightSets } = file.read();
      const before = weightSets.find((set) => set.id === id && set.state === from);
      if (before === undefined) return false;
      const after = { ...before, ...change, id, updatedAt: now() };
      // a node's answer may be of any length
      const moved = { ...after, failure: after.failure?.slice(0, 2_000) ?? null };
      keep(weightSets.map((set) => (set === before ? moved : set)));
      return true;
    },
  };
}

/** One that may still be included, for whatever epoch, or one that has used this epoch. */
function isInTheWay({ state, epoch, includedBlock, plannedBlock }: WeightSet, wanted: NewWeightSet): boolean {
  return (
    state === 'planned' ||
    state === 'signed' ||
    (epoch === wanted.epoch &&
      wanted.plannedBlock - plannedBlock < LONGEST_EPOCH &&
      (state !== 'failed' || includedBlock !== null))
  );
}

function isOf(slot: WeightSlot, set: WeightSet): boolean {
  return set.genesisHash === slot.genesisHash && set.netuid === slot.netuid && set.hotkey === slot.hotkey;
}

/** The last verified one of each slot stays, however long ago: its shares are paid again in an outage. */
function trimmed(sets: readonly WeightSet[]): WeightSet[] {
  const old = new Set(sets.filter(({ state }) => !LIVE.includes(state)).slice(0, -KEPT));
  const verified = sets.filter(({ state }) => state === 'verified');
  return sets.filter((set) => !old.has(set) || verified.findLast((other) => isOf(set, other)) === set);
}

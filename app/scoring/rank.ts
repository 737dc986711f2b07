/** Places of a standing: who is ahead of whom, and who has no place. */
import type { Hotkey, OwnerId } from '../ids.ts';
import { isPositive } from './score.ts';

/** The hotkey and account whose push first delivered a code digest; the hotkey is null while that fork is unlinked. */
export interface DigestOwner {
  readonly hotkey: Hotkey | null;
  readonly ownerId: OwnerId;
}

export interface Entry {
  readonly id: number;
  readonly hotkey: Hotkey;
  readonly ownerId: OwnerId;
  /** Present once a chain is known; then a coldkey has one place too. */
  readonly coldkey?: string | null;
  /** From an accepted decision; null, 0 (over-claimed) or a figure that is not finite never ranks. */
  readonly score: number | null;
  /** Unix milliseconds at which the push arrived. Commit dates never count. */
  readonly receivedAt: number;
  /** Who owns the entry's code digest; null for the pinned upstream's own, which belongs to nobody. */
  readonly digestOwner: DigestOwner | null;
}

export interface Place<E extends Entry = Entry> {
  /** 1 is the winner. Place 1 is absent when nobody beats the baseline. */
  readonly place: number;
  readonly entry: E;
  /** True when an entry with a higher score tied with this one and had arrived later. */
  readonly wonTie: boolean;
}

export interface RankOptions {
  /** Scores within this fraction of the best one left tie with it. */
  readonly tieMargin?: number;
  /** The winner must score more than baseline x (1 + margin). None: everybody ranks. */
  readonly baseline?: number | null;
  readonly margin?: number;
  /** What the other places must score more than; baseline x (1 + margin) when not given. */
  readonly floor?: number | null;
}

/**
 * The places, first to last, one per hotkey, owner and coldkey (its best entry). Copies have none. Among the entries
 * left the best score s is found; all with score >= s / (1 + tieMargin) tie with it, and the tie goes to the earliest
 * receipt, then the lowest id. Does not depend on the order of `entries`. Source: ranking rules 4 to 6, design rule 7.
 * Throws RangeError for a margin that is negative or not finite.
 */
export function rank<E extends Entry>(entries: readonly E[], options: RankOptions = {}): Place<E>[] {
  const { tieMargin = 0.01, baseline = null, margin = 0.01 } = options;
  for (const value of [tieMargin, margin])
    if (!Number.isFinite(value) || value < 0) throw new RangeError(`a margin is 0 or more, not ${value}`);
  const beatBaseline = baseline === null ? Number.NEGATIVE_INFINITY : baseline * (1 + margin);
  const floor = options.floor ?? beatBaseline;
  if (Number.isNaN(beatBaseline) || Number.isNaN(floor))
    throw new RangeError('baseline and floor are numbers');

  let left = bestOfEach(entries.filter(mayRank)).filter((entry) => entry.score > floor);
  const places: Place<Ranked<E>>[] = [];
  const winner = takeFirst(
    left.filter((entry) => entry.score > beatBaseline),
    tieMargin,
  );
  if (winner !== null) {
    places.push({ place: 1, ...winner });
    left = left.filter((entry) => entry !== winner.entry);
  }
  for (let place = 2; left.length > 0; place += 1) {
    const next = takeFirst(left, tieMargin);
    if (next === null) break;
    places.push({ place, ...next });
    left = left.filter((entry) => entry !== next.entry);
  }
  return places;
}

/**
 * Whether somebody else delivered this code first. An account that pushed the code before it was linked stays its
 * owner afterwards.
 */
export function isCopy(entry: Pick<Entry, 'hotkey' | 'ownerId' | 'digestOwner'>): boolean {
  const owner = entry.digestOwner;
  if (owner === null) return false;
  return owner.ownerId !== entry.ownerId || (owner.hotkey !== null && owner.hotkey !== entry.hotkey);
}

type Ranked<E extends Entry> = E & { readonly score: number };

function mayRank<E extends Entry>(entry: E): entry is Ranked<E> {
  return isPositive(entry.score) && Number.isFinite(entry.receivedAt) && !isCopy(entry);
}

/** The best entry of every hotkey, owner and coldkey, best first; of equal ones the earlier. */
function bestOfEach<E extends Entry>(entries: readonly Ranked<E>[]): Ranked<E>[] {
  const taken = new Set<string>();
  return [...entries]
    .sort((a, b) => b.score - a.score || byReceipt(a, b))
    .filter((entry) => {
      const keys = [`hotkey ${entry.hotkey}`, `owner ${entry.ownerId}`];
      if (entry.coldkey) keys.push(`coldkey ${entry.coldkey}`);
      if (keys.some((key) => taken.has(key))) return false;
      for (const key of keys) taken.add(key);
      return true;
    });
}

/** `entries` are best first. */
function takeFirst<E extends Entry>(
  entries: readonly Ranked<E>[],
  tieMargin: number,
): { entry: Ranked<E>; wonTie: boolean } | null {
  const best = entries[0];
  if (best === undefined) return null;
  const tied = entries.filter((entry) => entry.score >= best.score / (1 + tieMargin));
  const entry = tied.reduce((first, other) => (byReceipt(other, first) < 0 ? other : first), best);
  return { entry, wonTie: entry.score < best.score };
}

function byReceipt(a: Entry, b: Entry): number {
  return a.receivedAt - b.receivedAt || a.id - b.id;
}

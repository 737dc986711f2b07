/** Builder of ranking entries; ids and receipt times follow the order in which they are made. */
import type { Hotkey, OwnerId } from '../../app/ids.ts';
import type { DigestOwner, Entry } from '../../app/scoring/rank.ts';

export const hotkey = (name: string): Hotkey => `5${name}` as Hotkey;
export const owner = (id: number): OwnerId => id as OwnerId;

/** Entries of miners given as `[name, score]`, in receipt order; every name is a hotkey with an owner of its own. */
export function inReceiptOrder(...rows: readonly (readonly [name: string, score: number | null])[]): Entry[] {
  return rows.map(([name, score], index) =>
    anEntry({ name, score, id: index + 1, receivedAt: 1000 + index }),
  );
}

export function anEntry(
  given: { readonly name: string } & Partial<Omit<Entry, 'hotkey'>> & {
      readonly firstBy?: DigestOwner | null;
    },
): Entry {
  const { name, firstBy, ...rest } = given;
  const who = { hotkey: hotkey(name), ownerId: rest.ownerId ?? owner(name.charCodeAt(0)) };
  return {
    id: 1,
    score: 1_000_000,
    receivedAt: 1000,
    digestOwner: firstBy === undefined ? who : firstBy,
    ...rest,
    ...who,
  };
}

/** `A B` for places 1 and 2; an empty place 1 is `-`. */
export function shown(places: readonly { place: number; entry: Entry }[]): string {
  const row: string[] = [];
  for (const { place, entry } of places) row[place - 1] = entry.hotkey.slice(1);
  return Array.from(row, (name) => name ?? '-').join(' ');
}

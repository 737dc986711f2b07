/** Storage of the pallet that knows subnets, at the one block of a view. */
import type { QueryableStorageEntry } from '@polkadot/api/types';
import type { Codec } from '@polkadot/types/types';
import { ChainError, type ChainView } from './chain.ts';

export type StorageItem = QueryableStorageEntry<'promise'>;

/** Null where the item is one that this runtime does not have. */
type Values<Items> = { readonly [Name in keyof Items]: null extends Items[Name] ? Codec | null : Codec };

/** An item of SubtensorModule by its name in camel case; null where the runtime stores no such thing. */
export function storageItem({ api }: Pick<ChainView, 'api'>, name: string): StorageItem | null {
  return api.query.subtensorModule?.[name] ?? null;
}

/** Throws `ChainError` `unknown_runtime` where the runtime stores no such thing. */
export function requiredItem(view: Pick<ChainView, 'api' | 'specVersion'>, name: string): StorageItem {
  const item = storageItem(view, name);
  if (item !== null) return item;
  throw new ChainError(
    'unknown_runtime',
    `the runtime (spec ${view.specVersion}) has no SubtensorModule.${name}: see whether the endpoint is a node of Bittensor, and update Quasar Referee`,
  );
}

/** What plain items and those keyed by netuid hold, all in one request. */
export async function readItems<Items extends Readonly<Record<string, StorageItem | null>>>(
  { api }: Pick<ChainView, 'api'>,
  netuid: number,
  items: Items,
): Promise<Values<Items>> {
  const present = Object.entries(items).flatMap(([name, item]) => (item === null ? [] : [{ name, item }]));
  const values = await api.queryMulti(
    present.map(({ item }) => (item.creator.meta.type.isPlain ? item : [item, netuid])),
  );
  const found = Object.fromEntries(present.map(({ name }, index) => [name, values[index]]));
  return Object.fromEntries(Object.keys(items).map((name) => [name, found[name] ?? null])) as Values<Items>;
}

/** A number of blocks, uids or epochs. A u64 above all that can be meant reads as the largest exact number. */
export function toCount(value: Codec): number {
  const exact = BigInt(value.toString());
  return exact > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(exact);
}

export function toFlag(value: Codec): boolean {
  return value.toPrimitive() === true;
}

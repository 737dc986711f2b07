/** What metadata says of one pallet, and of the items of its storage. */
import type { TypeId } from './type-table.ts';

export type Hasher = 'Identity' | 'Twox64Concat' | 'Blake2_128Concat';

export interface StorageItem {
  readonly name: string;
  readonly modifier: 'Default' | 'Optional';
  readonly type: unknown;
  /** SCALE bytes of what an absent entry reads as. */
  readonly fallback: string;
  readonly docs: readonly string[];
}

export interface Pallet {
  readonly name: string;
  readonly index: number;
  readonly storage?: readonly StorageItem[];
  readonly calls?: TypeId;
  readonly events?: TypeId;
  readonly errors?: TypeId;
  readonly constants?: readonly { readonly name: string; readonly type: TypeId; readonly value: string }[];
}

export const plainItem = (name: string, value: TypeId, fallback: string): StorageItem => ({
  name,
  modifier: 'Default',
  type: { Plain: value },
  fallback,
  docs: [],
});

/** A map; an absent entry reads as `fallback`, or as nothing where that is null. */
export const mapItem = (
  name: string,
  {
    hashers,
    key,
    value,
    fallback,
  }: { hashers: Hasher[]; key: TypeId; value: TypeId; fallback: string | null },
): StorageItem => ({
  name,
  modifier: fallback === null ? 'Optional' : 'Default',
  type: { Map: { hashers, key, value } },
  fallback: fallback ?? '0x00',
  docs: [],
});

/** Little-endian SCALE of an unsigned number of that many bytes. */
export function le(value: number | bigint, size: 1 | 2 | 4 | 8): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return `0x${bytes.subarray(0, size).toString('hex')}`;
}

export const NOTHING = '0x00';
export const ZERO_32 = `0x${'00'.repeat(32)}`;

export function palletMetadata({ name, index, storage, calls, events, errors, constants }: Pallet) {
  const typed = (type: TypeId | undefined) => (type === undefined ? null : { type });
  return {
    name,
    index,
    storage: storage === undefined ? null : { prefix: name, items: storage },
    calls: typed(calls),
    events: typed(events),
    errors: typed(errors),
    constants: (constants ?? []).map((constant) => ({ ...constant, docs: [] })),
    docs: [],
  };
}

/** The state that the next block is made from: typed reads and writes of storage. */
import type { Codec } from '@polkadot/types/types';
import type { Runtime } from './runtime.ts';
import type { Storage } from './storage.ts';

export type Keys = readonly unknown[];

export class ChainState {
  readonly #storage: Storage;
  readonly #building: { readonly runtime: Runtime; readonly number: number };

  /** `building`: the runtime, and the number of the block that writes go to. */
  constructor(storage: Storage, building: { readonly runtime: Runtime; readonly number: number }) {
    this.#storage = storage;
    this.#building = building;
  }

  /** Number of the block that is made from this. */
  get block(): number {
    return this.#building.number;
  }

  get runtime(): Runtime {
    return this.#building.runtime;
  }

  has(item: string): boolean {
    return this.runtime.has(item);
  }

  read(item: string, ...keys: Keys): Codec | null {
    return this.runtime.decode(item, this.#storage.at(this.runtime.key(item, ...keys), this.block));
  }

  number(item: string, ...keys: Keys): number {
    return Number(this.read(item, ...keys)?.toString() ?? 0);
  }

  bigint(item: string, ...keys: Keys): bigint {
    return BigInt(this.read(item, ...keys)?.toString() ?? 0);
  }

  flag(item: string, ...keys: Keys): boolean {
    return this.read(item, ...keys)?.toJSON() === true;
  }

  /** As polkadot-js writes it in JSON; the caller knows the shape. */
  json<T>(item: string, ...keys: Keys): T {
    return this.read(item, ...keys)?.toJSON() as T;
  }

  /** Keys of a map's entries whose first keys are these. */
  keysUnder(item: string, ...keys: Keys): string[] {
    return this.#storage.keys(this.runtime.prefix(item, ...keys), this.block);
  }

  write(item: string, keys: Keys, value: unknown): void {
    this.#storage.put(this.runtime.key(item, ...keys), this.runtime.encode(item, value), this.block);
  }

  remove(item: string, keys: Keys): void {
    this.#storage.put(this.runtime.key(item, ...keys), null, this.block);
  }
}

/** The little of SCALE that calls for weights are made of: little-endian numbers, and lists behind a compact length. Pure. */
import type { ArgType } from './calls.ts';

/** What an argument holds: u64 is a bigint, so that no version key loses digits. */
export type ArgValue = number | bigint | Uint8Array | readonly number[];

const MAX_U64 = 2n ** 64n - 1n;

/** Throws RangeError for a value that is none of the type. */
export function encodeValue(type: ArgType, value: ArgValue | undefined): Uint8Array {
  switch (type) {
    case 'u8':
      return unsigned(value, 1);
    case 'u16':
      return unsigned(value, 2);
    case 'u64': {
      if (typeof value !== 'bigint' || value < 0n || value > MAX_U64)
        throw new RangeError(`not a u64: ${value}`);
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(value);
      return bytes;
    }
    case 'Bytes':
      if (!(value instanceof Uint8Array)) throw new RangeError('not bytes');
      return Buffer.concat([compactLength(value.length), value]);
    case 'Vec<u16>':
      if (!Array.isArray(value)) throw new RangeError('not a list of u16');
      return Buffer.concat([compactLength(value.length), ...value.map((each) => unsigned(each, 2))]);
  }
}

/** Reads values one after the other. Throws RangeError where the bytes end too early. */
export class ScaleReader {
  #at = 0;
  readonly #bytes: Buffer;
  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes);
  }

  value(type: ArgType): ArgValue {
    switch (type) {
      case 'u8':
        return this.#take(1).readUInt8();
      case 'u16':
        return this.#take(2).readUInt16LE();
      case 'u64':
        return this.#take(8).readBigUInt64LE();
      case 'Bytes':
        return Uint8Array.from(this.#take(this.#length()));
      case 'Vec<u16>': {
        const bytes = this.#take(2 * this.#length());
        return Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16LE(2 * index));
      }
    }
  }

  #take(length: number): Buffer {
    const left = this.#bytes.length - this.#at;
    if (length > left) throw new RangeError(`${length} bytes are wanted, ${left} are left`);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  #length(): number {
    const first = this.#take(1).readUInt8();
    const mode = first & 3;
    if (mode === 3) throw new RangeError('a length of 2^30 or more');
    const more = [0, 1, 3][mode] as number;
    return Math.floor((first + (more === 0 ? 0 : this.#take(more).readUIntLE(0, more) * 256)) / 4);
  }
}

function unsigned(value: unknown, size: 1 | 2): Uint8Array {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= 256 ** size)
    throw new RangeError(`not a u${8 * size}: ${value}`);
  const bytes = Buffer.alloc(size);
  bytes.writeUIntLE(value, 0, size);
  return bytes;
}

function compactLength(length: number): Uint8Array {
  const size = length < 2 ** 6 ? 1 : length < 2 ** 14 ? 2 : 4;
  const bytes = Buffer.alloc(size);
  bytes.writeUIntLE(length * 4 + Math.log2(size), 0, size);
  return bytes;
}

/** What a timelocked commit hides: the SCALE bytes of subtensor's `WeightsTlockPayload`. Pure. */

export interface TimelockPayload {
  /** Public key of the account whose weights these are: the signer, or the real account behind a proxy. Null for runtimes up to spec 293. */
  readonly hotkey: Uint8Array | null;
  readonly uids: readonly number[];
  /** Relative u16, one for each uid. */
  readonly values: readonly number[];
  readonly versionKey: bigint;
}

const MAX_U64 = 2n ** 64n - 1n;

/** Throws `RangeError` on what cannot stand in it, so that nothing is committed that the chain would drop without a word. */
export function timelockPayload({ hotkey, uids, values, versionKey }: TimelockPayload): Uint8Array {
  if (hotkey !== null && hotkey.length !== 32)
    throw new RangeError(`a hotkey's public key has 32 bytes, not ${hotkey.length}`);
  if (uids.length !== values.length) throw new RangeError(`${uids.length} uids, but ${values.length} values`);
  if (versionKey < 0n || versionKey > MAX_U64) throw new RangeError(`not a u64 version key: ${versionKey}`);
  const version = Buffer.alloc(8);
  version.writeBigUInt64LE(versionKey);
  const key = hotkey === null ? [] : [compactLength(hotkey.length), hotkey];
  return Buffer.concat([...key, u16Vector(uids), u16Vector(values), version]);
}

function u16Vector(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * numbers.length);
  for (const [index, number] of numbers.entries()) {
    if (!Number.isInteger(number)) throw new RangeError(`not a u16: ${number}`);
    bytes.writeUInt16LE(number, 2 * index);
  }
  return Buffer.concat([compactLength(numbers.length), bytes]);
}

/** SCALE's compact form of a length below 2^30. */
function compactLength(length: number): Buffer {
  if (length < 2 ** 6) return Buffer.from([length << 2]);
  const bytes = Buffer.alloc(length < 2 ** 14 ? 2 : 4);
  bytes.writeUIntLE(length * 4 + (bytes.length === 2 ? 1 : 2), 0, bytes.length);
  return bytes;
}

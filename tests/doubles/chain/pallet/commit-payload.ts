/** What a commit hides, as the pallet reads it: not with the code that wrote it. */
import { compactFromU8a } from '@polkadot/util';
import { addressOf } from './subnet-state.ts';

export interface CommitPayload {
  /** Null for the payload of spec 293, which names none. */
  readonly hotkey: string | null;
  readonly uids: readonly number[];
  readonly values: readonly number[];
  readonly versionKey: bigint;
}

const KEY_BYTES = 32;
const VERSION_KEY_BYTES = 8;

/** Null for bytes that are none. */
export function readCommitPayload(bytes: Uint8Array, namesHotkey: boolean): CommitPayload | null {
  let rest = Buffer.from(bytes);
  const take = (length: number): Buffer | null => {
    if (length > rest.length) return null;
    const taken = rest.subarray(0, length);
    rest = rest.subarray(length);
    return taken;
  };
  const takeList = (itemBytes: number): Buffer | null => {
    if (rest.length === 0) return null;
    const [width, length] = compactFromU8a(rest);
    take(width);
    return take(length.toNumber() * itemBytes);
  };
  const key = namesHotkey ? takeList(1) : null;
  const [uids, values] = [takeList(2), takeList(2)];
  const versionKey = take(VERSION_KEY_BYTES);
  if (uids === null || values === null || versionKey === null) return null;
  if (namesHotkey && key?.length !== KEY_BYTES) return null;
  return {
    hotkey: key === null ? null : addressOf(key),
    uids: numbers(uids),
    values: numbers(values),
    versionKey: versionKey.readBigUInt64LE(),
  };
}

function numbers(bytes: Buffer): number[] {
  return Array.from({ length: bytes.length / 2 }, (_, at) => bytes.readUInt16LE(2 * at));
}

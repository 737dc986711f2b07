/** What a timelocked commit hides: the SCALE bytes of subtensor's `WeightsTlockPayload`. Pure. */
import { encodeValue } from './calls-scale.ts';

export interface TimelockPayload {
  /** Public key of the account whose weights these are: the signer, or the real account behind a proxy. Null for payload version 3. */
  readonly hotkey: Uint8Array | null;
  readonly uids: readonly number[];
  /** Relative u16, one for each uid. */
  readonly values: readonly number[];
  readonly versionKey: bigint;
}

/** Throws `RangeError` on what cannot stand in it, so that nothing is committed that the chain would drop without a word. */
export function timelockPayload({ hotkey, uids, values, versionKey }: TimelockPayload): Uint8Array {
  if (hotkey !== null && hotkey.length !== 32)
    throw new RangeError(`a hotkey's public key has 32 bytes, not ${hotkey.length}`);
  if (uids.length !== values.length) throw new RangeError(`${uids.length} uids, but ${values.length} values`);
  return Buffer.concat([
    ...(hotkey === null ? [] : [encodeValue('Bytes', hotkey)]),
    encodeValue('Vec<u16>', uids),
    encodeValue('Vec<u16>', values),
    encodeValue('u64', versionKey),
  ]);
}

/** A weight call as bytes, and back: what is sent, and what a signer makes sure that it signs. Pure. */
import type { RuntimeCall } from './calls.ts';
import { type ArgValue, encodeValue, ScaleReader } from './calls-scale.ts';
import type { WeightRow } from './normalise.ts';

/** What a weight call says. `mecid` is the mechanism of the subnet; a call without that argument is for 0. */
export type WeightCall = { readonly netuid: number; readonly mecid: number } & (
  | { readonly kind: 'plain'; readonly row: WeightRow; readonly versionKey: bigint }
  | {
      readonly kind: 'timelocked';
      /** The ciphertext of the payload version that the call is known for. */
      readonly commit: Uint8Array;
      readonly revealRound: number;
    }
);

export type DecodedCall =
  | { readonly ok: true; readonly call: RuntimeCall; readonly content: WeightCall }
  | { readonly ok: false; readonly why: string };

/** The chain refuses larger ciphertexts. */
const MAX_COMMIT_BYTES = 5_000;

/** The call data: pallet, call, arguments. Throws RangeError for content that this call cannot carry. */
export function encodeCall(call: RuntimeCall, content: WeightCall): Uint8Array {
  if (content.kind !== call.kind) throw new RangeError(`${call.name} does not set ${content.kind} weights`);
  if (content.mecid !== 0 && !call.args.some(({ name }) => name === 'mecid'))
    throw new RangeError(`${call.name} is for mechanism 0, not ${content.mecid}`);
  const values = valuesOf(call, content);
  return Buffer.concat([
    encodeValue('u8', call.pallet),
    encodeValue('u8', call.index),
    ...call.args.map(({ name, type }) => encodeValue(type, values[name])),
  ]);
}

/** Only the one encoding of one of these calls is read; everything else is refused with the reason. Never throws. */
export function decodeCall(bytes: Uint8Array, calls: readonly RuntimeCall[]): DecodedCall {
  const [pallet, index] = bytes;
  const call = calls.find((known) => known.pallet === pallet && known.index === index);
  if (call === undefined) {
    const known = calls.map(({ name }) => name).join(', ');
    return { ok: false, why: `call ${pallet ?? '-'}.${index ?? '-'} is none of: ${known}` };
  }
  try {
    const reader = new ScaleReader(bytes.subarray(2));
    const content = contentOf(
      call,
      Object.fromEntries(call.args.map(({ name, type }) => [name, reader.value(type)])),
    );
    // a second spelling of the same content could hide something from whoever compares bytes
    if (!Buffer.from(encodeCall(call, content)).equals(bytes))
      return { ok: false, why: `${call.name} is followed by other bytes, or written in an unusual way` };
    return { ok: true, call, content };
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, why: `${call.name}: ${error.message}` };
    throw error;
  }
}

type Values = Readonly<Record<string, ArgValue | undefined>>;

function valuesOf({ payloadVersion }: RuntimeCall, content: WeightCall): Values {
  const { netuid, mecid } = content;
  if (content.kind === 'plain') {
    const { row, versionKey } = content;
    if (row.uids.length !== row.values.length)
      throw new RangeError(`${row.uids.length} uids, but ${row.values.length} values`);
    return { netuid, mecid, dests: row.uids, weights: row.values, version_key: versionKey };
  }
  const { commit, revealRound } = content;
  if (commit.length === 0 || commit.length > MAX_COMMIT_BYTES)
    throw new RangeError(`a ciphertext has 1 to ${MAX_COMMIT_BYTES} bytes, not ${commit.length}`);
  if (!Number.isSafeInteger(revealRound) || revealRound < 1)
    throw new RangeError(`not a drand round: ${revealRound}`);
  return {
    netuid,
    mecid,
    commit,
    reveal_round: BigInt(revealRound),
    commit_reveal_version: payloadVersion ?? undefined,
  };
}

function contentOf({ kind, payloadVersion }: RuntimeCall, values: Values): WeightCall {
  const { netuid, mecid = 0 } = values as { netuid: number; mecid?: number };
  if (kind === 'plain') {
    const { dests, weights, version_key } = values as {
      dests: number[];
      weights: number[];
      version_key: bigint;
    };
    return { kind, netuid, mecid, row: { uids: dests, values: weights }, versionKey: version_key };
  }
  const { commit, reveal_round, commit_reveal_version } = values as {
    commit: Uint8Array;
    reveal_round: bigint;
    commit_reveal_version?: number;
  };
  if (commit_reveal_version !== undefined && commit_reveal_version !== payloadVersion)
    throw new RangeError(`commit-reveal version ${commit_reveal_version} instead of ${payloadVersion}`);
  return { kind, netuid, mecid, commit, revealRound: Number(reveal_round) };
}

/** What a signed transaction says, whatever its signature: two that say the same have one nonce, and one of both is included. Pure. */

/** Extrinsic version 4, signed; then `MultiAddress::Id`. */
const SIGNED_BY_ACCOUNT = [0x84, 0x00];
const ACCOUNT_BYTES = 32;
/** sr25519's place in `MultiSignature`. */
const SR25519 = 0x01;
const SIGNATURE_BYTES = 64;

/** Hex of the bytes without the signature; of any other form of transaction, which we never send, all of them. */
export function unsignedPart(bytes: Uint8Array): string {
  const form = lengthOfPrefix(bytes);
  const account = form + SIGNED_BY_ACCOUNT.length;
  const kind = account + ACCOUNT_BYTES;
  const rest = kind + 1 + SIGNATURE_BYTES;
  const isOurForm =
    SIGNED_BY_ACCOUNT.every((byte, at) => bytes[form + at] === byte) &&
    bytes[kind] === SR25519 &&
    bytes.length > rest;
  if (!isOurForm) return Buffer.from(bytes).toString('hex');
  return Buffer.concat([bytes.subarray(0, kind + 1), bytes.subarray(rest)]).toString('hex');
}

/** SCALE's compact length before an extrinsic; its two lowest bits say how long it is itself. */
function lengthOfPrefix([first = 0]: Uint8Array): number {
  return [1, 2, 4][first & 3] ?? 5 + (first >> 2);
}

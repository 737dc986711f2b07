/**
 * Timelock encryption of commit-reveal v4: a `TLECiphertext<TinyBLS381>` of the Rust crate that subtensor pins
 * (ideal-lab5/timelock 5416406). Identity-based encryption to a drand round around an AES-256-GCM body. Other timelock
 * formats (tlock-js, age) use other hash tags: the chain accepts such a commit and never reveals it.
 */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { QUICKNET, roundPoint } from './drand.ts';

export interface TimelockOptions {
  /** That many bytes that nobody can guess. */
  readonly random: (length: number) => Uint8Array;
  /** Public key of the beacon, compressed and in hex; quicknet's by default. */
  readonly publicKey?: string;
}

export type TimelockErrorCode = 'malformed' | 'wrong_pulse' | 'damaged';

/** A ciphertext that the chain could not open either. */
export class TimelockError extends Error {
  override readonly name = 'TimelockError';
  readonly retryable = false;
  constructor(
    readonly code: TimelockErrorCode,
    readonly userMessage: string,
    cause?: unknown,
  ) {
    super(`${code}: ${userMessage}`, { cause });
  }
}

const { G1, G2, fields } = bls12_381;
const SUITE = Buffer.from('AES_GCM_');
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const POINT_BYTES = 96;
const FIELD_BYTES = 48;
/** Bytes that a ciphertext has more than its plaintext. */
export const TIMELOCK_OVERHEAD = 244;

/** Encrypts to the pulse of `round`; the result is `plaintext.length + TIMELOCK_OVERHEAD` bytes. Throws `RangeError` on a bad round. */
export function timelockEncrypt(plaintext: Uint8Array, round: number, options: TimelockOptions): Uint8Array {
  const { random, publicKey = QUICKNET.publicKey } = options;
  const identity = roundPoint(round);
  const key = random(KEY_BYTES);
  const sigma = sha256(random(KEY_BYTES));
  const scalar = scalarOf(sigma, key);
  const shared = bls12_381.pairing(identity, G2.Point.fromHex(publicKey).multiply(scalar));
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return Buffer.concat([
    G2.Point.BASE.multiply(scalar).toBytes(true),
    vector(xor(sigma, sha256(targetBytes(shared)))),
    vector(xor(key, sha256(sigma))),
    vector(Buffer.concat([vector(sealed), vector(nonce)])),
    vector(SUITE),
  ]);
}

/**
 * What the chain does at the reveal, with the 48 bytes of the round's pulse. Throws `TimelockError`: `malformed` for bytes of
 * another format, `wrong_pulse` where the pulse is of another round or beacon, `damaged` where the body was changed.
 */
export function timelockDecrypt(ciphertext: Uint8Array, signature: Uint8Array): Uint8Array {
  const { point, v, w, sealed, nonce } = parse(ciphertext);
  // copies: the parser of @noble/curves 1.9 clears the flag bits of the array that it is given
  const u = pointOf('its first point is not one of G2', () => G2.Point.fromBytes(Uint8Array.from(point)));
  const pulse = pointOf('the pulse is not a point of G1', () =>
    G1.Point.fromBytes(Uint8Array.from(signature)),
  );
  const sigma = xor(v, sha256(targetBytes(bls12_381.pairing(pulse, u))));
  const key = xor(w, sha256(sigma));
  if (!G2.Point.BASE.multiply(scalarOf(sigma, key)).equals(u))
    throw new TimelockError('wrong_pulse', 'it was not encrypted to the round of this pulse');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce);
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch (error) {
    throw new TimelockError('damaged', 'its body does not fit its key: it was changed on the way', error);
  }
}

interface Parts {
  readonly point: Uint8Array;
  readonly v: Uint8Array;
  readonly w: Uint8Array;
  readonly sealed: Uint8Array;
  readonly nonce: Uint8Array;
}

function parse(ciphertext: Uint8Array): Parts {
  const outer = reader(ciphertext);
  const point = outer.take(POINT_BYTES);
  const [v, w, body, suite] = [outer.vector(), outer.vector(), outer.vector(), outer.vector()];
  const inner = reader(body);
  const [sealed, nonce] = [inner.vector(), inner.vector()];
  const fits =
    outer.done() &&
    inner.done() &&
    v.length === KEY_BYTES &&
    w.length === KEY_BYTES &&
    sealed.length >= TAG_BYTES &&
    nonce.length === NONCE_BYTES &&
    SUITE.equals(suite);
  if (!fits) throw malformed();
  return { point, v, w, sealed, nonce };
}

/** Reads what arkworks wrote: fixed parts, and vectors that begin with their length as a u64. */
function reader(bytes: Uint8Array) {
  const buffer = Buffer.from(bytes);
  let offset = 0;
  const take = (length: number): Uint8Array => {
    if (length > buffer.length - offset) throw malformed();
    offset += length;
    return buffer.subarray(offset - length, offset);
  };
  return {
    take,
    vector: () => take(Number(Buffer.from(take(8)).readBigUInt64LE())),
    done: () => offset === buffer.length,
  };
}

function malformed(): TimelockError {
  return new TimelockError('malformed', 'these bytes are not a timelock ciphertext of commit-reveal v4');
}

function pointOf<T>(why: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new TimelockError('malformed', why, error);
  }
}

function vector(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, bytes]);
}

/** An element of the target group as arkworks writes it: the 12 coordinates in noble's order, each little-endian. */
function targetBytes(element: Parameters<typeof fields.Fp12.toBytes>[0]): Uint8Array {
  const bytes = Uint8Array.from(fields.Fp12.toBytes(element));
  for (let at = 0; at < bytes.length; at += FIELD_BYTES) bytes.subarray(at, at + FIELD_BYTES).reverse();
  return bytes;
}

function scalarOf(sigma: Uint8Array, key: Uint8Array): bigint {
  return BigInt(`0x${sha256(sigma, key).toString('hex')}`) % fields.Fr.ORDER;
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, index) => byte ^ (b[index] ?? 0));
}

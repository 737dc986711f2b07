/** A payload under an ed25519 signature: who has the public key can tell who said it. */
import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../../canonical-json.ts';

const RAW_KEY_BYTES = 32;
/** Base64 of exactly that many bytes. */
const base64 = (bytes: number) =>
  z
    .string()
    .max(128)
    .refine((text) => {
      const decoded = Buffer.from(text, 'base64');
      return decoded.length === bytes && decoded.toString('base64') === text;
    });

export const NetworkName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/);
const KeyId = z.string().regex(/^[0-9a-f]{16}$/);
export const PublicKey = base64(RAW_KEY_BYTES);

/** Signed is the UTF-8 of the payload as canonical JSON (RFC 8785), whatever the spaces it travels with. */
export const Envelope = z.strictObject({ payload: z.unknown(), keyId: KeyId, signature: base64(64) });
export type Envelope = z.infer<typeof Envelope>;

/** What a Referee says of itself under `/.well-known/quasar-referee.json`. Later versions may say more. */
export const WellKnown = z.looseObject({
  network: NetworkName,
  netuid: z.number().int().min(0).max(65_535),
  keys: z
    .array(z.looseObject({ keyId: KeyId, publicKey: PublicKey }))
    .min(1)
    .max(16),
  /** Of the Referee's software. */
  version: z.string().max(80),
});
export type WellKnown = z.infer<typeof WellKnown>;

/** Names a key: 16 hex digits of the sha256 of its 32 raw bytes, given as base64. */
export function keyIdOf(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex').slice(0, 16);
}

/** Base64 of the 32 raw bytes of an ed25519 key's public part. */
export function rawPublicKey(key: KeyObject): string {
  const { x = '' } = (key.type === 'public' ? key : createPublicKey(key)).export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('base64');
}

/** The same payload under the same key gives the same bytes. */
export function sealed(payload: unknown, privateKey: KeyObject): Envelope {
  const signature = sign(null, Buffer.from(canonicalJson(payload)), privateKey).toString('base64');
  return { payload, keyId: keyIdOf(rawPublicKey(privateKey)), signature };
}

/** Whether this key, base64 of its raw bytes, signed exactly this payload. */
export function isSealedBy({ payload, keyId, signature }: Envelope, publicKey: string): boolean {
  if (keyId !== keyIdOf(publicKey)) return false;
  const x = Buffer.from(publicKey, 'base64').toString('base64url');
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, Buffer.from(canonicalJson(payload)), key, Buffer.from(signature, 'base64'));
  } catch {
    // 32 bytes that are no point of the curve
    return false;
  }
}

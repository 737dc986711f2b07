/** `X-Hub-Signature-256`: an HMAC over the raw body, by a secret that only GitHub and the App know. */
import { createHmac, timingSafeEqual } from 'node:crypto';

const SHAPE = /^sha256=[0-9a-f]{64}$/;

export const isSignature = (text: string): boolean => SHAPE.test(text);

export function sign(secret: string, body: Uint8Array): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}

/** The secret, of one or two, that made this signature; null when none did. Compares in constant time. */
export function signedBy(secrets: readonly string[], body: Uint8Array, signature: string): string | null {
  if (!isSignature(signature)) return null;
  const given = Buffer.from(signature);
  return secrets.find((secret) => timingSafeEqual(Buffer.from(sign(secret, body)), given)) ?? null;
}

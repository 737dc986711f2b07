/** How an App proves who it is: a short RS256 token signed with its private key. */
import { createPrivateKey, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Caller } from './transport.ts';

export interface AppCredentials {
  readonly appId: number;
  /** RSA private key in PEM form. */
  readonly privateKey: string;
}

/** GitHub allows ten minutes and refuses a start in the future; clocks differ. */
const BACKDATED_SECONDS = 30;
const LIFETIME_SECONDS = 9 * 60;

/**
 * A caller that acts as the App itself. Every call signs anew: two tokens of one second would be byte-identical, and
 * GitHub refuses a repeated one, hence the `jti`.
 */
export function createAppCaller(
  { appId, privateKey }: AppCredentials,
  clock: () => number,
): () => Promise<Caller> {
  const key = createPrivateKey(privateKey);
  return async () => {
    const now = Math.floor(clock() / 1000);
    const token = await new SignJWT()
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .setIssuer(String(appId))
      .setIssuedAt(now - BACKDATED_SECONDS)
      .setExpirationTime(now - BACKDATED_SECONDS + LIFETIME_SECONDS)
      .setJti(randomUUID())
      .sign(key);
    return { group: `app:${appId}`, token };
  };
}

/** GitHub's OIDC issuer as far as a verifier sees it: keys at an address, and tokens signed with them. */
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { exportJWK, type FetchImplementation, type JWTPayload, SignJWT } from 'jose';

export const ISSUER = 'https://issuer.test';
export const AUDIENCE = 'https://referee.test';
export const NOW_MS = Date.parse('2026-11-21T12:00:00Z');
export const NOW = NOW_MS / 1000;
export const PINNED = 'c'.repeat(40);

export const CLAIMS = {
  jti: 'token-1',
  repository: 'arena/operator',
  repository_id: '77',
  repository_owner: 'arena',
  repository_owner_id: '66',
  event_name: 'workflow_dispatch',
  ref: 'refs/heads/main',
  workflow_ref: 'arena/operator/.github/workflows/evaluate.yml@refs/heads/main',
  workflow_sha: PINNED,
  job_workflow_ref: 'arena/operator/.github/workflows/evaluate.yml@refs/heads/main',
  job_workflow_sha: PINNED,
  run_id: '9001',
  run_attempt: '1',
  run_number: '12',
  runner_environment: 'self-hosted',
  check_run_id: '555',
  sub: 'repo:arena@66/operator@77:ref:refs/heads/main',
};

export interface TokenChanges {
  readonly claims?: Record<string, unknown>;
  readonly kid?: string;
  readonly key?: KeyObject;
  readonly alg?: string;
}

/** One pair for all issuers of a test file: to make one takes a while. */
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const { privateKey: OTHER_KEY } = generateKeyPairSync('rsa', { modulusLength: 2048 });

export async function anIssuer() {
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', use: 'sig' };
  const asked: string[] = [];
  let down = false;
  const fetch: FetchImplementation = async (url) => {
    asked.push(url);
    if (down) throw new TypeError('fetch failed');
    return new Response(JSON.stringify({ keys: [jwk] }), { headers: { 'content-type': 'application/json' } });
  };
  const payload = (claims: Record<string, unknown>): JWTPayload =>
    JSON.parse(
      JSON.stringify({
        iss: ISSUER,
        aud: AUDIENCE,
        iat: NOW,
        nbf: NOW - 300,
        exp: NOW + 300,
        ...CLAIMS,
        ...claims,
      }),
    );
  return {
    fetch,
    asked,
    goDown: () => {
      down = true;
    },
    /** A token as GitHub makes it but for the changes; a claim that is `undefined` is left out. */
    token: ({ claims = {}, kid = 'k1', key = privateKey, alg = 'RS256' }: TokenChanges = {}) =>
      new SignJWT(payload(claims)).setProtectedHeader({ alg, kid, typ: 'JWT' }).sign(key),
    unsigned: () => `${part({ alg: 'none', kid: 'k1' })}.${part(payload({}))}.`,
    /** The public key, which everybody knows, used as if it were a shared secret. */
    signedWithPublicKey: () => {
      const text = `${part({ alg: 'HS256', kid: 'k1' })}.${part(payload({}))}`;
      const secret = publicKey.export({ type: 'spki', format: 'pem' });
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    },
  };
}

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

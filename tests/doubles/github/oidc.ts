/** The issuer of the tokens by which a job says which run it is (facts of GitHub's claims: docs, OpenID Connect reference). */
import { randomBytes, randomUUID } from 'node:crypto';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export type Claims = Record<string, string>;

export interface MintOptions {
  readonly audience: string;
  /** Seconds until the token expires; negative for an expired one. Default 300. */
  readonly expiresInS?: number;
  /** `none`: unsigned; `otherKey`: right form, but a key that the issuer does not publish. Default `issuer`. */
  readonly signedBy?: 'issuer' | 'otherKey' | 'none';
  readonly issuer?: string;
}

const KEY_ID = 'offline-1';

export class OidcIssuer {
  readonly issuer: string;
  readonly #key: CryptoKey;
  readonly #otherKey: CryptoKey;
  readonly #published: JWK;
  readonly #requests = new Map<string, Claims>();

  private constructor(issuer: string, key: CryptoKey, otherKey: CryptoKey, published: JWK) {
    this.issuer = issuer;
    this.#key = key;
    this.#otherKey = otherKey;
    this.#published = published;
  }

  static async start(origin: string): Promise<OidcIssuer> {
    const [own, other] = await Promise.all([generateKeyPair('RS256'), generateKeyPair('RS256')]);
    const published = { ...(await exportJWK(own.publicKey)), kid: KEY_ID, use: 'sig', alg: 'RS256' };
    return new OidcIssuer(`${origin}/_oidc`, own.privateKey, other.privateKey, published);
  }

  /** Lets a job ask for tokens with these claims; `close` ends that, as GitHub does when the job ends. */
  open(claims: Claims): { url: string; token: string; close: () => void } {
    const token = randomBytes(24).toString('base64url');
    this.#requests.set(token, claims);
    // The toolkit appends `&audience=`, so the address must have a query already.
    return {
      url: `${this.issuer}/token?api-version=2.0`,
      token,
      close: () => this.#requests.delete(token),
    };
  }

  async mint(claims: Record<string, unknown>, options: MintOptions): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const payload = {
      jti: randomUUID(),
      iat: now,
      nbf: now - 300,
      exp: now + (options.expiresInS ?? 300),
      iss: options.issuer ?? this.issuer,
      aud: options.audience,
      ...claims,
    };
    if (options.signedBy === 'none') return `${encode({ alg: 'none', typ: 'JWT' })}.${encode(payload)}.`;
    return new SignJWT(payload)
      .setProtectedHeader({ alg: 'RS256', kid: KEY_ID, typ: 'JWT' })
      .sign(options.signedBy === 'otherKey' ? this.#otherKey : this.#key);
  }

  async answer(url: URL, authorization: string): Promise<{ status: number; body: unknown }> {
    switch (url.pathname) {
      case '/_oidc/.well-known/openid-configuration':
        return { status: 200, body: this.#configuration() };
      case '/_oidc/.well-known/jwks':
        return { status: 200, body: { keys: [this.#published] } };
      case '/_oidc/token': {
        const claims = this.#requests.get(authorization.replace(/^bearer\s+/i, ''));
        if (!claims) return { status: 401, body: { message: 'no job asks with this token' } };
        const audience =
          url.searchParams.get('audience') ?? `https://github.com/${claims.repository_owner ?? ''}`;
        return { status: 200, body: { value: await this.mint(claims, { audience }) } };
      }
      default:
        return { status: 404, body: { message: 'Not Found' } };
    }
  }

  #configuration() {
    return {
      issuer: this.issuer,
      jwks_uri: `${this.issuer}/.well-known/jwks`,
      subject_types_supported: ['public', 'pairwise'],
      response_types_supported: ['id_token'],
      id_token_signing_alg_values_supported: ['RS256'],
      scopes_supported: ['openid'],
    };
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

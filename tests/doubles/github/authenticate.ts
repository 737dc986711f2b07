/** Says who calls. Strict where emulate is lenient: unknown and expired tokens and bad App JWTs are 401. */
import { createPublicKey } from 'node:crypto';
import { decodeJwt, jwtVerify } from 'jose';
import type { Accounts } from './accounts.ts';
import { type Caller, Refusal } from './api.ts';
import type { Apps } from './apps.ts';
import { INTERNAL_TOKEN } from './emulator.ts';
import type { TokenOwner } from './rows.ts';

/** Docs, Generating a JSON Web Token for a GitHub App: at most 10 minutes ahead; clocks may drift by one. */
const LONGEST_JWT_S = 600;
const CLOCK_DRIFT_S = 60;

export class Authenticator {
  readonly #accounts: Accounts;
  readonly #apps: Apps;
  readonly #tokens: Map<string, TokenOwner>;

  constructor(accounts: Accounts, apps: Apps, tokens: Map<string, TokenOwner>) {
    this.#accounts = accounts;
    this.#apps = apps;
    this.#tokens = tokens;
  }

  /** Throws a `Refusal` with status 401, or 403 for a suspended installation. */
  async caller(authorization: string): Promise<Caller> {
    if (authorization === '') return { kind: 'anonymous' };
    const token = /^(?:bearer|token)\s+(\S+)$/i.exec(authorization)?.[1] ?? '';
    if (token.startsWith('eyJ')) return { kind: 'app', app: await this.#app(token) };
    const account = this.#accounts.byToken(token);
    if (account) return { kind: 'user', account };
    const granted = token.startsWith(INTERNAL_TOKEN) ? undefined : this.#tokens.get(token)?.installation;
    const installation = granted && this.#apps.installation(granted.installationId);
    const app = installation && this.#apps.byId(installation.app_id);
    if (!granted || !installation || !app) throw new Refusal(401, 'Bad credentials');
    if (installation.suspended_at) throw new Refusal(403, 'This installation has been suspended');
    return {
      kind: 'installation',
      app,
      installation,
      permissions: granted.permissions,
      repositoryIds: granted.repositorySelection === 'all' ? null : granted.repositoryIds,
    };
  }

  /** Makes every installation token issued so far expire. */
  expireTokens(): void {
    for (const [token, owner] of this.#tokens)
      if (owner.installation && owner.installation.installationId !== 0) this.#tokens.delete(token);
  }

  async #app(token: string) {
    try {
      const app = this.#apps.byId(Number(decodeJwt(token).iss));
      if (!app) throw new Refusal(401, 'Integration not found');
      const key = createPublicKey(app.privateKey);
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['RS256'],
        requiredClaims: ['iat', 'exp'],
      });
      const now = Date.now() / 1000;
      if ((payload.exp ?? 0) > now + LONGEST_JWT_S)
        throw new Refusal(401, "'Expiration time' claim ('exp') is too far in the future");
      if ((payload.iat ?? 0) > now + CLOCK_DRIFT_S)
        throw new Refusal(
          401,
          "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        );
      return app;
    } catch (error) {
      if (error instanceof Refusal) throw error;
      throw new Refusal(401, 'A JSON web token could not be decoded');
    }
  }
}

/** Tokens of one installation, each for as little as a purpose needs, kept until shortly before they end. */

import { GitHubError } from './github.ts';
import type { ParametersOf } from './operation.ts';
import { createToken } from './operations.ts';
import type { Caller, Transport } from './transport.ts';

const RENEW_BEFORE_MS = 5 * 60_000;

export type TokenScope = Omit<
  ParametersOf<'POST', '/app/installations/{installation_id}/access_tokens'>,
  'installation_id'
>;

export interface InstallationAccess {
  /** Runs `work` with a token of this scope; again, once, with a new one when GitHub does not know it (401). */
  use<T>(scope: TokenScope, work: (caller: Caller) => Promise<T>): Promise<T>;
}

interface Kept {
  readonly caller: Caller;
  readonly renewAtMs: number;
}

export interface InstallationAccessOptions {
  readonly transport: Transport;
  readonly appCaller: () => Promise<Caller>;
  readonly clock: () => number;
  /** Asked again when GitHub no longer knows the installation that it named last. */
  readonly installationId: () => Promise<number>;
}

export function createInstallationAccess(options: InstallationAccessOptions): InstallationAccess {
  const { transport, appCaller, clock } = options;
  const tokens = new Map<string, Promise<Kept>>();
  let installation: Promise<number> | null = null;

  const findInstallation = (): Promise<number> => {
    const found = options.installationId();
    found.catch(() => {
      installation = null;
    });
    return found;
  };

  const mint = async (scope: TokenScope): Promise<Kept> => {
    installation ??= findInstallation();
    const id = await installation;
    try {
      const parameters = { installation_id: id, ...scope };
      const minted = await transport.call(await appCaller(), createToken, parameters);
      const caller = { group: `installation:${id}`, token: minted.token };
      return { caller, renewAtMs: Date.parse(minted.expires_at) - RENEW_BEFORE_MS };
    } catch (error) {
      if (error instanceof GitHubError && error.code === 'not_found') installation = null;
      throw error;
    }
  };

  const tokenFor = async (scope: TokenScope): Promise<Caller> => {
    const key = JSON.stringify(scope);
    const kept = await tokens.get(key);
    if (kept && clock() < kept.renewAtMs) return kept.caller;
    const fresh = mint(scope);
    tokens.set(key, fresh);
    fresh.catch(() => tokens.get(key) === fresh && tokens.delete(key));
    return (await fresh).caller;
  };

  return {
    async use(scope, work) {
      try {
        return await work(await tokenFor(scope));
      } catch (error) {
        if (!(error instanceof GitHubError) || error.code !== 'unauthorized') throw error;
        tokens.delete(JSON.stringify(scope));
        return work(await tokenFor(scope));
      }
    },
  };
}

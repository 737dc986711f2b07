/** The way to a fork by its numeric id: a token that opens this repository only, and the name that it bears today. */

import type { z } from 'zod';
import type { InstallationId, OwnerId, RepoId } from '../ids.ts';
import { refusedLocally } from './errors.ts';
import { type ForkRef, GitHubError, type RepositoryInfo } from './github.ts';
import { createToken, getRepository, getRepositoryInstallation, type Repository } from './operations.ts';
import type { Caller, Transport } from './transport.ts';

/** A token is renewed this long before GitHub ends it. */
const RENEW_BEFORE_MS = 5 * 60_000;
/** A narrowed token still reads any public repository, so a name must be known to mean our id. */
const NAME_TRUSTED_MS = 60_000;
const KEPT = 2_000;

export interface ForkAccess {
  readonly caller: Caller;
  readonly owner: string;
  readonly name: string;
}

export interface ForkAccesses {
  /** Runs `work`; again, once, with a new token after 401, or under the new name if a 404 came from a stale one. */
  use<T>(fork: ForkRef, work: (access: ForkAccess) => Promise<T>): Promise<T>;
  /** The repository with this id, whatever it is called now. Throws `not_found` when it is out of reach. */
  info(fork: ForkRef): Promise<RepositoryInfo>;
}

interface Entry extends ForkAccess {
  readonly installationId: InstallationId;
  readonly renewAtMs: number;
  readonly confirmedAtMs: number;
}

export interface ForkAccessOptions {
  readonly transport: Transport;
  readonly appCaller: () => Promise<Caller>;
  readonly clock: () => number;
}

export function createForkAccesses({ transport, appCaller, clock }: ForkAccessOptions): ForkAccesses {
  const entries = new Map<RepoId, Promise<Entry>>();

  const mintAt = async (fork: ForkRef, installationId: InstallationId): Promise<Entry> => {
    const minted = await transport.call(await appCaller(), createToken, {
      installation_id: installationId,
      repository_ids: [fork.repoId],
      permissions: { contents: 'read', checks: 'write', metadata: 'read' },
    });
    const named = minted.repositories?.find(({ id }) => id === fork.repoId)?.full_name.split('/');
    return {
      caller: { group: `installation:${installationId}`, token: minted.token },
      installationId,
      owner: named?.[0] ?? fork.owner,
      name: named?.[1] ?? fork.name,
      renewAtMs: Date.parse(minted.expires_at) - RENEW_BEFORE_MS,
      confirmedAtMs: named === undefined ? 0 : clock(),
    };
  };

  const mint = async (fork: ForkRef): Promise<Entry> => {
    try {
      return await mintAt(fork, fork.installationId);
    } catch (error) {
      if (!isOutOfReach(error)) throw error;
      // installed anew, or transferred: another installation may hold this id; the token request checks that it does
      const { id } = await transport.call(await appCaller(), getRepositoryInstallation, {
        owner: fork.owner,
        repo: fork.name,
      });
      if (id === fork.installationId) throw notReachable(fork, error);
      return await mintAt(fork, id as InstallationId).catch((again) => {
        throw isOutOfReach(again) ? notReachable(fork, again) : again;
      });
    }
  };

  const lookUp = async (
    fork: ForkRef,
    entry: Entry,
  ): Promise<{ entry: Entry; info: RepositoryInfo } | null> => {
    try {
      const found = await transport.call(entry.caller, getRepository, {
        owner: entry.owner,
        repo: entry.name,
      });
      if (found.id !== fork.repoId) return null;
      const { login: owner } = found.owner;
      return { entry: { ...entry, owner, name: found.name, confirmedAtMs: clock() }, info: toInfo(found) };
    } catch (error) {
      if (error instanceof GitHubError && ['not_found', 'unauthorized'].includes(error.code)) return null;
      throw error;
    }
  };

  const keep = (fork: ForkRef, entry: Promise<Entry>): Promise<Entry> => {
    if (entries.size >= KEPT) entries.delete(entries.keys().next().value as RepoId);
    entries.set(fork.repoId, entry);
    // a failure is not remembered
    entry.catch(() => entries.get(fork.repoId) === entry && entries.delete(fork.repoId));
    return entry;
  };

  const current = async (fork: ForkRef): Promise<Entry> => {
    const kept = entries.get(fork.repoId);
    const entry = await (kept ?? keep(fork, mint(fork)));
    const now = clock();
    if (now >= entry.renewAtMs) return renew(fork, entry);
    if (now - entry.confirmedAtMs < NAME_TRUSTED_MS) return entry;
    return confirm(fork, entry);
  };

  /** Of several callers that want the same entry replaced one does it, the others get what it finds. */
  const replace = async (fork: ForkRef, old: Entry, make: () => Promise<Entry>): Promise<Entry> => {
    const kept = entries.get(fork.repoId);
    const entry = await kept;
    const latest = entries.get(fork.repoId);
    return latest === undefined || (latest === kept && entry === old) ? keep(fork, make()) : latest;
  };
  const renew = (fork: ForkRef, old: Entry) => replace(fork, old, () => mint(fork));
  const confirm = (fork: ForkRef, old: Entry) =>
    replace(fork, old, async () => (await lookUp(fork, old))?.entry ?? mint(fork));

  return {
    async use(fork, work) {
      const entry = await current(fork);
      try {
        return await work(entry);
      } catch (error) {
        if (!(error instanceof GitHubError)) throw error;
        if (error.code === 'unauthorized') return work(await renew(fork, entry));
        if (error.code !== 'not_found') throw error;
        const again = await confirm(fork, entry);
        if (
          again.owner === entry.owner &&
          again.name === entry.name &&
          again.caller.group === entry.caller.group
        )
          throw error;
        return work(again);
      }
    },
    async info(fork) {
      const found = await lookUp(fork, await current(fork));
      if (found) return found.info;
      const again = await lookUp(fork, await keep(fork, mint(fork)));
      if (again) return again.info;
      throw notReachable(fork);
    },
  };
}

export function toInfo(found: z.infer<typeof Repository>): RepositoryInfo {
  return {
    repoId: found.id as RepoId,
    ownerId: found.owner.id as OwnerId,
    owner: found.owner.login,
    name: found.name,
    defaultBranch: found.default_branch,
    private: found.private,
  };
}

/** 404: no such installation. 422: it does not hold this repository, unless the complaint is about permissions. */
function isOutOfReach(error: unknown): boolean {
  if (!(error instanceof GitHubError)) return false;
  return error.code === 'not_found' || (error.code === 'invalid' && !/permission/i.test(error.message));
}

function notReachable(fork: ForkRef, cause?: unknown): GitHubError {
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return refusedLocally(
    'not_found',
    `repository ${fork.repoId} is gone, or the App is not installed on it any more${why}`,
  );
}

/** The App was installed or removed: a new miner gets an answer on the branch head at once. */
import { z } from 'zod';
import { activeForks, findFork, markForkGone, saveFork } from '../../../db/forks.ts';
import type { InboxRow } from '../../../db/inbox.ts';
import type { RepositoryInfo } from '../../github/github.ts';
import type { InstallationId } from '../../ids.ts';
import { takeIn } from '../intake.ts';
import type { Services } from '../services.ts';

const Id = z.number().int().positive();
const Installation = z.object({ installation: z.object({ id: Id }) });
const Removed = z.object({ repositories_removed: z.array(z.object({ id: Id })) });

/** GitHub lists no names that we may trust for long, so the repositories are asked for with the installation itself. */
export async function onInstallation(services: Services, row: InboxRow, payload: unknown): Promise<string> {
  const { installation } = Installation.parse(payload);
  const id = installation.id as InstallationId;
  if (row.action === 'deleted' || row.action === 'suspend') return forget(services, id);
  if (row.action === 'created' || row.action === 'unsuspend') return welcome(services, id);
  return 'nothing to do';
}

export async function onInstallationRepositories(
  services: Services,
  row: InboxRow,
  payload: unknown,
): Promise<string> {
  const { installation } = Installation.parse(payload);
  if (row.action === 'removed') {
    const { repositories_removed: removed } = Removed.parse(payload);
    return forget(services, installation.id as InstallationId, new Set(removed.map(({ id }) => id)));
  }
  return welcome(services, installation.id as InstallationId);
}

/** All of the installation's forks, or those listed; one that came to another installation meanwhile stays. */
async function forget(
  { db, now }: Services,
  id: InstallationId,
  listed: ReadonlySet<number> | null = null,
): Promise<string> {
  const forks = (await activeForks(db)).filter(
    ({ repoId, installationId }) => installationId === id && (listed?.has(repoId) ?? true),
  );
  for (const { repoId } of forks) await markForkGone(db, repoId, now());
  return `${forks.length} repositories gone with their installation`;
}

/**
 * Takes in the default branch's head of every repository of the installation that is not known yet. A fork is noted
 * with its submission or after it, so that one whose head could not be read is not passed over the next time.
 */
export async function welcome(services: Services, installation: InstallationId): Promise<string> {
  const { db, apps, log } = services;
  let taken = 0;
  let failure: unknown = null;
  for (const repository of await apps.watcher.repositories(installation)) {
    const known = await findFork(db, repository.repoId);
    if (known?.state === 'active' && known.installationId === installation) continue;
    try {
      await welcomeOne(services, installation, repository);
      taken += 1;
    } catch (error) {
      // Thrown at the end, so that this one is tried again without holding up those behind it.
      failure ??= error;
      log.warn({ err: error, repoId: repository.repoId }, 'a repository could not be welcomed');
    }
  }
  if (failure !== null) throw failure;
  return `${taken} repositories welcomed`;
}

async function welcomeOne(
  services: Services,
  installation: InstallationId,
  repository: RepositoryInfo,
): Promise<void> {
  const { db, now, watcher } = services;
  const fork = { ...repository, installationId: installation };
  const head = await watcher.branchHead(fork, repository.defaultBranch);
  if (head !== null)
    await takeIn(services, {
      ...fork,
      branch: repository.defaultBranch,
      head,
      before: null,
      // The installation says nothing about when this head was pushed: it is known to exist from now on.
      receivedAt: now(),
      receiptSource: 'delivery',
      cause: 'installation',
    });
  await saveFork(db, forkRow(repository, installation), now());
}

export function forkRow(repository: RepositoryInfo, installationId: InstallationId) {
  const { repoId, ownerId, owner, name, defaultBranch } = repository;
  return { repoId, ownerId, installationId, owner, name, defaultBranch, private: repository.private ? 1 : 0 };
}

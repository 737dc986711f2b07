/** Forks, keyed by numeric repository id, and the links that prove who owns them. */
import { holdLock, type Queryable } from './connection.ts';

export interface ForkRow {
  readonly repoId: number;
  readonly ownerId: number;
  readonly installationId: number;
  /** Display text: owner and name change with renames and transfers. */
  readonly owner: string;
  readonly name: string;
  readonly defaultBranch: string;
  readonly private: number;
  readonly state: 'active' | 'gone';
}

export interface LinkRow {
  readonly id: number;
  readonly repoId: number;
  readonly ownerId: number;
  readonly hotkey: string;
  readonly network: string;
  readonly netuid: number;
  /** The branch that quasar.yml names. */
  readonly branch: string;
  readonly signature: string;
  readonly since: number;
  readonly endedAt: number | null;
}

/** Until the transaction ends nobody else takes in a push of this repository, whichever replica he asks. */
export const holdFork = (trx: Queryable, repoId: number): Promise<void> => holdLock(trx, `fork ${repoId}`);

export async function saveFork(db: Queryable, fork: Omit<ForkRow, 'state'>, now: number): Promise<void> {
  await db('forks')
    .insert({ ...fork, state: 'active', updatedAt: now })
    .onConflict('repoId')
    .merge();
}

export async function findFork(db: Queryable, repoId: number): Promise<ForkRow | null> {
  return (await db('forks').where({ repoId }).first()) ?? null;
}

/** By display name, case-insensitive as on GitHub; the most recently seen repository of that name. */
export async function findForkByName(db: Queryable, owner: string, name: string): Promise<ForkRow | null> {
  const row = await db('forks')
    .whereRaw('lower(owner) = ? AND lower(name) = ?', [owner.toLowerCase(), name.toLowerCase()])
    .orderBy('updatedAt', 'desc')
    .first();
  return row ?? null;
}

export async function activeForks(db: Queryable): Promise<ForkRow[]> {
  return db('forks').where({ state: 'active' }).orderBy('repoId');
}

/** The repository was deleted, or the App was removed from it: nothing more can be read or reported there. */
export async function markForkGone(db: Queryable, repoId: number, now: number): Promise<boolean> {
  return (
    (await db('forks').where({ repoId, state: 'active' }).update({ state: 'gone', updatedAt: now })) === 1
  );
}

/** Forks gone since `since` with a check-run that was never concluded: they may have been out of reach only. */
export async function lostForks(db: Queryable, since: number, limit: number): Promise<ForkRow[]> {
  return db('forks')
    .where({ state: 'gone' })
    .andWhere('forks.updatedAt', '>=', since)
    .whereExists(
      db('submissions')
        .join('checks', 'checks.submissionId', 'submissions.id')
        .whereRaw('submissions.repo_id = forks.repo_id')
        .where((open) => open.whereNull('sentStatus').orWhereNot({ sentStatus: 'completed' })),
    )
    .orderBy('forks.updatedAt', 'desc')
    .limit(limit);
}

/** It can be reached after all: its unfinished submissions are looked at again. */
export async function markForkFound(db: Queryable, repoId: number, now: number): Promise<void> {
  await db('forks').where({ repoId, state: 'gone' }).update({ state: 'active', updatedAt: now });
  await db('submissions')
    .where({ repoId })
    .update({ nextLookAt: now, wakeSeq: db.raw('wake_seq + 1') });
}

export async function liveLink(db: Queryable, repoId: number): Promise<LinkRow | null> {
  return (await db('links').where({ repoId, endedAt: null }).first()) ?? null;
}

/**
 * Makes this the live link of its repository; of an equal one only branch and signature change, and one of another
 * hotkey, owner or network ends. Run it inside a transaction that holds the fork; a unique index sees to it that there
 * is never a second live one.
 */
export async function saveLink(
  db: Queryable,
  link: Pick<LinkRow, 'repoId' | 'ownerId' | 'hotkey' | 'network' | 'netuid' | 'branch' | 'signature'>,
  now: number,
): Promise<void> {
  const { branch, signature, ...proven } = link;
  if (
    (await db('links')
      .where({ ...proven, endedAt: null })
      .update({ branch, signature })) === 1
  )
    return;
  await endLink(db, link.repoId, 'replaced', now);
  await db('links').insert({ ...link, since: now });
}

export async function endLink(db: Queryable, repoId: number, reason: string, now: number): Promise<boolean> {
  return (
    (await db('links').where({ repoId, endedAt: null }).update({ endedAt: now, endReason: reason })) === 1
  );
}

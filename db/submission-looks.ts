/** When a submission is looked at next, and by whom: a look that was asked for is never lost, and only one drives. */

import type { Queryable } from './connection.ts';
import { LIVE_STATES } from './evaluations.ts';

/** Asks for a look at the submission now. Also when a driver holds it: the look is not lost. */
export async function wakeSubmission(db: Queryable, id: number, now: number): Promise<void> {
  await db('submissions')
    .where({ id })
    .update({ nextLookAt: now, wakeSeq: db.raw('wake_seq + 1') });
}

export async function dueSubmissions(db: Queryable, now: number, limit: number): Promise<number[]> {
  const rows = await db('submissions')
    .where('nextLookAt', '<=', now)
    .andWhere((free) => free.whereNull('leaseUntil').orWhere('leaseUntil', '<', now))
    .orderBy('nextLookAt')
    .limit(limit)
    .select('id');
  return rows.map((row: { id: number }) => row.id);
}

/**
 * Those with a live evaluation and no look planned by now, and those with a check-run that is not concluded, where
 * something can still be reported, and no look planned at all.
 */
export async function unfinishedSubmissions(db: Queryable, now: number): Promise<number[]> {
  const live = db('evaluations').whereIn('state', LIVE_STATES).select('submissionId');
  const unsent = db('checks')
    .join('submissions AS reported', 'reported.id', 'checks.submissionId')
    .join('forks', 'forks.repoId', 'reported.repoId')
    .where('forks.state', 'active')
    .andWhere((open) => open.whereNull('sentStatus').orWhereIn('sentStatus', ['queued', 'in_progress']))
    .select('checks.submissionId');
  const rows = await db('submissions')
    .where((waiting) =>
      waiting
        .where((idle) => idle.whereNull('nextLookAt').orWhere('nextLookAt', '>', now))
        .whereIn('id', live),
    )
    // A planned look may be the time until which GitHub refuses writes.
    .orWhere((lost) => lost.whereNull('nextLookAt').whereIn('id', unsent))
    .orderBy('id')
    .limit(1000)
    .select('id');
  return rows.map((row: { id: number }) => row.id);
}

/** Takes or renews the right to drive a submission. False while another driver has it. */
export async function leaseSubmission(
  db: Queryable,
  id: number,
  { owner, now, leaseMs }: { owner: string; now: number; leaseMs: number },
): Promise<boolean> {
  const won = await db('submissions')
    .where({ id })
    .andWhere((mine) =>
      mine.whereNull('leaseUntil').orWhere('leaseUntil', '<', now).orWhere({ leaseOwner: owner }),
    )
    .update({ leaseOwner: owner, leaseUntil: now + leaseMs });
  return won === 1;
}

/** Lets go, and sleeps until `nextLookAt` unless somebody woke the submission since `wakeSeq` was read. */
export async function releaseSubmission(
  db: Queryable,
  id: number,
  {
    owner,
    wakeSeq,
    nextLookAt,
    now,
  }: { owner: string; wakeSeq: number; nextLookAt: number | null; now: number },
): Promise<void> {
  const free = { leaseOwner: null, leaseUntil: null };
  const slept = await db('submissions')
    .where({ id, leaseOwner: owner, wakeSeq })
    .update({ ...free, nextLookAt });
  if (slept === 0)
    await db('submissions')
      .where({ id, leaseOwner: owner })
      .update({ ...free, nextLookAt: now });
}

/** Submissions that intake stopped as `unlinked`: with a proven hotkey they wait for its registration. */

import type { Queryable } from './connection.ts';
import type { SubmissionRow } from './submissions.ts';

/** An unlinked commit was read again: with a hotkey it waits for that one's registration, without one for a new push. */
export async function noteUnlinked(
  db: Queryable,
  id: number,
  { ownerId, hotkey, intakeDetails }: Pick<SubmissionRow, 'ownerId' | 'hotkey' | 'intakeDetails'>,
): Promise<void> {
  await db('submissions').where({ id, intake: 'unlinked' }).update({ ownerId, hotkey, intakeDetails });
}

/** There is nothing to wait for any more: the commit is not the head of its branch, or its fork is gone. */
export async function stopWaiting(db: Queryable, id: number): Promise<void> {
  await db('submissions').where({ id, intake: 'unlinked' }).update({ hotkey: null });
}

/**
 * Has those looked at that wait for the registration of their hotkey and now have it; without a chain all that wait. One
 * that is due, or was put off because of GitHub, keeps its time. How many there were.
 */
export async function wakeRegistered(
  db: Queryable,
  subnet: { genesisHash: string; netuid: number } | null,
  now: number,
): Promise<number> {
  return db('submissions')
    .where({ intake: 'unlinked', nextLookAt: null })
    .whereNotNull('hotkey')
    .modify((waiting) => {
      if (subnet !== null) waiting.whereIn('hotkey', db('hotkeys').where(subnet).select('hotkey'));
    })
    .update({ nextLookAt: now, wakeSeq: db.raw('wake_seq + 1') });
}

/** Twins: submissions that are one and the same entry, and share one draw. */

import type { Queryable } from './connection.ts';
import type { SubmissionRow } from './submissions.ts';

/**
 * The earliest decided submission whose verdicts this one shares: same hotkey, owner, task and code, and a target length
 * between `lengths` (its league). Neither a comment nor one token more buys a new draw. Source: contracts, decisions.
 */
export async function twinOf(
  db: Queryable,
  submission: Pick<SubmissionRow, 'id' | 'task' | 'hotkey' | 'ownerId' | 'codeDigest'>,
  {
    taskVersion,
    lengths,
  }: { taskVersion: number; lengths: { readonly from: number; readonly below: number } },
): Promise<number | null> {
  if (submission.codeDigest === null || submission.hotkey === null) return null;
  const { task, hotkey, ownerId, codeDigest } = submission;
  const row = await db('submissions')
    .join('decisions', 'decisions.submissionId', 'submissions.id')
    .where({ task, hotkey, ownerId, codeDigest, 'decisions.taskVersion': taskVersion })
    .andWhere('targetLength', '>=', lengths.from)
    .andWhere('targetLength', '<', lengths.below)
    .whereNot('decisions.reason', 'infra')
    .whereNotExists(
      db('evaluations')
        .whereRaw('evaluations.submission_id = ?', [submission.id])
        .where({ purpose: 'rank', state: 'finished' }),
    )
    .whereExists(
      db('evaluations')
        .whereRaw('evaluations.submission_id = submissions.id')
        .where({ purpose: 'rank', state: 'finished' }),
    )
    .andWhereNot('submissions.id', submission.id)
    .orderBy('submissions.id')
    .first('submissions.id');
  return row?.id ?? null;
}

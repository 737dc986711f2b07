/** Submissions, frozen at intake. */

import { wantCheck } from './checks.ts';
import type { Queryable } from './connection.ts';
import { LIVE_STATES } from './evaluations.ts';
import { type FrozenFile, saveFiles } from './frozen-files.ts';
import { wakeSubmission } from './submission-looks.ts';

export interface SubmissionRow {
  readonly id: number;
  readonly repoId: number;
  readonly ownerId: number;
  readonly task: string;
  readonly headSha: string;
  readonly branch: string;
  readonly roundId: number;
  /** Unix milliseconds: the first delivery of this commit; only a lost one that is found later makes it earlier. */
  readonly receivedAt: number;
  readonly receiptSource: 'delivery' | 'log';
  /** Proven by the link at this commit; of one that is not registered too, while `unlinked` ones wait for that. */
  readonly hotkey: string | null;
  readonly targetLength: number | null;
  readonly claimedTokensPerSec: number | null;
  readonly contentDigest: string | null;
  readonly codeDigest: string | null;
  /** `eligible`, `other_branch`, or the reason for which intake stopped it. */
  readonly intake: string;
  /** JSON. */
  readonly intakeDetails: string;
  readonly supersededBy: number | null;
  readonly previousId: number | null;
  readonly attemptsFrom: number;
  readonly dispatchAfter: number;
  readonly nextLookAt: number | null;
  readonly wakeSeq: number;
}

export type NewSubmission = Pick<
  SubmissionRow,
  | 'repoId'
  | 'ownerId'
  | 'task'
  | 'headSha'
  | 'branch'
  | 'roundId'
  | 'receivedAt'
  | 'receiptSource'
  | 'hotkey'
  | 'targetLength'
  | 'claimedTokensPerSec'
  | 'contentDigest'
  | 'codeDigest'
  | 'intake'
  | 'intakeDetails'
  | 'dispatchAfter'
> & { readonly files: readonly FrozenFile[] };

export async function findSubmission(db: Queryable, id: number): Promise<SubmissionRow | null> {
  return (await db('submissions').where({ id }).first()) ?? null;
}

export async function findSubmissionBySha(
  db: Queryable,
  { repoId, task, headSha }: { repoId: number; task: string; headSha: string },
): Promise<SubmissionRow | null> {
  return (await db('submissions').where({ repoId, task, headSha }).first()) ?? null;
}

/** What is known of a commit of this repository, under whatever task. */
export async function findSubmissionsOfCommit(
  db: Queryable,
  repoId: number,
  headSha: string,
): Promise<SubmissionRow[]> {
  return db('submissions').where({ repoId, headSha }).orderBy('id');
}

/** The submission of this repository that was taken in last, whatever came of it. Null while there is none. */
export async function lastTakenIn(
  db: Queryable,
  repoId: number,
): Promise<Pick<SubmissionRow, 'id' | 'headSha'> | null> {
  return (await db('submissions').where({ repoId }).orderBy('id', 'desc').first('id', 'headSha')) ?? null;
}

/**
 * Inserts a submission with its files and its three wanted check-runs, and supersedes the undecided ones before it on
 * the same repository and task. Run it inside a transaction that holds the fork (`holdFork`). Throws a unique violation
 * when the commit is known.
 */
export async function insertSubmission(
  db: Queryable,
  submission: NewSubmission,
  now: number,
): Promise<number> {
  const { files, ...row } = submission;
  const previous = await db('submissions')
    .where({ repoId: row.repoId, task: row.task, intake: 'eligible' })
    .orderBy('id', 'desc')
    .first('id');
  const [inserted] = await db('submissions')
    .insert({ ...row, previousId: previous?.id ?? null, nextLookAt: now })
    .returning('id');
  const id = inserted.id as number;
  await saveFiles(db, id, files);
  for (const name of ['imports', 'logits', 'benchmark'] as const)
    await wantCheck(db, { submissionId: id, name, serial: 1 }, now);
  if (row.intake !== 'other_branch')
    await supersedeOthers(db, { id, repoId: row.repoId, task: row.task }, now);
  return id;
}

/** A commit first seen on another branch becomes a submission: everything but its id and first receipt is replaced. */
export async function promoteSubmission(
  db: Queryable,
  id: number,
  submission: Omit<NewSubmission, 'receivedAt' | 'receiptSource'>,
  now: number,
): Promise<void> {
  const { files, ...row } = submission;
  await db('submission_files').where({ submissionId: id }).delete();
  await saveFiles(db, id, files);
  await db('submissions').where({ id }).update(row);
  await supersedeOthers(db, { id, repoId: row.repoId, task: row.task }, now);
  await wakeSubmission(db, id, now);
}

/** A delivery of the same commit was first tried earlier than the one that was taken in. */
export async function noteEarlierReceipt(
  db: Queryable,
  { repoId, headSha }: Pick<SubmissionRow, 'repoId' | 'headSha'>,
  receipt: Pick<SubmissionRow, 'receivedAt' | 'receiptSource'>,
): Promise<void> {
  const { receivedAt, receiptSource } = receipt;
  await db('submissions')
    .where({ repoId, headSha })
    .andWhere('receivedAt', '>', receivedAt)
    .update({ receivedAt, receiptSource });
}

/** A push back to an earlier commit: it lives again with its first receipt time, and the others give way to it. */
export async function reviveSubmission(
  db: Queryable,
  submission: Pick<SubmissionRow, 'id' | 'repoId' | 'task'>,
  { dispatchAfter, now }: { dispatchAfter: number; now: number },
): Promise<void> {
  await db('submissions').where({ id: submission.id }).update({ supersededBy: null, dispatchAfter });
  await supersedeOthers(db, submission, now);
  await wakeSubmission(db, submission.id, now);
}

async function supersedeOthers(
  db: Queryable,
  newest: { id: number; repoId: number; task: string },
  now: number,
): Promise<void> {
  // Locked before it is asked whether they are decided: a decision that is being recorded now is waited for, and seen.
  const others = await db('submissions')
    .where({ repoId: newest.repoId, task: newest.task, supersededBy: null, intake: 'eligible' })
    .andWhereNot({ id: newest.id })
    .orderBy('id')
    .forUpdate()
    .select('id');
  await db('submissions')
    .whereIn(
      'id',
      others.map(({ id }: { id: number }) => id),
    )
    .whereNotExists(db('decisions').whereRaw('decisions.submission_id = submissions.id').select(db.raw('1')))
    .update({ supersededBy: newest.id, nextLookAt: now, wakeSeq: db.raw('wake_seq + 1') });
}

/** Attempts before `from` count no more against the submission. */
export async function forgiveAttempts(db: Queryable, id: number, from: number): Promise<void> {
  await db('submissions').where({ id }).update({ attemptsFrom: from });
}

/** Waiting or being judged, oldest first. */
export async function liveSubmissions(db: Queryable, limit: number): Promise<SubmissionRow[]> {
  return db('submissions')
    .where({ intake: 'eligible', supersededBy: null })
    .whereIn('id', db('evaluations').whereIn('state', LIVE_STATES).select('submissionId'))
    .orderBy('id')
    .limit(limit);
}

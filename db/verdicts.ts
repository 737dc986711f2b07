/** Verdicts with their figures, the decisions derived from them, and what the standing is made of. */
import type { Queryable } from './connection.ts';
import { firstReceipt, type Receipt } from './receipts.ts';

export interface VerdictRow {
  readonly id: number;
  readonly evaluationId: number;
  readonly submissionId: number;
  readonly status: 'accepted' | 'rejected' | 'inconclusive';
  readonly reason: string;
  readonly detail: string;
  readonly task: string;
  readonly taskVersion: number;
  readonly taskDigest: string;
  readonly judgeCommit: string;
  readonly upstreamTree: string;
  readonly deviceClass: string;
  /** The whole result record as posted, JSON. */
  readonly result: string;
  readonly resultSha256: string;
  readonly createdAt: number;
}

export interface Figure {
  readonly length: number;
  readonly tokensPerSec: number;
  readonly tokensPerSecLow: number;
  readonly opTokensPerSec: number;
  readonly fixedNs: number;
  readonly peakBytes: number;
}

/**
 * Stores a verdict and its figures. Null when the evaluation has one already: a verdict never changes. The table
 * itself refuses a figure that is not finite and positive. Run it inside a transaction.
 */
export async function insertVerdict(
  db: Queryable,
  verdict: Omit<VerdictRow, 'id'>,
  figures: readonly Figure[],
): Promise<number | null> {
  const [row] = await db('verdicts').insert(verdict).onConflict('evaluationId').ignore().returning('id');
  if (!row) return null;
  if (figures.length > 0)
    await db('figures').insert(figures.map((figure) => ({ verdictId: row.id, ...figure })));
  return row.id;
}

export async function verdictsOf(db: Queryable, submissionId: number): Promise<VerdictRow[]> {
  return db('verdicts').where({ submissionId }).orderBy('id');
}

export async function verdictOfEvaluation(db: Queryable, evaluationId: number): Promise<VerdictRow | null> {
  return (await db('verdicts').where({ evaluationId }).first()) ?? null;
}

export async function findVerdict(db: Queryable, id: number): Promise<VerdictRow | null> {
  return (await db('verdicts').where({ id }).first()) ?? null;
}

export async function figuresOf(db: Queryable, verdictId: number): Promise<Figure[]> {
  return db('figures').where({ verdictId }).orderBy('length');
}

export interface DecisionRow {
  readonly id: number;
  readonly submissionId: number;
  readonly taskVersion: number;
  readonly status: 'accepted' | 'rejected' | 'inconclusive';
  readonly reason: string;
  readonly detail: string;
  readonly tokensPerSec: number | null;
  readonly tokensPerSecLow: number | null;
  readonly score: number;
  readonly verdictId: number | null;
  readonly decidedAt: number;
}

export async function findDecision(
  db: Queryable,
  submissionId: number,
  taskVersion: number,
): Promise<DecisionRow | null> {
  return (await db('decisions').where({ submissionId, taskVersion }).first()) ?? null;
}

/** The first accepted figure of this code at this length, whoever delivered it: of the pinned upstream it is the baseline. */
export async function figureOfCode(
  db: Queryable,
  code: { task: string; taskVersion: number; codeDigest: string; targetLength: number },
): Promise<number | null> {
  const { taskVersion, ...submission } = code;
  const row = await db('decisions')
    .join('submissions', 'submissions.id', 'decisions.submissionId')
    .where(submission)
    .where({ 'decisions.taskVersion': taskVersion, 'decisions.status': 'accepted' })
    .orderBy('decisions.id')
    .first('decisions.tokensPerSec');
  return row?.tokensPerSec ?? null;
}

/** One decision per submission and task version; false when there is one, or the submission was superseded meanwhile. */
export async function recordDecision(db: Queryable, decision: Omit<DecisionRow, 'id'>): Promise<boolean> {
  const live = await db('submissions')
    .where({ id: decision.submissionId, supersededBy: null })
    .update({ roundId: db.ref('roundId') });
  if (live !== 1) return false;
  const rows = await db('decisions').insert(decision).onConflict().ignore().returning('id');
  return rows.length === 1;
}

/**
 * Takes back the decision that the runners failed, so that the submission is judged again. Every other one stays: a
 * figure that nobody believes is for the operator to look into, and a re-run until it passes would be a draw of luck.
 */
export async function reopenDecision(
  db: Queryable,
  submissionId: number,
  taskVersion: number,
): Promise<boolean> {
  return (await db('decisions').where({ submissionId, taskVersion, reason: 'infra' }).delete()) === 1;
}

/** An accepted decision whose hotkey and account still hold the repository's live link. */
export interface Candidate {
  readonly submissionId: number;
  readonly repoId: number;
  readonly headSha: string;
  readonly hotkey: string;
  readonly ownerId: number;
  readonly codeDigest: string;
  readonly receivedAt: number;
  readonly targetLength: number;
  readonly claimedTokensPerSec: number | null;
  readonly decisionId: number;
  readonly decisionReason: string;
  readonly score: number;
  readonly tokensPerSec: number;
  readonly tokensPerSecLow: number;
  readonly verdictId: number;
  readonly decidedAt: number;
  readonly digestHotkey: string | null;
  readonly digestOwnerId: number | null;
}

/** Which links count. */
export interface Eligibility {
  readonly network: string;
  readonly netuid: number;
  /** Forks that are gone since before this (unix milliseconds) rank no more; a shorter absence may be GitHub's. */
  readonly goneBefore: number;
}

export async function candidates(
  db: Queryable,
  task: string,
  taskVersion: number,
  { network, netuid, goneBefore }: Eligibility,
): Promise<Candidate[]> {
  const rows: Omit<Candidate, 'digestHotkey' | 'digestOwnerId'>[] = await db('decisions')
    .join('submissions', 'submissions.id', 'decisions.submissionId')
    .join('links', (on) => {
      on.on('links.repoId', 'submissions.repoId')
        .on('links.hotkey', 'submissions.hotkey')
        .on('links.ownerId', 'submissions.ownerId')
        .onNull('links.endedAt');
    })
    .where({ task, network, netuid, 'decisions.taskVersion': taskVersion, 'decisions.status': 'accepted' })
    .whereNotExists(
      db('forks')
        .whereRaw('forks.repo_id = submissions.repo_id')
        .where({ state: 'gone' })
        .andWhere('updatedAt', '<', goneBefore),
    )
    .orderBy('submissions.id')
    .select(
      'decisions.submissionId',
      'submissions.repoId',
      'submissions.headSha',
      'submissions.hotkey',
      'submissions.ownerId',
      'submissions.codeDigest',
      'submissions.receivedAt',
      'submissions.targetLength',
      'submissions.claimedTokensPerSec',
      'decisions.id AS decisionId',
      'decisions.reason AS decisionReason',
      'decisions.score',
      'decisions.tokensPerSec',
      'decisions.tokensPerSecLow',
      'decisions.verdictId',
      'decisions.decidedAt',
    );
  const owners = new Map<string, Receipt | null>();
  for (const codeDigest of new Set(rows.map((row) => row.codeDigest)))
    owners.set(codeDigest, await firstReceipt(db, task, codeDigest));
  return rows.map((row) => ({
    ...row,
    digestHotkey: owners.get(row.codeDigest)?.hotkey ?? null,
    digestOwnerId: owners.get(row.codeDigest)?.ownerId ?? null,
  }));
}

/** Digests of the records behind these submissions' decisions, oldest first. */
export async function resultDigests(
  db: Queryable,
  submissionIds: readonly number[],
  taskVersion: number,
): Promise<ReadonlyMap<number, readonly string[]>> {
  const rows: Pick<VerdictRow, 'submissionId' | 'resultSha256'>[] = await db('verdicts')
    .join('evaluations', 'evaluations.id', 'verdicts.evaluationId')
    .join('decisions', (on) => {
      on.on('decisions.submissionId', 'verdicts.submissionId').on(
        'decisions.taskVersion',
        'verdicts.taskVersion',
      );
    })
    .whereIn('verdicts.submissionId', submissionIds)
    .where({ 'verdicts.taskVersion': taskVersion, purpose: 'rank' })
    // of several seats one may answer after the others have decided
    .andWhereRaw('verdicts.created_at <= decisions.decided_at')
    .orderBy('verdicts.id')
    .select('verdicts.submissionId', 'verdicts.resultSha256');
  const digests = new Map<number, string[]>();
  for (const { submissionId, resultSha256 } of rows)
    digests.set(submissionId, [...(digests.get(submissionId) ?? []), resultSha256]);
  return digests;
}

/** The stored records of verdicts, as text. */
export async function recordsOf(
  db: Queryable,
  verdictIds: readonly number[],
): Promise<Pick<VerdictRow, 'id' | 'result'>[]> {
  return db('verdicts').whereIn('id', verdictIds).select('id', 'result');
}

export interface RecentDecision {
  readonly submissionId: number;
  readonly repoId: number;
  readonly hotkey: string | null;
  readonly task: string;
  readonly reason: string;
  readonly tokensPerSec: number | null;
  readonly decidedAt: number;
}

export async function recentDecisions(db: Queryable, limit: number): Promise<RecentDecision[]> {
  return db('decisions')
    .join('submissions', 'submissions.id', 'decisions.submissionId')
    .orderBy('decisions.id', 'desc')
    .limit(limit)
    .select('submissionId', 'repoId', 'hotkey', 'task', 'reason', 'tokensPerSec', 'decidedAt');
}

export interface WeightsRow {
  readonly id: number;
  readonly roundId: number;
  readonly dryRun: number;
  /** JSON: `[{hotkey, share}]`. */
  readonly shares: string;
  /** JSON: `[{place, submissionId, hotkey, score}]`. */
  readonly places: string;
  readonly digest: string;
  readonly createdAt: number;
}

export async function latestWeights(db: Queryable): Promise<WeightsRow | null> {
  return (await db('weights').orderBy('id', 'desc').first()) ?? null;
}

/** Adds a row when the standing changed since the last one. Run it inside a transaction. */
export async function recordWeights(db: Queryable, row: Omit<WeightsRow, 'id'>): Promise<boolean> {
  if ((await latestWeights(db))?.digest === row.digest) return false;
  await db('weights').insert(row);
  return true;
}

export async function recordStrike(
  db: Queryable,
  strike: { ownerId: number; hotkey: string | null; evaluationId: number; reason: string; at: number },
): Promise<void> {
  await db('strikes').insert(strike).onConflict('evaluationId').ignore();
}

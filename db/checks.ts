/** Check-runs that we want and what of them GitHub has: intent is stored before the call, its outcome after. */
import type { Queryable } from './connection.ts';

export interface CheckRow {
  readonly id: number;
  readonly submissionId: number;
  readonly name: 'imports' | 'logits' | 'benchmark';
  readonly serial: number;
  readonly externalId: string;
  readonly checkRunId: number | null;
  readonly state: 'wanted' | 'creating' | 'created';
  readonly sentPhase: string | null;
  readonly sentStatus: 'queued' | 'in_progress' | 'completed' | null;
  readonly sentConclusion: string | null;
  readonly annotationsSent: number;
  readonly updatedAt: number;
}

/** The newest check of each name: GitHub shows that one. */
export async function latestChecks(db: Queryable, submissionId: number): Promise<CheckRow[]> {
  const rows: CheckRow[] = await db('checks').where({ submissionId }).orderBy(['name', 'serial']);
  return [...new Map(rows.map((row) => [row.name, row])).values()];
}

export async function findCheckByRunId(db: Queryable, checkRunId: number): Promise<CheckRow | null> {
  return (await db('checks').where({ checkRunId }).first()) ?? null;
}

export async function findCheckByExternalId(db: Queryable, externalId: string): Promise<CheckRow | null> {
  return (await db('checks').where({ externalId }).first()) ?? null;
}

/** Wants one more check-run of this name; asking again for the same serial changes nothing. */
export async function wantCheck(
  db: Queryable,
  check: Pick<CheckRow, 'submissionId' | 'name' | 'serial'>,
  now: number,
): Promise<void> {
  const externalId = `${check.submissionId}:${check.name}:${check.serial}`;
  await db('checks')
    .insert({ ...check, externalId, state: 'wanted', updatedAt: now })
    .onConflict(['submissionId', 'name', 'serial'])
    .ignore();
}

/** Stores the intent to create. False when another driver was here first. */
export async function startCreating(db: Queryable, id: number, now: number): Promise<boolean> {
  return (
    (await db('checks').where({ id, state: 'wanted' }).update({ state: 'creating', updatedAt: now })) === 1
  );
}

/** GitHub refused, or has none after all: nothing was created. */
export async function undoCreating(db: Queryable, id: number, now: number): Promise<boolean> {
  return (
    (await db('checks').where({ id, state: 'creating' }).update({ state: 'wanted', updatedAt: now })) === 1
  );
}

/** The check-run exists; what it shows is unknown until the next write when it was found and not just made. */
export async function noteCreated(
  db: Queryable,
  id: number,
  checkRunId: number,
  now: number,
): Promise<boolean> {
  const changes = { state: 'created', checkRunId, updatedAt: now };
  return (await db('checks').where({ id, state: 'creating' }).update(changes)) === 1;
}

export interface Sent {
  readonly phase: string;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion: string | null;
  readonly annotationsSent: number;
}

export async function noteSent(db: Queryable, id: number, sent: Sent, now: number): Promise<void> {
  await db('checks').where({ id, state: 'created' }).update({
    sentPhase: sent.phase,
    sentStatus: sent.status,
    sentConclusion: sent.conclusion,
    annotationsSent: sent.annotationsSent,
    updatedAt: now,
  });
}

/** What happened to a submission, append-only: for people, and for whoever has to explain a decision later. */
import type { Queryable } from './connection.ts';

export interface EventRow {
  readonly id: number;
  readonly submissionId: number | null;
  readonly evaluationId: number | null;
  readonly kind: string;
  readonly data: string;
  readonly at: number;
}

export async function recordEvent(
  db: Queryable,
  event: {
    submissionId?: number;
    evaluationId?: number;
    kind: string;
    data?: Record<string, unknown>;
    at: number;
  },
): Promise<void> {
  await db('events').insert({
    submissionId: event.submissionId ?? null,
    evaluationId: event.evaluationId ?? null,
    kind: event.kind,
    data: JSON.stringify(event.data ?? {}),
    at: event.at,
  });
}

export async function eventsOf(db: Queryable, submissionId: number): Promise<EventRow[]> {
  return db('events').where({ submissionId }).orderBy('id');
}

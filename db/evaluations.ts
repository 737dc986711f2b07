/** Evaluations: one attempt of one runner at one seat. Every transition says from which state, and one row decides. */
import type { Queryable } from './connection.ts';

export type EvaluationState =
  | 'planned'
  | 'dispatching'
  | 'dispatched'
  | 'claimed'
  | 'finished'
  | 'failed'
  | 'cancelled';
export const LIVE_STATES: readonly EvaluationState[] = ['planned', 'dispatching', 'dispatched', 'claimed'];

export interface EvaluationRow {
  readonly id: number;
  readonly submissionId: number;
  readonly purpose: 'rank' | 'baseline' | 'audit' | 'trial';
  readonly seat: number;
  readonly attempt: number;
  readonly state: EvaluationState;
  readonly taskVersion: number;
  readonly taskDigest: string;
  readonly nonce: string;
  readonly notBefore: number;
  readonly orderedAt: number;
  readonly dispatchingAt: number | null;
  readonly dispatchedAt: number | null;
  readonly claimedAt: number | null;
  readonly endedAt: number | null;
  /** When its workflow run was last asked for; 0 asks for a look now. */
  readonly runCheckedAt: number | null;
  readonly runId: number | null;
  readonly runAttempt: number | null;
  readonly runUrl: string | null;
  readonly cancelRequestedAt: number | null;
  /** When GitHub was seen to have ended the run. */
  readonly runOverAt: number | null;
  readonly judgeCommit: string | null;
  readonly runner: string | null;
  readonly claimBodySha256: string | null;
  readonly resultBodySha256: string | null;
  readonly keySha256: string | null;
  readonly progressSeq: number | null;
  /** JSON of the latest progress message. */
  readonly progress: string | null;
  readonly failure: string | null;
}

export async function findEvaluation(db: Queryable, id: number): Promise<EvaluationRow | null> {
  return (await db('evaluations').where({ id }).first()) ?? null;
}

export async function evaluationsOf(db: Queryable, submissionId: number): Promise<EvaluationRow[]> {
  return db('evaluations').where({ submissionId }).orderBy('id');
}

/** Orders an evaluation. Null when that attempt exists, or the seat has a live one: somebody else ordered it. */
export async function orderEvaluation(
  db: Queryable,
  order: Pick<
    EvaluationRow,
    | 'submissionId'
    | 'purpose'
    | 'seat'
    | 'attempt'
    | 'taskVersion'
    | 'taskDigest'
    | 'nonce'
    | 'notBefore'
    | 'orderedAt'
  >,
): Promise<number | null> {
  const [row] = await db('evaluations')
    .insert({ ...order, state: 'planned' })
    .onConflict()
    .ignore()
    .returning('id');
  return row?.id ?? null;
}

/** Moves an evaluation from one of `from` to `to`. False when it was no longer there. */
export async function moveEvaluation(
  db: Queryable,
  id: number,
  from: EvaluationState | readonly EvaluationState[],
  changes: Partial<Omit<EvaluationRow, 'id' | 'state'>> & { readonly state: EvaluationState },
): Promise<boolean> {
  const moved = await db('evaluations')
    .where({ id })
    .whereIn('state', typeof from === 'string' ? [from] : from)
    .update(changes);
  return moved === 1;
}

/** Changes what is known of an evaluation without moving it; false when it is not in one of the states given. */
export async function noteEvaluation(
  db: Queryable,
  id: number,
  states: readonly EvaluationState[],
  changes: Partial<Omit<EvaluationRow, 'id' | 'state'>>,
): Promise<boolean> {
  return (await db('evaluations').where({ id }).whereIn('state', states).update(changes)) === 1;
}

/** The first key that progress brings stays: a later one must not be able to take its place. */
export async function noteFirstKey(db: Queryable, id: number, keySha256: string): Promise<boolean> {
  return (
    (await db('evaluations').where({ id, state: 'claimed', keySha256: null }).update({ keySha256 })) === 1
  );
}

export async function findEvaluationByRun(db: Queryable, runId: number): Promise<EvaluationRow | null> {
  return (await db('evaluations').where({ runId }).first()) ?? null;
}

/** How many wait for a runner before this one, and how many wait or run in all. */
export async function queueOf(db: Queryable, id: number): Promise<{ position: number; length: number }> {
  const waiting = await db('evaluations')
    .whereIn('state', ['planned', 'dispatching', 'dispatched'])
    .orderBy('id')
    .select('id');
  const index = waiting.findIndex((row: { id: number }) => row.id === id);
  return { position: index < 0 ? 0 : index + 1, length: waiting.length };
}

/** Stores the token's id; false when it was used before. Each call of a runner needs a fresh one. */
export async function useToken(db: Queryable, jti: string, expiresAt: number): Promise<boolean> {
  const rows = await db('oidc_tokens').insert({ jti, expiresAt }).onConflict('jti').ignore().returning('jti');
  return rows.length === 1;
}

export async function pruneTokens(db: Queryable, before: number): Promise<number> {
  return db('oidc_tokens').where('expiresAt', '<', before).delete();
}

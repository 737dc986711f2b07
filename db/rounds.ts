/** The rounds in which submissions are ranked and paid. */

import type { Queryable } from './connection.ts';

/** The one endless round, made on first use. */
export async function currentRound(db: Queryable, now: number): Promise<number> {
  const active = () => db('rounds').where({ state: 'active' }).first('id');
  const live = await active();
  if (live) return live.id;
  // A unique index lets one of two replicas make it; the other then finds it.
  await db('rounds').insert({ state: 'active', startedAt: now }).onConflict().ignore();
  return (await active()).id;
}

/** Holds the round's row until the transaction ends. */
export async function lockRound(trx: Queryable, id: number): Promise<void> {
  await trx('rounds').where({ id }).update({ id });
}

/** Small named values that several processes share: scan positions, the state of the runners, recovered receipts. */
import type { Queryable } from './connection.ts';

export async function getFact<T>(db: Queryable, name: string): Promise<T | null> {
  const row = await db('facts').where({ name }).first('value');
  return row ? (JSON.parse(row.value) as T) : null;
}

export async function setFact(db: Queryable, name: string, value: unknown, now: number): Promise<void> {
  const row = { name, value: JSON.stringify(value), updatedAt: now };
  await db('facts').insert(row).onConflict('name').merge();
}

/** Remembers when GitHub first tried to deliver a GUID that had to be fetched again: that is its receipt time. */
export async function noteRecovered(db: Queryable, guid: string, deliveredAt: number): Promise<void> {
  const row = { name: `recovered:${guid}`, value: String(deliveredAt), updatedAt: deliveredAt };
  await db('facts').insert(row).onConflict('name').ignore();
}

/** Forgets deliveries that were first tried before `before`: by then GitHub delivers none of them again. */
export async function pruneRecovered(db: Queryable, before: number): Promise<number> {
  return db('facts').where('name', 'like', 'recovered:%').andWhere('updatedAt', '<', before).delete();
}

export const recoveredAt = (db: Queryable, guid: string) => getFact<number>(db, `recovered:${guid}`);

/**
 * Takes the named lease for `owner` until `now + leaseMs`, or renews it. False while another owner holds it.
 * The same statement shape on SQLite and PostgreSQL: one row decides.
 */
export async function takeLease(
  db: Queryable,
  name: string,
  { owner, now, leaseMs }: { owner: string; now: number; leaseMs: number },
): Promise<boolean> {
  const fresh = await db('leases')
    .insert({ name, owner, until: now + leaseMs })
    .onConflict('name')
    .ignore()
    .returning('name');
  if (fresh.length === 1) return true;
  const won = await db('leases')
    .where({ name })
    .andWhere((free) => free.where({ owner }).orWhere('until', '<', now))
    .update({ owner, until: now + leaseMs });
  return won === 1;
}

/** Gives the named lease back before it runs out; one that somebody else took meanwhile stays theirs. */
export async function releaseLease(db: Queryable, name: string, owner: string): Promise<void> {
  await db('leases').where({ name, owner }).delete();
}

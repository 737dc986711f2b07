/** The inbox: verified deliveries, stored before they are acknowledged, processed from here. */
import type { Queryable } from './connection.ts';

export interface Delivery {
  /** X-GitHub-Delivery: unchanged on redelivery, hence the key. */
  readonly guid: string;
  readonly source: 'watcher' | 'operator';
  readonly event: string;
  readonly action: string | null;
  readonly repoId: number | null;
  readonly installationId: number | null;
  readonly payload: string;
  /** Unix milliseconds. */
  readonly receivedAt: number;
}

export interface InboxRow extends Delivery {
  readonly attempts: number;
}

/** Stores deliveries in one statement; one seen before changes nothing. Returns the GUIDs that are new. */
export async function insertDeliveries(db: Queryable, rows: readonly Delivery[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const inserted = await db('inbox')
    .insert(rows.map((row) => ({ ...row, state: 'new', nextAttemptAt: row.receivedAt })))
    .onConflict('guid')
    .ignore()
    .returning('guid');
  return new Set(inserted.map((row: { guid: string }) => row.guid));
}

/**
 * Takes up to `limit` due rows for `owner` until `now + leaseMs`. Deliveries of one repository are taken in the order
 * of their receipt and never two at a time, whichever replica asks.
 */
export async function takeDeliveries(
  db: Queryable,
  { owner, now, leaseMs, limit }: { owner: string; now: number; leaseMs: number; limit: number },
): Promise<InboxRow[]> {
  const due: InboxRow[] = await db('inbox')
    .where({ state: 'new' })
    .andWhere('nextAttemptAt', '<=', now)
    .andWhere((free) => free.whereNull('leaseUntil').orWhere('leaseUntil', '<', now))
    .andWhereRaw(
      `NOT EXISTS (SELECT 1 FROM inbox AS other WHERE other.repo_id = inbox.repo_id AND other.state = 'new'
         AND (other.lease_until >= ? OR other.received_at < inbox.received_at
              OR (other.received_at = inbox.received_at AND other.guid < inbox.guid)))`,
      [now],
    )
    .orderBy('receivedAt')
    .limit(limit)
    .select('*');
  const taken: InboxRow[] = [];
  for (const row of due) {
    const won = await db('inbox')
      .where({ guid: row.guid, state: 'new', attempts: row.attempts })
      .andWhere((free) => free.whereNull('leaseUntil').orWhere('leaseUntil', '<', now))
      .update({ leaseOwner: owner, leaseUntil: now + leaseMs, attempts: row.attempts + 1 });
    if (won === 1) taken.push({ ...row, attempts: row.attempts + 1 });
  }
  return taken;
}

export async function finishDelivery(db: Queryable, guid: string, owner: string): Promise<boolean> {
  const done = { state: 'done', leaseOwner: null, leaseUntil: null, lastError: null };
  return (await db('inbox').where({ guid, leaseOwner: owner, state: 'new' }).update(done)) === 1;
}

/** Puts a row back for another attempt, or, with `nextAttemptAt` null, sets it aside as failed for good. */
export async function postponeDelivery(
  db: Queryable,
  guid: string,
  owner: string,
  { nextAttemptAt, error }: { nextAttemptAt: number | null; error: string },
): Promise<boolean> {
  const changes = {
    state: nextAttemptAt === null ? 'failed' : 'new',
    nextAttemptAt: nextAttemptAt ?? 0,
    leaseOwner: null,
    leaseUntil: null,
    lastError: error.slice(0, 2000),
  };
  return (await db('inbox').where({ guid, leaseOwner: owner, state: 'new' }).update(changes)) === 1;
}

export async function hasDelivery(db: Queryable, guid: string): Promise<boolean> {
  return (await db('inbox').where({ guid }).first('guid')) !== undefined;
}

/** Deletes processed rows received before `before`. Failed ones stay for the operator. */
export async function pruneInbox(db: Queryable, before: number): Promise<number> {
  return db('inbox').where({ state: 'done' }).andWhere('receivedAt', '<', before).delete();
}

export async function inboxDepth(db: Queryable): Promise<{ waiting: number; failed: number }> {
  const rows = await db('inbox')
    .whereIn('state', ['new', 'failed'])
    .groupBy('state')
    .select('state')
    .count('* as n');
  const count = (state: string) => Number(rows.find((row) => row.state === state)?.n ?? 0);
  return { waiting: count('new'), failed: count('failed') };
}

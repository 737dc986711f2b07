/** The inbox: verified deliveries, stored before they are acknowledged, processed from here. */
import { holdLock, type Queryable } from './connection.ts';

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

/**
 * Stores deliveries in one statement; one seen before changes nothing. Returns the GUIDs that are new. At most 500 rows,
 * which is what SQLite takes.
 */
export async function insertDeliveries(db: Queryable, rows: readonly Delivery[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  // In one order everywhere: two replicas that store the same deliveries must not wait for each other in a circle.
  const sorted = rows.toSorted((a, b) => (a.guid < b.guid ? -1 : 1));
  const inserted = await db('inbox')
    .insert(sorted.map((row) => ({ ...row, lane: laneOf(row), state: 'new', nextAttemptAt: row.receivedAt })))
    .onConflict('guid')
    .ignore()
    .returning('guid');
  return new Set(inserted.map((row: { guid: string }) => row.guid));
}

function laneOf({ repoId, installationId }: Delivery): string | null {
  if (repoId !== null) return `repository ${repoId}`;
  return installationId === null ? null : `installation ${installationId}`;
}

/**
 * Takes up to `limit` due rows for `owner` until `now + leaseMs`. Deliveries of one repository, and those of one
 * installation that name no repository, are taken in the order of their receipt and never two at a time, whichever
 * replica asks. One that is postponed holds up those behind it. Not to be called within a transaction.
 */
export async function takeDeliveries(
  db: Queryable,
  { owner, now, leaseMs, limit }: { owner: string; now: number; leaseMs: number; limit: number },
): Promise<InboxRow[]> {
  return db.transaction(async (trx) => {
    // Two takers that look at the same moment would each find a first row of the same lane.
    await holdLock(trx, 'inbox');
    const due: { guid: string }[] = await free(trx('inbox'), now)
      .andWhere('nextAttemptAt', '<=', now)
      .whereNotExists(
        trx('inbox AS other')
          .whereRaw('other.lane = inbox.lane')
          .where('other.state', 'new')
          .andWhere((before) =>
            before
              .where('other.leaseUntil', '>=', now)
              .orWhereRaw('other.received_at < inbox.received_at')
              .orWhereRaw('(other.received_at = inbox.received_at AND other.guid < inbox.guid)'),
          ),
      )
      .orderBy(['receivedAt', 'guid'])
      .limit(limit)
      .select('guid');
    if (due.length === 0) return [];
    const guids = due.map(({ guid }) => guid);
    const taken: InboxRow[] = await free(trx('inbox').whereIn('guid', guids), now)
      .update({ leaseOwner: owner, leaseUntil: now + leaseMs, attempts: trx.raw('attempts + 1') })
      .returning('*');
    return taken.sort((a, b) => guids.indexOf(a.guid) - guids.indexOf(b.guid));
  });
}

const free = (rows: ReturnType<Queryable>, now: number) =>
  rows
    .where('inbox.state', 'new')
    .andWhere((unleased) => unleased.whereNull('inbox.leaseUntil').orWhere('inbox.leaseUntil', '<', now));

export async function finishDelivery(db: Queryable, guid: string, owner: string): Promise<boolean> {
  const done = { state: 'done', leaseOwner: null, leaseUntil: null, lastError: null };
  return (await db('inbox').where({ guid, leaseOwner: owner, state: 'new' }).update(done)) === 1;
}

/**
 * Puts a row back for another attempt, or, with `nextAttemptAt` null, sets it aside as failed for good. With `spoiled` the
 * attempt is not counted: somebody else was to blame.
 */
export async function postponeDelivery(
  db: Queryable,
  guid: string,
  owner: string,
  { nextAttemptAt, error, spoiled }: { nextAttemptAt: number | null; error: string; spoiled?: boolean },
): Promise<boolean> {
  const changes = {
    state: nextAttemptAt === null ? 'failed' : 'new',
    nextAttemptAt: nextAttemptAt ?? 0,
    ...(spoiled ? { attempts: db.raw('attempts - 1') } : {}),
    leaseOwner: null,
    leaseUntil: null,
    // PostgreSQL's text holds no NUL, and an error may quote a miner.
    lastError: error.replaceAll('\0', '').slice(0, 2000),
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

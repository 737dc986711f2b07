/** Group commit: deliveries that arrive while one transaction is being synced to disk share the next one. */
import type { Delivery } from '../../db/inbox.ts';
import type { Inbox } from '../bot.ts';

/** Stores the rows in one transaction and returns the GUIDs that were new. */
export type InsertMany = (rows: readonly Delivery[]) => Promise<ReadonlySet<string>>;

/** The delivery is not stored: GitHub must record a failure, so that it is delivered or fetched again. */
export class InboxUnavailable extends Error {
  override readonly name = 'InboxUnavailable';
  readonly code = 'inbox_unavailable';
  readonly retryable = true;
  readonly userMessage = 'the delivery could not be stored: deliver it again';
}

interface Waiting {
  readonly delivery: Delivery;
  readonly resolve: (outcome: 'new' | 'duplicate') => void;
  readonly reject: (error: InboxUnavailable) => void;
}

export interface GroupCommit {
  readonly maxWaiting: number;
  /** Rows; SQLite takes at most 500 in the one statement that they become. */
  readonly maxBatch?: number;
  /** How long the first delivery of a batch waits for company: one sync costs more than that. 0 does not wait. */
  readonly maxWaitMs?: number;
}

/**
 * `add` resolves after the commit that holds its row. A batch is what arrived during the commit before it and during
 * `maxWaitMs`, at most `maxBatch` rows. With `maxWaiting` deliveries waiting, further ones are refused, so that a
 * database that stands still does not fill the memory.
 */
export function createInboxWriter(
  insertMany: InsertMany,
  { maxWaiting, maxBatch = 200, maxWaitMs = 2 }: GroupCommit,
): Inbox & { waiting(): number; drain(): Promise<void> } {
  let queue: Waiting[] = [];
  let writing: Promise<void> | null = null;
  let full: (() => void) | null = null;

  const gather = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, maxWaitMs);
      full = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const writeAll = async () => {
    while (queue.length > 0) {
      if (maxWaitMs > 0 && queue.length < maxBatch) await gather();
      full = null;
      const batch = queue.slice(0, maxBatch);
      queue = queue.slice(maxBatch);
      await writeBatch(insertMany, batch);
    }
    writing = null;
  };
  return {
    add: (delivery) =>
      new Promise((resolve, reject) => {
        if (queue.length >= maxWaiting) {
          reject(new InboxUnavailable(`${queue.length} deliveries are waiting for the database`));
          return;
        }
        queue.push({ delivery, resolve, reject });
        if (queue.length >= maxBatch) full?.();
        writing ??= Promise.resolve().then(writeAll);
      }),
    waiting: () => queue.length,
    drain: async () => {
      await writing;
    },
  };
}

async function writeBatch(insertMany: InsertMany, batch: readonly Waiting[]): Promise<void> {
  try {
    const fresh = new Set(await insertMany(batch.map((item) => item.delivery)));
    // of two equal GUIDs in one batch the first is the new one
    for (const { delivery, resolve } of batch) resolve(fresh.delete(delivery.guid) ? 'new' : 'duplicate');
  } catch (cause) {
    const message = `the transaction of ${batch.length} deliveries failed`;
    for (const { reject } of batch) reject(new InboxUnavailable(message, { cause: withoutRows(cause) }));
  }
}

/** knex quotes the whole statement, payloads included, before what the database said; a log gets the latter only. */
function withoutRows(cause: unknown): Error {
  const text = cause instanceof Error ? cause.message : String(cause);
  return new Error((text.split(' - ').at(-1) ?? text).slice(0, 500));
}

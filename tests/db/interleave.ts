/** Two processes in a chosen order: what is between the statements of one is what the other does. */
import type { Database } from '../../db/connection.ts';

/** A transaction that somebody else holds open: `work` has run in it, `commit` ends it. */
export async function heldOpen<T>(
  db: Database,
  work: (trx: Database) => Promise<T>,
): Promise<{ result: T; commit(): Promise<void> }> {
  let release: () => void = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let done: Promise<void> = Promise.resolve();
  const result = await new Promise<T>((resolve, reject) => {
    done = db.transaction(async (trx) => {
      resolve(await work(trx as unknown as Database));
      await held;
    });
    done.catch(reject);
  });
  return {
    result,
    async commit() {
      release();
      await done;
    },
  };
}

/**
 * Resolves once `work` has ended or waits for somebody's lock. On SQLite at once: there whoever comes second waits from
 * its first statement on.
 */
export async function waitingOrDone(db: Database, work: Promise<unknown>): Promise<void> {
  if (db.client.config.client !== 'pg') return;
  let done = false;
  const end = () => {
    done = true;
  };
  work.then(end, end);
  while (!done) {
    const { rows } = await db.raw(
      "SELECT 1 FROM pg_stat_activity WHERE application_name = current_setting('application_name') AND wait_event_type = 'Lock'",
    );
    if (rows.length > 0) return;
  }
}

/** Brings the schema up to date. Migrations are imported, not read from a folder, so that a bundle carries them. */
import { type Database, holdLock, type Queryable } from './connection.ts';
import * as initial from './migrations/0001_initial.ts';
import * as chain from './migrations/0002_chain.ts';

interface Migration {
  readonly up: (db: Queryable) => Promise<void>;
  readonly down: (db: Queryable) => Promise<void>;
}
const MIGRATIONS: readonly (Migration & { readonly name: string })[] = [
  { name: '0001_initial', ...initial },
  { name: '0002_chain', ...chain },
];

/**
 * Applies what is missing and returns its names. One transaction: replicas that boot at once follow each other, and a
 * process that dies half-way leaves neither half a schema nor a lock that somebody would have to remove.
 */
export async function migrate(db: Database): Promise<string[]> {
  return db.transaction(async (trx) => {
    const applied = await appliedTo(trx);
    const missing = MIGRATIONS.filter(({ name }) => !applied.has(name));
    for (const { name, up } of missing) {
      await up(trx);
      await trx('migrations').insert({ name });
    }
    return missing.map(({ name }) => name);
  });
}

/** Takes back the newest migration, with all that its tables hold. Null when there is none. */
export async function migrateBack(db: Database): Promise<string | null> {
  return db.transaction(async (trx) => {
    const applied = await appliedTo(trx);
    const newest = MIGRATIONS.findLast(({ name }) => applied.has(name));
    if (newest === undefined) return null;
    await newest.down(trx);
    await trx('migrations').where({ name: newest.name }).delete();
    return newest.name;
  });
}

async function appliedTo(trx: Queryable): Promise<Set<string>> {
  await holdLock(trx, 'migrations');
  await trx.raw('CREATE TABLE IF NOT EXISTS migrations (name varchar(80) PRIMARY KEY)');
  const rows: { name: string }[] = await trx('migrations').select('name');
  return new Set(rows.map(({ name }) => name));
}

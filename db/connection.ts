/** Opens the database: SQLite by default, PostgreSQL by URL. The only place that knows which one it is. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import knex, { type Knex } from 'knex';
import pg from 'pg';

export type Database = Knex;
/** A connection or a transaction: queries take this, so that callers decide what is atomic. */
export type Queryable = Knex | Knex.Transaction;

// int8 holds unix milliseconds and GitHub ids: all below 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

const BUSY_TIMEOUT_MS = 10_000;
const WAL_RETRY_MS = 20;

const SQLiteClient = knex.knex({ client: 'sqlite3', useNullAsDefault: true }).client.constructor as new (
  config: Knex.Config,
) => Knex.Client;

/**
 * Transactions take the write lock at once: a deferred one that reads first and writes later fails with SQLITE_BUSY
 * when another process wrote in between, whatever the busy timeout.
 */
class ImmediateSQLite extends SQLiteClient {
  override transaction(...args: unknown[]) {
    // biome-ignore lint/suspicious/noExplicitAny: knex does not publish the type of a transaction's begin
    const transaction = (super.transaction as any)(...args);
    transaction.begin = (connection: unknown) => transaction.query(connection, 'BEGIN IMMEDIATE;');
    return transaction;
  }
}

// knex also asks about identifiers that are not there, such as the name of an unnamed constraint.
const toSnake = (name: string) => name?.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const toCamel = (name: string) => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const camelRow = (row: unknown): unknown =>
  row !== null && typeof row === 'object' && !Buffer.isBuffer(row)
    ? Object.fromEntries(Object.entries(row).map(([name, value]) => [toCamel(name), value]))
    : row;

/** Columns are snake_case in SQL and camelCase in TypeScript; raw SQL writes them as they are. */
const camelCase = {
  wrapIdentifier: (name: string, quote: (name: string) => string) =>
    quote(name === '*' ? name : toSnake(name)),
  postProcessResponse: (result: unknown) =>
    Array.isArray(result)
      ? result.map(camelRow)
      : isPostgresResult(result)
        ? { ...result, rows: result.rows.map(camelRow) }
        : camelRow(result),
} satisfies Partial<Knex.Config>;

function isPostgresResult(result: unknown): result is { rows: unknown[] } {
  return Array.isArray((result as { rows?: unknown } | null)?.rows);
}

/**
 * `postgres://…` opens PostgreSQL; `sqlite:///path`, a bare path or `:memory:` opens SQLite in WAL mode with full
 * synchronisation (an acknowledged delivery survives a power cut) and one writer.
 */
export function openDatabase(url: string): Database {
  if (/^postgres(ql)?:\/\//.test(url))
    return knex({
      client: 'pg',
      connection: url,
      ...camelCase,
      pool: { min: 0, max: 10 },
      acquireConnectionTimeout: 20_000,
    });
  const filename = url.replace(/^sqlite:\/\//, '');
  if (/^\w+:\/\//.test(filename))
    throw new Error(
      `DATABASE_URL must start with sqlite:/// or postgres://, got ${filename.split('://')[0]}://`,
    );
  if (filename !== ':memory:') mkdirSync(path.dirname(path.resolve(filename)), { recursive: true });
  return knex({
    client: ImmediateSQLite as unknown as string,
    connection: { filename },
    useNullAsDefault: true,
    ...camelCase,
    acquireConnectionTimeout: 60_000,
    pool: {
      min: 1,
      max: 1,
      idleTimeoutMillis: 2 ** 31 - 1,
      afterCreate(connection: SQLiteConnection, done: (error: Error | null) => void) {
        configure(connection, Date.now() + BUSY_TIMEOUT_MS, done);
      },
    },
  });
}

interface SQLiteConnection {
  exec(sql: string, done: (error: Error | null) => void): void;
}

/**
 * Asks again while the file is locked: SQLite answers a change to WAL with SQLITE_BUSY at once, without the busy
 * timeout, when another process that boots on the same new file makes the same change.
 */
function configure(
  connection: SQLiteConnection,
  deadline: number,
  done: (error: Error | null) => void,
): void {
  connection.exec(
    `PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;`,
    (error) => {
      const busy = (error as { code?: string } | null)?.code === 'SQLITE_BUSY';
      if (busy && Date.now() < deadline) setTimeout(configure, WAL_RETRY_MS, connection, deadline, done);
      else done(error);
    },
  );
}

/** True when the statement lost against a unique index: somebody else wrote the row first. */
export function isUniqueViolation(error: unknown): boolean {
  const { code, errno } = error as { code?: string; errno?: number };
  return code === '23505' || (code === 'SQLITE_CONSTRAINT' && errno === 19 && /UNIQUE/.test(String(error)));
}

/**
 * Holds the named lock until the transaction ends; whoever asks for it meanwhile waits. PostgreSQL needs it where what
 * one transaction reads must not be changed by another before it has written. SQLite's transactions exclude each other.
 */
export async function holdLock(trx: Queryable, name: string): Promise<void> {
  if (trx.client.config.client === 'pg')
    await trx.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [`quasar-referee ${name}`]);
}

/**
 * Databases for tests: every contract test runs on SQLite (a file, so that a second process can open it) and on the
 * PostgreSQL that TEST_POSTGRES_URL names, there in a schema of its own.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { type Database, openDatabase } from '../../db/connection.ts';
import { migrate } from '../../db/migrate.ts';

export interface TestDatabase {
  readonly url: string;
  readonly db: Database;
  /** One more process: its own pool of connections to the same database. */
  another(): Database;
  close(): Promise<void>;
}

const POSTGRES_URL = process.env.TEST_POSTGRES_URL;
const MISSING =
  'TEST_POSTGRES_URL is not set: name a PostgreSQL that may be written to, e.g. postgres://me@127.0.0.1:5432/postgres (.ci/run starts one)';

if (!POSTGRES_URL && process.env.REQUIRE_ALL !== '1') console.warn(`skipped on PostgreSQL: ${MISSING}`);

export const KINDS = ['SQLite', 'PostgreSQL'] as const;
export type Kind = (typeof KINDS)[number];

/** A new and empty database, not migrated. */
export async function openEmpty(kind: Kind): Promise<TestDatabase> {
  const { url, drop } = kind === 'SQLite' ? sqliteFile() : await postgresSchema();
  const opened: Database[] = [];
  const another = () => {
    const db = openDatabase(url);
    opened.push(db);
    return db;
  };
  return {
    url,
    db: another(),
    another,
    async close() {
      await Promise.all(opened.map((db) => db.destroy()));
      await drop();
    },
  };
}

function sqliteFile() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'referee-db-'));
  return {
    url: `sqlite://${path.join(folder, 'referee.sqlite')}`,
    drop: async () => rmSync(folder, { recursive: true }),
  };
}

async function postgresSchema() {
  if (!POSTGRES_URL) throw new Error(MISSING);
  const name = `test_${randomBytes(8).toString('hex')}`;
  const inServer = async (statement: string) => {
    const server = openDatabase(POSTGRES_URL);
    await server.raw(statement).finally(() => server.destroy());
  };
  await inServer(`CREATE SCHEMA ${name}`);
  const url = new URL(POSTGRES_URL);
  url.searchParams.set('application_name', name);
  url.searchParams.set('options', `-c search_path=${name}`);
  // node-postgres decodes %20 in options, not the plus sign of a form.
  return {
    url: url.href.replaceAll('+', '%20'),
    drop: () => inServer(`DROP SCHEMA ${name} CASCADE`),
  };
}

/** False, with a skipped test that says why, where there is no such database; with REQUIRE_ALL=1 tests then fail. */
export function available(kind: Kind): boolean {
  if (kind === 'SQLite' || POSTGRES_URL || process.env.REQUIRE_ALL === '1') return true;
  it.skip(MISSING, () => {});
  return false;
}

/** The same tests on both databases, each test on a fresh one. */
export function onBothDatabases(title: string, body: (at: TestDatabase) => void): void {
  describe.each(KINDS)(`${title} on %s`, (kind) => {
    if (!available(kind)) return;
    let current: TestDatabase;
    beforeEach(async () => {
      current = await openEmpty(kind);
      await migrate(current.db);
    });
    afterEach(() => current?.close());
    body({
      get url() {
        return current.url;
      },
      get db() {
        return current.db;
      },
      another: () => current.another(),
      close: () => current.close(),
    });
  });
}

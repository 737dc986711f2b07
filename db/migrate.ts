/** Brings the schema up to date. Migrations are imported, not read from a folder, so that a bundle carries them. */
import type { Database } from './connection.ts';
import * as initial from './migrations/0001_initial.ts';

interface Migration {
  readonly up: (db: Database) => Promise<void>;
  readonly down: (db: Database) => Promise<void>;
}
const MIGRATIONS: Readonly<Record<string, Migration>> = { '0001_initial': initial };

/** Safe to run from two replicas at once: knex's migration lock lets one do it, the other waits its turn. */
export async function migrate(db: Database): Promise<string[]> {
  const config = {
    migrationSource: {
      getMigrations: async () => Object.keys(MIGRATIONS),
      getMigrationName: (name: string) => name,
      getMigration: async (name: string) => MIGRATIONS[name] as Migration,
    },
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      const [, applied] = (await db.migrate.latest(config)) as [number, string[]];
      return applied;
    } catch (error) {
      const transient = /already locked|already exists|UNIQUE constraint|duplicate key/i.test(String(error));
      if (!transient || attempt === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

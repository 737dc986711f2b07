import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate, migrateBack } from '../../../db/migrate.ts';
import { available, KINDS, openEmpty, type TestDatabase } from '../databases.ts';
import { submit } from '../rows.ts';

const ALL = ['0001_initial', '0002_chain'];

describe.each(KINDS)('migrations on %s', (kind) => {
  if (!available(kind)) return;
  let at: TestDatabase;
  beforeEach(async () => {
    at = await openEmpty(kind);
  });
  afterEach(() => at.close());

  it('apply once', async () => {
    expect(await migrate(at.db)).toEqual(ALL);
    expect(await migrate(at.db)).toEqual([]);
  });

  // SQLite refused one boot in eight here, so one try would prove little.
  it.for(Array.from({ length: 12 }, (_, n) => n + 1))(
    'apply once when several processes boot at once, try %i',
    async () => {
      const applied = await Promise.all([at.db, at.another(), at.another()].map((db) => migrate(db)));
      expect(applied.flat()).toEqual(ALL);
    },
  );

  it('go up, down with everything in them, and up again', async () => {
    await migrate(at.db);
    await submit(at.db);
    for (const name of ALL.toReversed()) expect(await migrateBack(at.db)).toBe(name);
    expect(await migrateBack(at.db)).toBeNull();
    expect(await at.db.schema.hasTable('submissions')).toBe(false);
    expect(await migrate(at.db)).toEqual(ALL);
    expect(await at.db('submissions')).toEqual([]);
  });

  it('leave nothing behind when they die half-way, and can be tried again', async () => {
    await at.db.schema.createTable('facts', (t) => t.integer('in_the_way'));
    await expect(migrate(at.db)).rejects.toThrow(/facts.*already exists/);
    expect(await at.db.schema.hasTable('inbox')).toBe(false);
    await at.db.schema.dropTable('facts');
    expect(await migrate(at.db)).toEqual(ALL);
  });
});

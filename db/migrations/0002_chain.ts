/** Weights on chain: every attempt to set them, and who is registered. u64 values are text. */
import type { Knex } from 'knex';

export async function up(db: Knex): Promise<void> {
  await db.schema.createTable('weight_sets', (t) => {
    t.increments('id');
    t.string('genesis_hash', 66).notNullable();
    t.integer('netuid').notNullable();
    t.string('hotkey', 64).notNullable();
    t.bigInteger('epoch').notNullable();
    t.integer('attempt').notNullable();
    /** planned, signed, included (live); verified, failed (over) */
    t.string('state', 16).notNullable();
    t.text('shares').notNullable();
    t.bigInteger('standing_at').notNullable();
    /** JSON: `{uids, values}`. */
    t.text('row').notNullable();
    t.string('call', 64).notNullable();
    t.string('kind', 16).notNullable();
    t.bigInteger('planned_block').notNullable();
    t.bigInteger('reveal_round');
    t.bigInteger('reveal_from');
    t.bigInteger('reveal_until');
    t.string('commit_hash', 66);
    /** JSON: the signed extrinsic. */
    t.text('extrinsic');
    t.bigInteger('included_block');
    t.string('included_hash', 66);
    t.integer('extrinsic_index');
    t.bigInteger('verified_block');
    t.string('verified_by', 8);
    t.string('failure_code', 40);
    t.text('failure');
    t.bigInteger('created_at').notNullable();
    t.bigInteger('updated_at').notNullable();
    t.unique(['genesis_hash', 'netuid', 'hotkey', 'epoch', 'attempt']);
    t.index(['state']);
  });
  await db.schema.raw(
    `CREATE UNIQUE INDEX weight_sets_one_open ON weight_sets (genesis_hash, netuid, hotkey)
     WHERE state IN ('planned', 'signed')`,
  );

  await db.schema.createTable('subnets', (t) => {
    t.string('genesis_hash', 66).notNullable();
    t.integer('netuid').notNullable();
    t.bigInteger('block').notNullable();
    t.string('block_hash', 66).notNullable();
    /** JSON: the state as pages and metrics show it. */
    t.text('state').notNullable();
    t.bigInteger('read_at').notNullable();
    t.primary(['genesis_hash', 'netuid']);
  });

  await db.schema.createTable('hotkeys', (t) => {
    t.string('genesis_hash', 66).notNullable();
    t.integer('netuid').notNullable();
    t.string('hotkey', 64).notNullable();
    t.integer('uid').notNullable();
    t.primary(['genesis_hash', 'netuid', 'hotkey']);
  });
}

export async function down(db: Knex): Promise<void> {
  for (const table of ['hotkeys', 'subnets', 'weight_sets']) await db.schema.dropTableIfExists(table);
}

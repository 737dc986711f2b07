/** The first schema. Times are unix milliseconds; JSON is text, so that SQLite and PostgreSQL hold the same bytes. */
import type { Knex } from 'knex';

type Table = Knex.CreateTableBuilder;
const ms = (table: Table, name: string) => table.bigInteger(name);

export async function up(db: Knex): Promise<void> {
  await db.schema.createTable('inbox', (t) => {
    t.string('guid', 80).primary();
    t.string('source', 16).notNullable();
    t.string('event', 40).notNullable();
    t.string('action', 40);
    t.bigInteger('repo_id');
    t.bigInteger('installation_id');
    /** Deliveries of one lane are processed one at a time, in the order of their receipt; null: of no lane. */
    t.string('lane', 40);
    t.text('payload').notNullable();
    ms(t, 'received_at').notNullable();
    t.string('state', 16).notNullable();
    t.integer('attempts').notNullable().defaultTo(0);
    ms(t, 'next_attempt_at').notNullable();
    t.string('lease_owner', 80);
    ms(t, 'lease_until');
    t.text('last_error');
    t.index(['state', 'received_at', 'guid']);
    t.index(['lane', 'state', 'received_at', 'guid']);
  });

  await db.schema.createTable('forks', (t) => {
    t.bigInteger('repo_id').primary();
    t.bigInteger('owner_id').notNullable();
    t.bigInteger('installation_id').notNullable();
    t.string('owner', 255).notNullable();
    t.string('name', 255).notNullable();
    t.string('default_branch', 255).notNullable();
    t.integer('private').notNullable();
    /** active, gone (repository deleted or the App removed) */
    t.string('state', 16).notNullable();
    ms(t, 'updated_at').notNullable();
    t.index(['installation_id']);
  });

  await db.schema.createTable('links', (t) => {
    t.increments('id');
    t.bigInteger('repo_id').notNullable();
    t.bigInteger('owner_id').notNullable();
    t.string('hotkey', 64).notNullable();
    t.string('network', 64).notNullable();
    t.integer('netuid').notNullable();
    t.string('branch', 255).notNullable();
    t.text('signature').notNullable();
    ms(t, 'since').notNullable();
    ms(t, 'ended_at');
    t.string('end_reason', 40);
    t.index(['repo_id']);
  });
  await db.schema.raw('CREATE UNIQUE INDEX links_one_live ON links (repo_id) WHERE ended_at IS NULL');

  await db.schema.createTable('receipts', (t) => {
    t.increments('id');
    t.string('code_digest', 64).notNullable();
    t.string('task', 64).notNullable();
    t.bigInteger('repo_id').notNullable();
    t.bigInteger('owner_id').notNullable();
    t.string('hotkey', 64);
    t.string('head_sha', 40).notNullable();
    ms(t, 'received_at').notNullable();
    t.string('receipt_source', 16).notNullable();
    t.unique(['code_digest', 'task', 'repo_id', 'head_sha']);
    t.index(['code_digest', 'received_at']);
  });

  await db.schema.createTable('rounds', (t) => {
    t.increments('id');
    t.string('state', 16).notNullable();
    ms(t, 'started_at').notNullable();
    ms(t, 'ends_at');
  });
  await db.schema.raw("CREATE UNIQUE INDEX rounds_one_active ON rounds (state) WHERE state = 'active'");

  await db.schema.createTable('contents', (t) => {
    t.string('sha256', 64).primary();
    t.binary('bytes').notNullable();
  });

  await db.schema.createTable('submissions', (t) => {
    t.increments('id');
    t.bigInteger('repo_id').notNullable();
    t.bigInteger('owner_id').notNullable();
    t.string('task', 64).notNullable();
    t.string('head_sha', 40).notNullable();
    t.string('branch', 255).notNullable();
    t.integer('round_id').notNullable().references('id').inTable('rounds');
    ms(t, 'received_at').notNullable();
    t.string('receipt_source', 16).notNullable();
    t.string('hotkey', 64);
    t.integer('target_length');
    t.double('claimed_tokens_per_sec');
    t.string('content_digest', 64);
    t.string('code_digest', 64);
    /** What intake found: `eligible`, `other_branch`, or an IntakeReason. */
    t.string('intake', 32).notNullable();
    /** JSON: findings, problems of quasar.yml, ignored paths. */
    t.text('intake_details').notNullable();
    t.integer('superseded_by').references('id').inTable('submissions');
    t.integer('previous_id').references('id').inTable('submissions');
    /** Attempts below this one were forgiven by a re-run request and no longer count. */
    t.integer('attempts_from').notNullable().defaultTo(1);
    ms(t, 'dispatch_after').notNullable();
    ms(t, 'next_look_at');
    t.integer('wake_seq').notNullable().defaultTo(0);
    t.string('lease_owner', 80);
    ms(t, 'lease_until');
    t.unique(['repo_id', 'task', 'head_sha']);
    t.index(['next_look_at']);
    t.index(['code_digest']);
    t.index(['hotkey']);
  });

  await db.schema.createTable('submission_files', (t) => {
    t.integer('submission_id').notNullable().references('id').inTable('submissions');
    t.string('path', 255).notNullable();
    t.string('sha256', 64).notNullable().references('sha256').inTable('contents');
    t.primary(['submission_id', 'path']);
  });

  await db.schema.createTable('checks', (t) => {
    t.increments('id');
    t.integer('submission_id').notNullable().references('id').inTable('submissions');
    t.string('name', 16).notNullable();
    t.integer('serial').notNullable();
    t.string('external_id', 80).notNullable().unique();
    t.bigInteger('check_run_id');
    /** wanted, creating (intent stored, answer unknown), created */
    t.string('state', 16).notNullable();
    /** The phase last written to GitHub, null before the first write. */
    t.string('sent_phase', 80);
    t.string('sent_status', 16);
    t.string('sent_conclusion', 24);
    t.integer('annotations_sent').notNullable().defaultTo(0);
    ms(t, 'updated_at').notNullable();
    t.unique(['submission_id', 'name', 'serial']);
    t.index(['sent_status']);
    t.index(['check_run_id']);
  });

  await db.schema.createTable('evaluations', (t) => {
    t.increments('id');
    t.integer('submission_id').notNullable().references('id').inTable('submissions');
    t.string('purpose', 16).notNullable();
    t.integer('seat').notNullable();
    t.integer('attempt').notNullable();
    /** planned, dispatching, dispatched, claimed (live); finished, failed, cancelled (over) */
    t.string('state', 16).notNullable();
    t.integer('task_version').notNullable();
    t.string('task_digest', 64).notNullable();
    t.string('nonce', 32).notNullable();
    ms(t, 'not_before').notNullable();
    ms(t, 'ordered_at').notNullable();
    ms(t, 'dispatching_at');
    ms(t, 'dispatched_at');
    ms(t, 'claimed_at');
    ms(t, 'ended_at');
    ms(t, 'run_checked_at');
    t.bigInteger('run_id');
    t.integer('run_attempt');
    t.string('run_url', 300);
    ms(t, 'cancel_requested_at');
    ms(t, 'run_over_at');
    t.string('judge_commit', 40);
    t.string('runner', 255);
    t.string('claim_body_sha256', 64);
    t.string('result_body_sha256', 64);
    t.string('key_sha256', 64);
    t.integer('progress_seq');
    t.text('progress');
    /** Why an evaluation failed without a verdict; shown to operators and, in short, to miners. */
    t.text('failure');
    t.unique(['submission_id', 'purpose', 'seat', 'attempt']);
    t.index(['state']);
    t.index(['run_id']);
  });
  await db.schema.raw(
    `CREATE UNIQUE INDEX evaluations_one_live ON evaluations (submission_id, purpose, seat)
     WHERE state IN ('planned', 'dispatching', 'dispatched', 'claimed')`,
  );

  await db.schema.createTable('oidc_tokens', (t) => {
    t.string('jti', 120).primary();
    ms(t, 'expires_at').notNullable();
    t.index(['expires_at']);
  });

  await db.schema.createTable('verdicts', (t) => {
    t.increments('id');
    t.integer('evaluation_id').notNullable().unique().references('id').inTable('evaluations');
    t.integer('submission_id').notNullable().references('id').inTable('submissions');
    t.string('status', 16).notNullable();
    t.string('reason', 32).notNullable();
    t.text('detail').notNullable();
    t.string('task', 64).notNullable();
    t.integer('task_version').notNullable();
    t.string('task_digest', 64).notNullable();
    t.string('judge_commit', 80).notNullable();
    t.string('upstream_tree', 40).notNullable();
    t.string('device_class', 300).notNullable();
    t.text('result').notNullable();
    t.string('result_sha256', 64).notNullable();
    ms(t, 'created_at').notNullable();
    t.index(['submission_id']);
  });

  await db.schema.raw(
    `CREATE TABLE figures (
       verdict_id integer NOT NULL REFERENCES verdicts (id),
       length integer NOT NULL,
       tokens_per_sec double precision NOT NULL CHECK (tokens_per_sec > 0 AND tokens_per_sec < 1e15),
       tokens_per_sec_low double precision NOT NULL CHECK (tokens_per_sec_low > 0 AND tokens_per_sec_low <= tokens_per_sec),
       op_tokens_per_sec double precision NOT NULL CHECK (op_tokens_per_sec > 0 AND op_tokens_per_sec < 1e18),
       fixed_ns bigint NOT NULL CHECK (fixed_ns >= 0),
       peak_bytes bigint NOT NULL CHECK (peak_bytes >= 0),
       PRIMARY KEY (verdict_id, length))`,
  );

  await db.schema.createTable('decisions', (t) => {
    t.increments('id');
    t.integer('submission_id').notNullable().references('id').inTable('submissions');
    t.integer('task_version').notNullable();
    t.string('status', 16).notNullable();
    t.string('reason', 32).notNullable();
    t.text('detail').notNullable();
    t.double('tokens_per_sec');
    t.double('tokens_per_sec_low');
    t.double('score').notNullable();
    /** The verdict whose record is shown; null when no runner ever delivered one. */
    t.integer('verdict_id').references('id').inTable('verdicts');
    ms(t, 'decided_at').notNullable();
    t.unique(['submission_id', 'task_version']);
  });

  await db.schema.createTable('strikes', (t) => {
    t.increments('id');
    t.bigInteger('owner_id').notNullable();
    t.string('hotkey', 64);
    t.integer('evaluation_id').unique().references('id').inTable('evaluations');
    t.string('reason', 32).notNullable();
    ms(t, 'at').notNullable();
  });

  await db.schema.createTable('weights', (t) => {
    t.increments('id');
    t.integer('round_id').notNullable().references('id').inTable('rounds');
    t.integer('dry_run').notNullable();
    t.text('shares').notNullable();
    t.text('places').notNullable();
    t.string('digest', 64).notNullable();
    ms(t, 'created_at').notNullable();
  });

  await db.schema.createTable('events', (t) => {
    t.increments('id');
    t.integer('submission_id').references('id').inTable('submissions');
    t.integer('evaluation_id');
    t.string('kind', 40).notNullable();
    t.text('data').notNullable();
    ms(t, 'at').notNullable();
    t.index(['submission_id']);
  });

  await db.schema.createTable('facts', (t) => {
    t.string('name', 120).primary();
    t.text('value').notNullable();
    ms(t, 'updated_at').notNullable();
  });

  await db.schema.createTable('leases', (t) => {
    t.string('name', 80).primary();
    t.string('owner', 80).notNullable();
    ms(t, 'until').notNullable();
  });
}

export async function down(db: Knex): Promise<void> {
  const tables = [
    'leases',
    'facts',
    'events',
    'weights',
    'strikes',
    'decisions',
    'figures',
    'verdicts',
    'oidc_tokens',
  ];
  tables.push(
    'evaluations',
    'checks',
    'submission_files',
    'submissions',
    'contents',
    'rounds',
    'receipts',
    'links',
  );
  for (const table of [...tables, 'forks', 'inbox']) await db.schema.dropTableIfExists(table);
}

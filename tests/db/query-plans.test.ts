/** What is asked for all the time must find its rows by an index: done rows stay for weeks, and there are many. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findCheckByExternalId, findCheckByRunId, latestChecks } from '../../db/checks.ts';
import type { Database } from '../../db/connection.ts';
import { evaluationsOf, findEvaluationByRun, pruneTokens, queueOf } from '../../db/evaluations.ts';
import { eventsOf } from '../../db/events.ts';
import { liveLink } from '../../db/forks.ts';
import { filesOf } from '../../db/frozen-files.ts';
import { inboxDepth, insertDeliveries, pruneInbox, takeDeliveries } from '../../db/inbox.ts';
import { migrate } from '../../db/migrate.ts';
import { firstReceipt } from '../../db/receipts.ts';
import { dueSubmissions, unfinishedSubmissions } from '../../db/submission-looks.ts';
import {
  findSubmission,
  findSubmissionBySha,
  findSubmissionsOfCommit,
  liveSubmissions,
} from '../../db/submissions.ts';
import { uidOfHotkey } from '../../db/subnets.ts';
import { twinOf } from '../../db/twins.ts';
import { wakeRegistered } from '../../db/unlinked-submissions.ts';
import { findDecision, latestWeights, recentDecisions, verdictsOf } from '../../db/verdicts.ts';
import { openEmpty, type TestDatabase } from './databases.ts';
import { aDelivery, NOW, submit } from './rows.ts';

const LENGTHS = { from: 0, below: 200_000 };

let at: TestDatabase;
beforeEach(async () => {
  at = await openEmpty('SQLite');
  await migrate(at.db);
});
afterEach(() => at.close());

/** The steps of SQLite's plans for everything that `work` asks. */
async function plansOf(work: (db: Database) => Promise<unknown>): Promise<string[]> {
  const asked: { sql: string; bindings: readonly unknown[] }[] = [];
  const listen = (query: { sql: string; bindings?: readonly unknown[] }) =>
    asked.push({ sql: query.sql, bindings: query.bindings ?? [] });
  at.db.on('query', listen);
  await work(at.db);
  at.db.removeListener('query', listen);
  const plans: string[] = [];
  for (const { sql, bindings } of asked.filter(({ sql }) => /^(select|update|delete)/i.test(sql))) {
    const steps = (await at.db.raw(`EXPLAIN QUERY PLAN ${sql}`, bindings as never)) as { detail: string }[];
    plans.push(...steps.map(({ detail }) => detail));
  }
  return plans;
}

const ASKED: readonly [what: string, work: (db: Database, submission: number) => Promise<unknown>][] = [
  [
    'taking deliveries',
    async (db) => {
      await insertDeliveries(db, [aDelivery()]);
      await takeDeliveries(db, { owner: 'a', now: NOW, leaseMs: 1, limit: 8 });
    },
  ],
  ['the depth of the inbox', (db) => inboxDepth(db)],
  ['pruning the inbox', (db) => pruneInbox(db, NOW)],
  ['submissions that are due', (db) => dueSubmissions(db, NOW, 16)],
  ['submissions that are unfinished', (db) => unfinishedSubmissions(db, NOW)],
  [
    'submissions that wait for a registration',
    (db) => wakeRegistered(db, { genesisHash: '0x', netuid: 1 }, NOW),
  ],
  ['the uid of a hotkey', (db) => uidOfHotkey(db, { genesisHash: '0x', netuid: 1, hotkey: '5' })],
  ['submissions that are live', (db) => liveSubmissions(db, 50)],
  ['a submission', (db, id) => findSubmission(db, id)],
  ['a submission by commit', (db) => findSubmissionBySha(db, { repoId: 1, task: 'quasar', headSha: 'a' })],
  ['the submissions of a commit', (db) => findSubmissionsOfCommit(db, 1, 'a')],
  ['taking a submission in, which supersedes others', (db) => submit(db)],
  [
    'a twin',
    async (db, id) =>
      twinOf(db, (await findSubmission(db, id)) as never, { taskVersion: 1, lengths: LENGTHS }),
  ],
  ['frozen files', (db, id) => filesOf(db, id)],
  ['the checks of a submission', (db, id) => latestChecks(db, id)],
  ['a check by run', (db) => findCheckByRunId(db, 1)],
  ['a check by external id', (db) => findCheckByExternalId(db, 'x')],
  ['the evaluations of a submission', (db, id) => evaluationsOf(db, id)],
  ['an evaluation by run', (db) => findEvaluationByRun(db, 1)],
  ['the queue', (db) => queueOf(db, 1)],
  ['the verdicts of a submission', (db, id) => verdictsOf(db, id)],
  ['a decision', (db, id) => findDecision(db, id, 1)],
  ['recent decisions', (db) => recentDecisions(db, 20)],
  ['the latest weights', (db) => latestWeights(db)],
  ['who showed a code first', (db) => firstReceipt(db, 'quasar', 'c')],
  ['a live link', (db) => liveLink(db, 1)],
  ['the events of a submission', (db, id) => eventsOf(db, id)],
  ['pruning tokens', (db) => pruneTokens(db, NOW)],
];

it.each(ASKED)('%s reads no table from end to end', async (what, work) => {
  const submission = await submit(at.db);
  const plans = await plansOf((db) => work(db, submission));
  expect(plans.length).toBeGreaterThan(0);
  // There is one round. The newest rows up to a limit are read along the primary key, which is a scan that ends.
  const ends = /^SCAN rounds$|^SCAN (decisions|weights)$/;
  const allowed = what.startsWith('recent') || what.startsWith('the latest') ? ends : /^SCAN rounds$/;
  const whole = plans.filter((step) => /^SCAN (?!.*USING)/.test(step) && !allowed.test(step));
  expect(whole).toEqual([]);
});

it('taking deliveries needs no sorting, however many wait', async () => {
  await insertDeliveries(at.db, [aDelivery()]);
  const plans = await plansOf((db) => takeDeliveries(db, { owner: 'a', now: NOW, leaseMs: 1, limit: 8 }));
  expect(plans.join('\n')).not.toContain('TEMP B-TREE FOR ORDER BY');
});

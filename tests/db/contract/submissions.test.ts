import { expect, it } from 'vitest';
import { latestChecks } from '../../../db/checks.ts';
import { isUniqueViolation } from '../../../db/connection.ts';
import { markForkGone, saveFork } from '../../../db/forks.ts';
import {
  dueSubmissions,
  leaseSubmission,
  releaseSubmission,
  unfinishedSubmissions,
  wakeSubmission,
} from '../../../db/submission-looks.ts';
import {
  currentRound,
  filesOf,
  findSubmission,
  findSubmissionBySha,
  findSubmissionsOfCommit,
  insertSubmission,
  lastTakenIn,
  liveSubmissions,
  noteEarlierReceipt,
  promoteSubmission,
  reviveSubmission,
} from '../../../db/submissions.ts';
import { recordDecision } from '../../../db/verdicts.ts';
import { onBothDatabases } from '../databases.ts';
import { heldOpen, waitingOrDone } from '../interleave.ts';
import { aDecision, aFork, aSha, aSubmission, NOW, ordered, submit } from '../rows.ts';

const LEASE_MS = 180_000;

onBothDatabases('a submission', (at) => {
  const row = async (id: number) => {
    const found = await findSubmission(at.db, id);
    if (found === null) throw new Error(`no submission ${id}`);
    return found;
  };
  const lease = (id: number, owner: string, now = NOW, db = at.db) =>
    leaseSubmission(db, id, { owner, now, leaseMs: LEASE_MS });

  it('is inserted with its files, its three wanted checks and a look at once', async () => {
    const submission = await aSubmission(at.db, { claimedTokensPerSec: 1234.5 });
    const id = await at.db.transaction((trx) => insertSubmission(trx, submission, NOW));
    const { files, ...values } = submission;
    expect(await row(id)).toMatchObject({ ...values, nextLookAt: NOW, supersededBy: null, previousId: null });
    const [file] = await filesOf(at.db, id);
    expect({ ...file, bytes: [...(file?.bytes ?? [])] }).toEqual({ ...files[0], bytes: [120, 10] });
    expect((await latestChecks(at.db, id)).map(({ name, state }) => `${name} ${state}`).toSorted()).toEqual([
      'benchmark wanted',
      'imports wanted',
      'logits wanted',
    ]);
  });

  it('is found by its commit, under its task and under any', async () => {
    const headSha = aSha();
    const [one, other] = [await submit(at.db, { headSha }), await submit(at.db, { headSha, task: 'quasar' })];
    expect((await findSubmissionBySha(at.db, { repoId: 101, task: 'quasar', headSha }))?.id).toBe(other);
    expect((await findSubmissionsOfCommit(at.db, 101, headSha)).map(({ id }) => id)).toEqual([one, other]);
    expect(await findSubmissionsOfCommit(at.db, 102, headSha)).toEqual([]);
  });

  it('is known as the last one that was taken in of its repository', async () => {
    expect(await lastTakenIn(at.db, 101)).toBeNull();
    await submit(at.db);
    const headSha = aSha();
    const id = await submit(at.db, { headSha, intake: 'other_branch' });
    await submit(at.db, { repoId: 102 });
    expect(await lastTakenIn(at.db, 101)).toEqual({ id, headSha });
  });

  it('is refused as a second one of the same commit', async () => {
    const headSha = aSha();
    await submit(at.db, { headSha });
    const again = await submit(at.db, { headSha }).catch((error: unknown) => error);
    expect(isUniqueViolation(again)).toBe(true);
    expect(await at.db('submissions')).toHaveLength(1);
  });

  it('is one when two replicas insert the same commit at once', async () => {
    const submission = await aSubmission(at.db);
    const insert = (db: typeof at.db) => db.transaction((trx) => insertSubmission(trx, submission, NOW));
    const outcomes = await Promise.allSettled([insert(at.db), insert(at.another())]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await at.db('submissions')).toHaveLength(1);
    expect(await at.db('checks')).toHaveLength(3);
  });

  it('supersedes the undecided ones of its repository and task, and wakes them', async () => {
    const older = await submit(at.db);
    const elsewhere = await submit(at.db, { repoId: 102 });
    const otherTask = await submit(at.db, { task: 'quasar' });
    const newer = await submit(at.db, {}, NOW + 5);
    expect(await row(older)).toMatchObject({ supersededBy: newer, nextLookAt: NOW + 5, wakeSeq: 1 });
    expect((await row(newer)).previousId).toBe(older);
    for (const id of [elsewhere, otherTask, newer]) expect((await row(id)).supersededBy).toBeNull();
  });

  it('does not supersede a decided one, nor from another branch', async () => {
    const decided = await submit(at.db);
    await recordDecision(at.db, aDecision(decided));
    const open = await submit(at.db);
    await submit(at.db, { intake: 'other_branch', branch: 'idea' });
    expect((await row(decided)).supersededBy).toBeNull();
    expect((await row(open)).supersededBy).toBeNull();
  });

  it('lives again with its first receipt time, and the others give way to it', async () => {
    const older = await submit(at.db);
    const newer = await submit(at.db);
    await reviveSubmission(at.db, await row(older), { dispatchAfter: NOW + 100, now: NOW + 50 });
    expect(await row(older)).toMatchObject({ supersededBy: null, dispatchAfter: NOW + 100, receivedAt: NOW });
    expect((await row(newer)).supersededBy).toBe(older);
  });

  it('keeps its receipt time unless an earlier delivery of it is found', async () => {
    const headSha = aSha();
    const id = await submit(at.db, { headSha });
    const commit = { repoId: 101, headSha };
    await noteEarlierReceipt(at.db, commit, { receivedAt: NOW + 1, receiptSource: 'log' });
    expect(await row(id)).toMatchObject({ receivedAt: NOW, receiptSource: 'delivery' });
    await noteEarlierReceipt(at.db, commit, { receivedAt: NOW - 1, receiptSource: 'log' });
    expect(await row(id)).toMatchObject({ receivedAt: NOW - 1, receiptSource: 'log' });
  });

  it('is promoted from another branch with new files, its id and its first receipt', async () => {
    const headSha = aSha();
    const live = await submit(at.db);
    const id = await submit(at.db, { headSha, intake: 'other_branch', branch: 'idea' });
    const {
      receivedAt: _,
      receiptSource: __,
      ...fresh
    } = await aSubmission(at.db, {
      headSha,
      files: [{ path: 'b.py', sha256: 'b'.repeat(64), bytes: new Uint8Array([1]) }],
    });
    await at.db.transaction((trx) => promoteSubmission(trx, id, fresh, NOW + 50));
    expect(await row(id)).toMatchObject({ intake: 'eligible', branch: 'main', receivedAt: NOW });
    expect((await filesOf(at.db, id)).map(({ path }) => path)).toEqual(['b.py']);
    expect((await row(live)).supersededBy).toBe(id);
  });

  it('is leased by one of two replicas', async () => {
    const id = await submit(at.db);
    const won = await Promise.all([lease(id, 'a'), lease(id, 'b', NOW, at.another())]);
    expect(won.toSorted()).toEqual([false, true]);
  });

  it('is leased again by its owner, and by another one after the lease ran out', async () => {
    const id = await submit(at.db);
    await lease(id, 'a');
    expect(await lease(id, 'a', NOW + 1)).toBe(true);
    expect(await lease(id, 'b', NOW + 1 + LEASE_MS)).toBe(false);
    expect(await lease(id, 'b', NOW + 2 + LEASE_MS)).toBe(true);
  });

  it('sleeps after its release, until the time given', async () => {
    const id = await submit(at.db);
    await lease(id, 'a');
    expect(await dueSubmissions(at.db, NOW, 10)).toEqual([]);
    await releaseSubmission(at.db, id, { owner: 'a', wakeSeq: 0, nextLookAt: NOW + 100, now: NOW });
    expect(await dueSubmissions(at.db, NOW + 99, 10)).toEqual([]);
    expect(await dueSubmissions(at.db, NOW + 100, 10)).toEqual([id]);
  });

  it('does not sleep through a wake-up that came during the lease', async () => {
    const id = await submit(at.db);
    await lease(id, 'a');
    await wakeSubmission(at.db, id, NOW + 10);
    await releaseSubmission(at.db, id, { owner: 'a', wakeSeq: 0, nextLookAt: null, now: NOW + 20 });
    expect(await dueSubmissions(at.db, NOW + 20, 10)).toEqual([id]);
  });

  it('is not released by one who lost the lease', async () => {
    const id = await submit(at.db);
    await lease(id, 'a');
    const later = NOW + LEASE_MS + 1;
    await lease(id, 'b', later);
    await releaseSubmission(at.db, id, { owner: 'a', wakeSeq: 0, nextLookAt: null, now: later });
    expect(await lease(id, 'c', later)).toBe(false);
    expect((await row(id)).nextLookAt).toBe(NOW);
  });

  it('is due in the order in which the looks are', async () => {
    const ids = [await submit(at.db, { repoId: 1 }), await submit(at.db, { repoId: 2 })];
    await wakeSubmission(at.db, ids[0] as number, NOW + 10);
    expect(await dueSubmissions(at.db, NOW + 10, 10)).toEqual([ids[1], ids[0]]);
    expect(await dueSubmissions(at.db, NOW + 10, 1)).toEqual([ids[1]]);
  });

  it('is live while an evaluation of it is', async () => {
    const [live, over] = [await submit(at.db, { repoId: 1 }), await submit(at.db, { repoId: 2 })];
    await ordered(at.db, live);
    await at
      .db('evaluations')
      .where({ id: await ordered(at.db, over) })
      .update({ state: 'failed' });
    expect((await liveSubmissions(at.db, 10)).map(({ id }) => id)).toEqual([live]);
  });

  it('is unfinished while an evaluation lives or a check-run is open, unless a look is planned by now', async () => {
    await saveFork(at.db, aFork(), NOW);
    const id = await submit(at.db);
    expect(await unfinishedSubmissions(at.db, NOW)).toEqual([]);
    await at.db('submissions').where({ id }).update({ nextLookAt: null });
    expect(await unfinishedSubmissions(at.db, NOW)).toEqual([id]);
    await at.db('checks').update({ sentStatus: 'completed' });
    expect(await unfinishedSubmissions(at.db, NOW)).toEqual([]);
    const evaluation = await ordered(at.db, id);
    expect(await unfinishedSubmissions(at.db, NOW)).toEqual([id]);
    await at.db('evaluations').where({ id: evaluation }).update({ state: 'cancelled' });
    expect(await unfinishedSubmissions(at.db, NOW)).toEqual([]);
  });

  it('is finished when its fork is gone, however open its check-runs are', async () => {
    await saveFork(at.db, aFork(), NOW);
    const id = await submit(at.db);
    await at.db('submissions').where({ id }).update({ nextLookAt: null });
    await markForkGone(at.db, 101, NOW);
    expect(await unfinishedSubmissions(at.db, NOW)).toEqual([]);
    await ordered(at.db, id);
    expect(await unfinishedSubmissions(at.db, NOW)).toEqual([id]);
  });

  it('belongs to one round, also when two replicas open it at once', async () => {
    const rounds = await Promise.all([at.db, at.another(), at.another()].map((db) => currentRound(db, NOW)));
    expect(new Set(rounds).size).toBe(1);
    expect(await at.db('rounds')).toHaveLength(1);
  });

  it('is either decided or superseded when both happen at once, whoever comes first', async () => {
    const first = await submit(at.db);
    const deciding = await heldOpen(at.db, (trx) => recordDecision(trx, aDecision(first)));
    expect(deciding.result).toBe(true);
    const pushing = submit(at.another());
    await waitingOrDone(at.db, pushing);
    await deciding.commit();
    await pushing;
    expect((await row(first)).supersededBy).toBeNull();

    const second = await submit(at.db, { repoId: 102 });
    const superseding = await heldOpen(at.db, (trx) => submit(trx, { repoId: 102 }));
    const late = recordDecision(at.another(), aDecision(second));
    await waitingOrDone(at.db, late);
    await superseding.commit();
    expect(await late).toBe(false);
    expect((await row(second)).supersededBy).toBe(superseding.result);
  });

  it('leaves one of two pushes live when two replicas take them in at once', async () => {
    const older = await heldOpen(at.db, (trx) => submit(trx));
    const newer = submit(at.another());
    await waitingOrDone(at.db, newer);
    await older.commit();
    const id = await newer;
    expect(await at.db('submissions').whereNull('supersededBy').select('id')).toEqual([{ id }]);
  });
});

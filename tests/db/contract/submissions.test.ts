import { expect, it } from 'vitest';
import { latestChecks } from '../../../db/checks.ts';
import { isUniqueViolation } from '../../../db/connection.ts';
import { filesOf } from '../../../db/frozen-files.ts';
import {
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
import { aDecision, aSha, aSubmission, NOW, ordered, submit } from '../rows.ts';

onBothDatabases('a submission', (at) => {
  const row = async (id: number) => {
    const found = await findSubmission(at.db, id);
    if (found === null) throw new Error(`no submission ${id}`);
    return found;
  };

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

  it('is live while an evaluation of it is', async () => {
    const [live, over] = [await submit(at.db, { repoId: 1 }), await submit(at.db, { repoId: 2 })];
    await ordered(at.db, live);
    await at
      .db('evaluations')
      .where({ id: await ordered(at.db, over) })
      .update({ state: 'failed' });
    expect((await liveSubmissions(at.db, 10)).map(({ id }) => id)).toEqual([live]);
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

import { expect, it } from 'vitest';
import { markForkGone, saveFork } from '../../../db/forks.ts';
import {
  dueSubmissions,
  leaseSubmission,
  releaseSubmission,
  unfinishedSubmissions,
  wakeSubmission,
} from '../../../db/submission-looks.ts';
import { findSubmission } from '../../../db/submissions.ts';
import { onBothDatabases } from '../databases.ts';
import { aFork, NOW, ordered, submit } from '../rows.ts';

const LEASE_MS = 180_000;

onBothDatabases('a submission that is looked at', (at) => {
  const lease = (id: number, owner: string, now = NOW, db = at.db) =>
    leaseSubmission(db, id, { owner, now, leaseMs: LEASE_MS });

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
    expect((await findSubmission(at.db, id))?.nextLookAt).toBe(NOW);
  });

  it('is due in the order in which the looks are', async () => {
    const ids = [await submit(at.db, { repoId: 1 }), await submit(at.db, { repoId: 2 })];
    await wakeSubmission(at.db, ids[0] as number, NOW + 10);
    expect(await dueSubmissions(at.db, NOW + 10, 10)).toEqual([ids[1], ids[0]]);
    expect(await dueSubmissions(at.db, NOW + 10, 1)).toEqual([ids[1]]);
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
});

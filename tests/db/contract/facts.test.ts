import { expect, it } from 'vitest';
import { eventsOf, recordEvent } from '../../../db/events.ts';
import {
  getFact,
  noteRecovered,
  pruneRecovered,
  recoveredAt,
  setFact,
  takeLease,
} from '../../../db/facts.ts';
import { activeForks, findFork, findForkByName, markForkGone, saveFork } from '../../../db/forks.ts';
import { firstReceipt, type Receipt, recordReceipt } from '../../../db/receipts.ts';
import { onBothDatabases } from '../databases.ts';
import { aFork, aSha, HOTKEY, NOW, submit } from '../rows.ts';

onBothDatabases('a fact', (at) => {
  it('is what was said last', async () => {
    expect(await getFact(at.db, 'runners')).toBeNull();
    await setFact(at.db, 'runners', { online: 1 }, NOW);
    await setFact(at.db, 'runners', { online: 0 }, NOW);
    expect(await getFact(at.db, 'runners')).toEqual({ online: 0 });
  });

  it('remembers the first time of a delivery that was recovered, however long its GUID', async () => {
    const guid = 'g'.repeat(80);
    await noteRecovered(at.db, guid, NOW);
    await noteRecovered(at.db, guid, NOW + 1);
    expect(await recoveredAt(at.db, guid)).toBe(NOW);
    expect(await recoveredAt(at.db, 'other')).toBeNull();
  });
});

onBothDatabases('a recovered delivery', (at) => {
  it('is forgotten once it is old, and no other fact with it', async () => {
    await noteRecovered(at.db, 'old', NOW - 1);
    await noteRecovered(at.db, 'young', NOW);
    await setFact(at.db, 'runners', 1, NOW - 1);
    expect(await pruneRecovered(at.db, NOW)).toBe(1);
    expect(await recoveredAt(at.db, 'old')).toBeNull();
    expect(await recoveredAt(at.db, 'young')).toBe(NOW);
    expect(await getFact(at.db, 'runners')).toBe(1);
  });
});

onBothDatabases('a lease', (at) => {
  const take = (owner: string, now = NOW, db = at.db) =>
    takeLease(db, 'reconcile', { owner, now, leaseMs: 100 });

  it('is taken by one of two owners at once', async () => {
    const won = await Promise.all([take('a'), take('b', NOW, at.another())]);
    expect(won.toSorted()).toEqual([false, true]);
  });

  it('is renewed by its owner, and taken by another one after it ran out', async () => {
    await take('a');
    expect(await take('a', NOW + 50)).toBe(true);
    expect(await take('b', NOW + 150)).toBe(false);
    const late = await Promise.all([take('b', NOW + 151), take('c', NOW + 151, at.another())]);
    expect(late.toSorted()).toEqual([false, true]);
    expect(await take('a', NOW + 151)).toBe(false);
  });
});

onBothDatabases('a receipt', (at) => {
  const receipt = (repoId: number, receivedAt: number, more: Partial<Receipt> = {}): Receipt => ({
    codeDigest: 'c'.repeat(64),
    task: 'quasar_demo',
    repoId,
    ownerId: repoId + 400,
    hotkey: HOTKEY,
    headSha: '1'.repeat(40),
    receivedAt,
    receiptSource: 'delivery',
    ...more,
  });
  const first = () => firstReceipt(at.db, 'quasar_demo', 'c'.repeat(64));

  it('owns the code when it is the earliest, in whatever order they were recorded', async () => {
    expect(await first()).toBeNull();
    for (const [repoId, time] of [
      [1, NOW],
      [2, NOW - 1],
      [3, NOW + 1],
    ] as const)
      await recordReceipt(at.db, receipt(repoId, time));
    expect(await first()).toMatchObject({ repoId: 2, receivedAt: NOW - 1 });
  });

  it('of the same moment owns it when it was recorded first', async () => {
    await recordReceipt(at.db, receipt(2, NOW));
    await recordReceipt(at.db, receipt(1, NOW));
    expect(await first()).toMatchObject({ repoId: 2 });
  });

  it('of another task or other code owns nothing here', async () => {
    await recordReceipt(at.db, receipt(1, NOW, { task: 'quasar' }));
    await recordReceipt(at.db, receipt(1, NOW, { codeDigest: 'd'.repeat(64) }));
    expect(await first()).toBeNull();
  });

  it('stays as it is when the same push comes again', async () => {
    await recordReceipt(at.db, receipt(1, NOW, { hotkey: null }));
    await recordReceipt(at.db, receipt(1, NOW + 1));
    expect(await first()).toMatchObject({ hotkey: null, receivedAt: NOW });
    expect(await at.db('receipts')).toHaveLength(1);
  });

  it('gets the earlier time when the lost delivery of the same push is recovered', async () => {
    await recordReceipt(at.db, receipt(1, NOW));
    await recordReceipt(at.db, receipt(1, NOW - 60_000, { receiptSource: 'log' }));
    expect(await first()).toMatchObject({ receivedAt: NOW - 60_000, receiptSource: 'log' });
    expect(await at.db('receipts')).toHaveLength(1);
  });
});

onBothDatabases('a fork', (at) => {
  it('is known by its id under its latest name', async () => {
    await saveFork(at.db, aFork({ owner: 'Ada', name: 'Old' }), NOW);
    await saveFork(at.db, aFork({ owner: 'Ada', name: 'New' }), NOW + 1);
    expect(await findFork(at.db, 101)).toMatchObject({ name: 'New', state: 'active' });
    expect(await findForkByName(at.db, 'ADA', 'new')).toMatchObject({ repoId: 101 });
    expect(await findForkByName(at.db, 'ada', 'old')).toBeNull();
  });

  it('of a name that moved on is the one seen last', async () => {
    await saveFork(at.db, aFork({ repoId: 1 }), NOW);
    await saveFork(at.db, aFork({ repoId: 2 }), NOW + 1);
    expect((await findForkByName(at.db, 'ada', 'flash-linear-attention'))?.repoId).toBe(2);
  });

  it('is gone once, and back when it is seen again', async () => {
    await saveFork(at.db, aFork(), NOW);
    expect(await markForkGone(at.db, 101, NOW)).toBe(true);
    expect(await markForkGone(at.db, 101, NOW)).toBe(false);
    expect(await activeForks(at.db)).toEqual([]);
    await saveFork(at.db, aFork(), NOW);
    expect((await activeForks(at.db)).map(({ repoId }) => repoId)).toEqual([101]);
  });

  it('may be saved by two replicas at once', async () => {
    await Promise.all([saveFork(at.db, aFork(), NOW), saveFork(at.another(), aFork(), NOW)]);
    expect(await at.db('forks')).toHaveLength(1);
  });
});

onBothDatabases('events', (at) => {
  it('are told in the order in which they happened', async () => {
    const submissionId = await submit(at.db, { headSha: aSha() });
    for (const kind of ['received', 'decided']) await recordEvent(at.db, { submissionId, kind, at: NOW });
    await recordEvent(at.db, { kind: 'elsewhere', at: NOW });
    const events = await eventsOf(at.db, submissionId);
    expect(events.map(({ kind, data }) => [kind, data])).toEqual([
      ['received', '{}'],
      ['decided', '{}'],
    ]);
  });
});

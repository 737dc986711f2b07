import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createInboxWriter, InboxUnavailable, type InsertMany } from '../../app/http/inbox-writer.ts';
import type { Delivery } from '../../db/inbox.ts';

const aDelivery = (guid: string): Delivery => ({
  guid,
  source: 'watcher',
  event: 'push',
  action: null,
  repoId: 1,
  installationId: 1,
  payload: '{}',
  receivedAt: 0,
});

/** A database whose commits the test finishes by hand. */
function aSlowDatabase() {
  const batches: string[][] = [];
  const stored = new Set<string>();
  const commits: (() => void)[] = [];
  const insertMany: InsertMany = (rows) => {
    batches.push(rows.map((row) => row.guid));
    return new Promise((resolve) => {
      commits.push(() => {
        const fresh = new Set(rows.map((row) => row.guid).filter((guid) => !stored.has(guid)));
        for (const guid of fresh) stored.add(guid);
        resolve(fresh);
      });
    });
  };
  const commit = async () => {
    commits.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { insertMany, batches, commit };
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('inbox writer', () => {
  it('commits a lone delivery at once and what arrives meanwhile together', async () => {
    const { insertMany, batches, commit } = aSlowDatabase();
    const writer = createInboxWriter(insertMany, { maxBatch: 10, maxWaitMs: 0, maxWaiting: 100 });
    const first = writer.add(aDelivery('a'));
    await settle();
    const rest = ['b', 'c', 'd'].map((guid) => writer.add(aDelivery(guid)));
    await settle();
    expect(batches).toEqual([['a']]);
    await commit();
    expect(await first).toBe('new');
    expect(batches).toEqual([['a'], ['b', 'c', 'd']]);
    await commit();
    expect(await Promise.all(rest)).toEqual(['new', 'new', 'new']);
  });

  it('resolves nothing before its own commit', async () => {
    const { insertMany, commit } = aSlowDatabase();
    const writer = createInboxWriter(insertMany, { maxBatch: 10, maxWaitMs: 0, maxWaiting: 100 });
    let acknowledged = false;
    const added = writer.add(aDelivery('a')).then(() => {
      acknowledged = true;
    });
    await settle();
    expect(acknowledged).toBe(false);
    await commit();
    await added;
    expect(acknowledged).toBe(true);
  });

  it('lets the first delivery of a batch wait for company, but not once the batch is full', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { insertMany, batches } = aSlowDatabase();
    const writer = createInboxWriter(insertMany, { maxBatch: 3, maxWaitMs: 2, maxWaiting: 100 });
    void writer.add(aDelivery('a'));
    void writer.add(aDelivery('b'));
    await settle();
    expect(batches).toEqual([]);
    await vi.advanceTimersByTimeAsync(2);
    expect(batches).toEqual([['a', 'b']]);
    const full = createInboxWriter(insertMany, { maxBatch: 2, maxWaitMs: 2, maxWaiting: 100 });
    void full.add(aDelivery('c'));
    void full.add(aDelivery('d'));
    await settle();
    expect(batches).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  it('tells duplicates apart, in the database and within one batch', async () => {
    const { insertMany, commit } = aSlowDatabase();
    const writer = createInboxWriter(insertMany, { maxBatch: 10, maxWaitMs: 0, maxWaiting: 100 });
    const together = [writer.add(aDelivery('a')), writer.add(aDelivery('a'))];
    await settle();
    await commit();
    expect(await Promise.all(together)).toEqual(['new', 'duplicate']);
    const again = writer.add(aDelivery('a'));
    await settle();
    await commit();
    expect(await again).toBe('duplicate');
  });

  it('splits a queue longer than a batch', async () => {
    const { insertMany, batches, commit } = aSlowDatabase();
    const writer = createInboxWriter(insertMany, { maxBatch: 2, maxWaitMs: 0, maxWaiting: 100 });
    const added = ['a', 'b', 'c', 'd', 'e'].map((guid) => writer.add(aDelivery(guid)));
    await settle();
    for (let i = 0; i < 3; i += 1) await commit();
    expect(await Promise.all(added)).toHaveLength(5);
    expect(batches).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  it('fails the deliveries of a failed transaction, each with its own error, and goes on with the next', async () => {
    let failing = true;
    const writer = createInboxWriter(
      async (rows) => {
        if (failing) throw new Error('disk full');
        return new Set(rows.map((row) => row.guid));
      },
      { maxBatch: 10, maxWaitMs: 0, maxWaiting: 100 },
    );
    const failed = await Promise.allSettled([writer.add(aDelivery('a')), writer.add(aDelivery('b'))]);
    const reasons = failed.map((item) => (item.status === 'rejected' ? item.reason : null));
    expect(reasons).toEqual([expect.any(InboxUnavailable), expect.any(InboxUnavailable)]);
    expect(reasons[0]).not.toBe(reasons[1]);
    failing = false;
    expect(await writer.add(aDelivery('a'))).toBe('new');
  });

  it('refuses deliveries when too many wait for a database that stands still', async () => {
    const writer = createInboxWriter(() => new Promise(() => {}), {
      maxBatch: 1,
      maxWaitMs: 0,
      maxWaiting: 2,
    });
    const waiting = [writer.add(aDelivery('a'))];
    await settle();
    waiting.push(writer.add(aDelivery('b')), writer.add(aDelivery('c')));
    await expect(writer.add(aDelivery('d'))).rejects.toBeInstanceOf(InboxUnavailable);
    expect(writer.waiting()).toBe(2);
    expect(waiting).toHaveLength(3);
  });

  it('drains: resolves once everything added has been committed', async () => {
    const stored: string[] = [];
    const writer = createInboxWriter(
      async (rows) => {
        await settle();
        stored.push(...rows.map((row) => row.guid));
        return new Set(stored);
      },
      { maxBatch: 1, maxWaitMs: 0, maxWaiting: 10 },
    );
    const added = ['a', 'b', 'c'].map((guid) => writer.add(aDelivery(guid)));
    await writer.drain();
    expect(stored).toEqual(['a', 'b', 'c']);
    await Promise.all(added);
  });
});

import { expect, it } from 'vitest';
import {
  finishDelivery,
  hasDelivery,
  inboxDepth,
  insertDeliveries,
  postponeDelivery,
  pruneInbox,
  takeDeliveries,
} from '../../../db/inbox.ts';
import { onBothDatabases } from '../databases.ts';
import { heldOpen, waitingOrDone } from '../interleave.ts';
import { aDelivery, NOW } from '../rows.ts';

const LEASE_MS = 120_000;
const taking = (owner: string, now = NOW, limit = 10) => ({ owner, now, leaseMs: LEASE_MS, limit });

onBothDatabases('the inbox', (at) => {
  const take = async (owner: string, now = NOW, limit = 10) =>
    (await takeDeliveries(at.db, taking(owner, now, limit))).map(({ guid }) => guid);

  it('stores a delivery once, also when it comes twice in one batch and again later', async () => {
    const [one, two] = [aDelivery(), aDelivery()];
    expect(await insertDeliveries(at.db, [one, two, one])).toEqual(new Set([one.guid, two.guid]));
    expect(await insertDeliveries(at.db, [two])).toEqual(new Set());
    expect(await hasDelivery(at.db, one.guid)).toBe(true);
    expect(await hasDelivery(at.db, 'never-seen')).toBe(false);
    expect(await insertDeliveries(at.db, [])).toEqual(new Set());
  });

  it('gives a delivery back as it came', async () => {
    const delivery = aDelivery({ payload: '{"name":"\\u0000 \u{1F680}"}', action: 'created', repoId: null });
    await insertDeliveries(at.db, [delivery]);
    const [row] = await takeDeliveries(at.db, taking('a'));
    expect(row).toMatchObject({ ...delivery, attempts: 1 });
  });

  it('counts a delivery as new for one of two processes that store the same ones in another order', async () => {
    const rows = Array.from({ length: 60 }, () => aDelivery());
    const stored = await Promise.all([
      insertDeliveries(at.db, rows),
      insertDeliveries(at.another(), [...rows].reverse()),
    ]);
    expect(stored[0].size + stored[1].size).toBe(rows.length);
  });

  it('takes one delivery of a repository at a time, in the order of receipt', async () => {
    const rows = [2, 0, 1].map((second) => aDelivery({ receivedAt: NOW + second }));
    await insertDeliveries(at.db, rows);
    const inOrder = [rows[1], rows[2], rows[0]].map((row) => row?.guid);
    for (const guid of inOrder) {
      expect(await take('a', NOW + 10)).toEqual([guid]);
      expect(await take('b', NOW + 10)).toEqual([]);
      await finishDelivery(at.db, guid ?? '', 'a');
    }
    expect(await take('a', NOW + 10)).toEqual([]);
  });

  it('takes deliveries of one moment in the order of their GUIDs', async () => {
    await insertDeliveries(at.db, [aDelivery({ guid: 'b' }), aDelivery({ guid: 'a' })]);
    expect(await take('a')).toEqual(['a']);
  });

  it('takes different repositories side by side, oldest first, up to the limit', async () => {
    const rows = [3, 1, 2].map((repoId) => aDelivery({ repoId, receivedAt: NOW - 100 + repoId }));
    await insertDeliveries(at.db, rows);
    expect(await take('a', NOW, 2)).toEqual([rows[1]?.guid, rows[2]?.guid]);
    expect(await take('a', NOW, 2)).toEqual([rows[0]?.guid]);
  });

  it('keeps the deliveries of an installation in order when they name no repository', async () => {
    const created = aDelivery({ repoId: null, event: 'installation', action: 'created' });
    const deleted = aDelivery({ repoId: null, event: 'installation', receivedAt: NOW + 1 });
    const other = aDelivery({ repoId: null, installationId: 78, receivedAt: NOW + 2 });
    await insertDeliveries(at.db, [deleted, created, other]);
    expect(await take('a', NOW + 10)).toEqual([created.guid, other.guid]);
    await finishDelivery(at.db, created.guid, 'a');
    expect(await take('a', NOW + 10)).toEqual([deleted.guid]);
  });

  it('takes deliveries that belong to nothing side by side', async () => {
    await insertDeliveries(
      at.db,
      [1, 2].map(() => aDelivery({ repoId: null, installationId: null })),
    );
    expect(await take('a')).toHaveLength(2);
  });

  it('gives a row to another owner once its lease has run out, and heeds the former no more', async () => {
    const row = aDelivery();
    await insertDeliveries(at.db, [row]);
    await take('a');
    expect(await take('b', NOW + LEASE_MS)).toEqual([]);
    expect(await take('b', NOW + LEASE_MS + 1)).toEqual([row.guid]);
    expect(await finishDelivery(at.db, row.guid, 'a')).toBe(false);
    const late = { nextAttemptAt: null, error: 'late' };
    expect(await postponeDelivery(at.db, row.guid, 'a', late)).toBe(false);
    expect(await finishDelivery(at.db, row.guid, 'b')).toBe(true);
    expect(await finishDelivery(at.db, row.guid, 'b')).toBe(false);
  });

  it('holds a postponed row, and the repository with it, until its time has come', async () => {
    const [row, next] = [aDelivery(), aDelivery({ receivedAt: NOW + 1 })];
    await insertDeliveries(at.db, [row, next]);
    await take('a');
    const error = `x\u0000${'y'.repeat(5000)}`;
    expect(await postponeDelivery(at.db, row.guid, 'a', { nextAttemptAt: NOW + 5_000, error })).toBe(true);
    expect(await take('a', NOW + 4_999)).toEqual([]);
    const [again] = await takeDeliveries(at.db, taking('a', NOW + 5_000));
    expect(again).toMatchObject({ guid: row.guid, attempts: 2 });
    expect((await at.db('inbox').where({ guid: row.guid }).first()).lastError).toMatch(/^x.?y{1990}/);
  });

  it('sets a poison row aside, goes on with the next one and keeps it for the operator', async () => {
    const [row, next] = [aDelivery(), aDelivery({ receivedAt: NOW + 1 })];
    await insertDeliveries(at.db, [row, next]);
    await take('a');
    await postponeDelivery(at.db, row.guid, 'a', { nextAttemptAt: null, error: 'poison' });
    expect(await inboxDepth(at.db)).toEqual({ waiting: 1, failed: 1 });
    expect(await take('a', NOW + 10)).toEqual([next.guid]);
    await finishDelivery(at.db, next.guid, 'a');
    expect(await pruneInbox(at.db, NOW + 10)).toBe(1);
    expect(await inboxDepth(at.db)).toEqual({ waiting: 0, failed: 1 });
  });

  it('prunes only what is processed and old enough', async () => {
    const [old, fresh, waiting] = [
      aDelivery({ repoId: 1, receivedAt: NOW - 1 }),
      aDelivery({ repoId: 2 }),
      aDelivery({ repoId: 3, receivedAt: NOW - 1 }),
    ];
    await insertDeliveries(at.db, [old, fresh, waiting]);
    await take('a');
    for (const { guid } of [old, fresh]) await finishDelivery(at.db, guid, 'a');
    expect(await pruneInbox(at.db, NOW)).toBe(1);
    expect(await hasDelivery(at.db, old.guid)).toBe(false);
    expect(await hasDelivery(at.db, waiting.guid)).toBe(true);
  });

  it('never gives one row, or two rows of one repository, to two takers at once', async () => {
    const takers = [at.db, at.another(), at.another()];
    const rows = Array.from({ length: 60 }, (_, n) =>
      aDelivery({ repoId: 1 + (n % 6), receivedAt: NOW + ((n * 7) % 60) }),
    );
    const holding = new Map<number, string>();
    const seen: string[] = [];
    const worker = async (db: typeof at.db, owner: string) => {
      for (let idle = 0; idle < 25; ) {
        const taken = await takeDeliveries(db, taking(owner, NOW + 1_000, 2));
        idle = taken.length === 0 ? idle + 1 : 0;
        for (const { guid, repoId } of taken) {
          expect(holding.get(repoId ?? 0)).toBeUndefined();
          holding.set(repoId ?? 0, guid);
          seen.push(guid);
        }
        for (const { guid, repoId } of taken) {
          // Let go of in the same moment as in the database.
          holding.delete(repoId ?? 0);
          await finishDelivery(db, guid, owner);
        }
      }
    };
    // Rows arrive while they are being taken, later ones with an earlier receipt among them.
    const arrive = async () => {
      for (const row of rows) await insertDeliveries(at.db, [row]);
    };
    await Promise.all([arrive(), ...takers.map((db, n) => worker(db, `owner-${n}`))]);
    for (let round = 0; round < 100 && seen.length < rows.length; round += 1) await worker(at.db, 'last');
    expect(seen.toSorted()).toEqual(rows.map(({ guid }) => guid).toSorted());
  });

  it('waits for a take that is not committed, and then leaves the repository to it', async () => {
    const later = aDelivery({ guid: 'later', receivedAt: NOW + 1 });
    const earlier = aDelivery({ guid: 'earlier' });
    await insertDeliveries(at.db, [later]);
    const other = at.another();
    const held = await heldOpen(at.db, async (trx) =>
      (await takeDeliveries(trx, taking('a', NOW + 10))).map(({ guid }) => guid),
    );
    expect(held.result).toEqual(['later']);
    // A replica with a slower group commit stores an earlier delivery of the same repository in between.
    const storing = insertDeliveries(other, [earlier]);
    const second = storing.then(() => takeDeliveries(other, taking('b', NOW + 10)));
    await waitingOrDone(at.db, second);
    await held.commit();
    expect(await second).toEqual([]);
    await finishDelivery(at.db, 'later', 'a');
    expect(await take('b', NOW + 10)).toEqual(['earlier']);
  });
});

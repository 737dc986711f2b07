import { expect, it } from 'vitest';
import { handleDelivery } from '../../app/submissions/deliveries/handle.ts';
import { drive } from '../../app/submissions/drive.ts';
import type { Push } from '../../app/submissions/push.ts';
import { reconcile } from '../../app/submissions/reconcile.ts';
import type { Services } from '../../app/submissions/services.ts';
import type { Database } from '../../db/connection.ts';
import { finishDelivery, insertDeliveries, postponeDelivery, takeDeliveries } from '../../db/inbox.ts';
import { dueSubmissions } from '../../db/submission-looks.ts';
import { latestWeights } from '../../db/verdicts.ts';
import { onBothDatabases } from '../db/databases.ts';
import { World } from './world.ts';

const LEASE_MS = 180_000;

onBothDatabases('two replicas', (at) => {
  const payloadOf = (push: Push) =>
    JSON.stringify({
      ref: `refs/heads/${push.branch}`,
      before: '0'.repeat(40),
      after: push.head,
      installation: { id: push.installationId },
      repository: {
        id: push.repoId,
        name: push.name,
        default_branch: push.defaultBranch,
        private: push.private,
        owner: { id: push.ownerId, login: push.owner },
      },
    });
  const store = (db: Database, push: Push) =>
    insertDeliveries(db, [
      {
        guid: `push-${push.head}`,
        source: 'watcher',
        event: 'push',
        action: null,
        repoId: push.repoId,
        installationId: push.installationId,
        payload: payloadOf(push),
        receivedAt: push.receivedAt,
      },
    ]);

  /** What the loops of one replica do, until nothing is due. */
  async function work(world: World, services: Services): Promise<void> {
    const { db, owner } = services;
    for (let idle = 0; idle < 3; ) {
      const rows = await takeDeliveries(db, { owner, now: world.clock, leaseMs: LEASE_MS, limit: 2 });
      for (const row of rows)
        try {
          await handleDelivery(services, row);
          await finishDelivery(db, row.guid, owner);
        } catch (error) {
          await postponeDelivery(db, row.guid, owner, { nextAttemptAt: world.clock, error: String(error) });
        }
      const due = await dueSubmissions(db, world.clock, 4);
      const driven = await Promise.all(due.map((id) => drive(services, id)));
      idle = rows.length === 0 && !driven.includes(true) ? idle + 1 : 0;
    }
  }

  it('take in, judge and rank everything once', async () => {
    const world = World.on(at.db);
    const miners = [1, 2, 3, 4].map((number) => world.miner(number));
    const replicas = [world.services('app-1'), { ...world.services('app-2'), db: at.another() }];
    const last: Push[] = [];
    for (const [index, miner] of miners.entries()) {
      for (const version of [1, 2]) {
        const push = world.commit(miner, `fast = ${index}${version}\n`);
        // GitHub repeats itself, and each replica hears of it.
        await Promise.all(replicas.map(({ db }) => store(db, push)));
        world.clock += 10;
        if (version === 2) last.push(push);
      }
    }
    for (let round = 0; round < 40; round += 1) {
      await Promise.all(replicas.map((services) => work(world, services)));
      if (round === 0)
        await Promise.all(replicas.map((services) => reconcile(services, { inboxRetentionMs: 1e12 })));
      for (const run of world.github.runs.filter(({ status }) => status === 'queued'))
        await world.runJob(run.evaluation, () => 'accepted');
      const next = await at.db('submissions').min('nextLookAt as at').first();
      if (next?.at == null) break;
      world.clock = Math.max(world.clock + 1, Number(next.at));
    }

    for (const push of last)
      expect(world.shown(push.head)).toEqual({ imports: 'success', logits: 'success', benchmark: 'success' });
    const ids = world.github.checkRuns.map(({ externalId }) => externalId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(world.github.checkRuns.filter(({ state }) => state.status !== 'completed')).toEqual([]);
    expect(await at.db('inbox').whereNot({ state: 'done' })).toEqual([]);
    expect(await at.db('decisions')).toHaveLength(miners.length);
    expect(world.github.runs).toHaveLength(miners.length);
    expect(await at.db('rounds')).toHaveLength(1);
    expect(await at.db('links').whereNull('endedAt')).toHaveLength(miners.length);
    const shares = JSON.parse((await latestWeights(at.db))?.shares ?? '[]');
    expect(shares.map(({ hotkey }: { hotkey: string }) => hotkey)).toEqual(
      miners.map(({ hotkey }) => hotkey),
    );
  });
});

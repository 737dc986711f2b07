import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reconcile } from '../../app/submissions/reconcile.ts';
import { RUNNERS_FACT, type RunnersFact } from '../../app/submissions/snapshot.ts';
import { standingOf } from '../../app/submissions/standing.ts';
import { getFact, noteRecovered, recoveredAt } from '../../db/facts.ts';
import { endLink } from '../../db/forks.ts';
import { finishDelivery, hasDelivery, insertDeliveries, takeDeliveries } from '../../db/inbox.ts';
import { latestWeights } from '../../db/verdicts.ts';
import { World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

const DAY_MS = 24 * 3_600_000;
const run = (owner = 'app-1') => reconcile(world.services(owner), { inboxRetentionMs: 2 * DAY_MS });
const lost = (id: string, agoMs = 60_000) => ({
  id,
  guid: `guid-of-${id}`,
  event: 'push',
  deliveredAt: new Date(world.clock - agoMs).toISOString(),
});
const store = (guid: string, receivedAt = world.clock) =>
  insertDeliveries(world.db, [
    {
      guid,
      source: 'watcher',
      event: 'push',
      action: null,
      repoId: 1,
      installationId: 1,
      payload: '{}',
      receivedAt,
    },
  ]);

describe('reconcile', () => {
  it('asks for a lost delivery again, with its first time as its receipt, and not once it has come', async () => {
    world.github.failed = [lost('1')];
    await run();
    expect(world.github.redelivered).toEqual(['1']);
    expect(await recoveredAt(world.db, 'guid-of-1')).toBe(world.clock - 60_000);
    await store('guid-of-1');
    world.clock += 60_000;
    await run();
    expect(world.github.redelivered).toEqual(['1']);
  });

  it('gives a recovered push the time of its first attempt', async () => {
    const miner = world.miner(1);
    const push = world.commit(miner, 'fast = 1\n');
    world.github.failed = [lost('1')];
    await run();
    const { handleDelivery } = await import('../../app/submissions/deliveries/handle.ts');
    const payload = {
      ref: 'refs/heads/main',
      before: '0'.repeat(40),
      after: push.head,
      installation: { id: push.installationId },
      repository: {
        id: push.repoId,
        name: push.name,
        default_branch: 'main',
        private: false,
        owner: { id: push.ownerId, login: push.owner },
      },
    };
    await handleDelivery(world.services(), {
      guid: 'guid-of-1',
      source: 'watcher',
      event: 'push',
      action: null,
      repoId: push.repoId,
      installationId: push.installationId,
      payload: JSON.stringify(payload),
      receivedAt: world.clock + 5_000,
      attempts: 1,
    });
    expect(await world.db('submissions').first()).toMatchObject({
      receivedAt: world.clock - 60_000,
      receiptSource: 'log',
    });
  });

  it('asks for the other ones too when GitHub refuses to deliver one of them again', async () => {
    world.github.failed = [lost('1'), lost('2'), lost('3')];
    let calls = 0;
    world.github.fault = (call) => (call === 'redeliver' && ++calls === 1 ? 'refuse' : 'none');
    await run();
    expect(world.github.redelivered).toEqual(['2', '3']);
    world.clock += 60_000;
    for (const guid of ['guid-of-2', 'guid-of-3']) await store(guid);
    await run();
    expect(world.github.redelivered).toEqual(['2', '3', '1']);
  });

  it('looks further back after an outage, and no further than GitHub keeps its log', async () => {
    const since: number[] = [];
    const services = world.services();
    const watcher = {
      ...services.apps.watcher,
      failedDeliveries: async (from: number) => {
        since.push(from);
        return [];
      },
    };
    const app = { ...services, apps: { watcher, operator: watcher } };
    for (const wait of [0, DAY_MS, 9 * DAY_MS]) {
      world.clock += wait;
      await reconcile(app, { inboxRetentionMs: DAY_MS });
    }
    const [first, second, third] = since.map((from) => world.clock - from);
    expect(first).toBe(10 * DAY_MS + 3 * DAY_MS);
    expect(second).toBe(10 * DAY_MS + 10 * 60_000);
    expect(third).toBe(3 * DAY_MS);
  });

  it('notes since when no runner is online, and forgets it once one is', async () => {
    const seen = async (online: number) => {
      world.github.runnersOnline = online;
      await run();
      return (await getFact<RunnersFact>(world.db, RUNNERS_FACT))?.offlineSince;
    };
    expect(await seen(1)).toBeNull();
    world.clock += 60_000;
    const since = world.clock;
    expect(await seen(0)).toBe(since);
    world.clock += 60_000;
    expect(await seen(0)).toBe(since);
    expect(await seen(2)).toBeNull();
  });

  it('updates the standing after a link ended', async () => {
    const [one, two] = [world.miner(1), world.miner(2)];
    for (const [miner, code] of [
      [one, 'fast = 1\n'],
      [two, 'fast = 2\n'],
    ] as const) {
      await world.takeIn(world.commit(miner, code));
      world.clock += 1_000;
    }
    await world.settle();
    await endLink(world.db, one.repoId, 'revoked', world.clock);
    await run();
    expect(JSON.parse((await latestWeights(world.db))?.shares ?? '')).toEqual([
      { hotkey: two.hotkey, share: 0.6 },
    ]);
    const rows = await world.db('weights');
    await run();
    expect(await world.db('weights')).toHaveLength(rows.length);
    const services = world.services();
    const [task] = [...services.tasks.values()];
    if (task === undefined) throw new Error('no task');
    expect((await standingOf(services, world.db, task)).places).toHaveLength(1);
  });

  it('wakes what is unfinished although its wake-up was lost', async () => {
    const push = world.commit(world.miner(1), 'fast = 1\n');
    await world.takeIn(push);
    await world.db('submissions').update({ nextLookAt: null });
    await run();
    await world.settle();
    expect(world.shown(push.head).benchmark).toBe('success');
  });

  it('prunes what is processed and old, and used tokens that expired', async () => {
    await store('old', world.clock - 3 * DAY_MS);
    await takeDeliveries(world.db, { owner: 'a', now: world.clock, leaseMs: 1, limit: 1 });
    await finishDelivery(world.db, 'old', 'a');
    await world.db('oidcTokens').insert({ jti: 'used', expiresAt: world.clock - 1 });
    await noteRecovered(world.db, 'forgotten', world.clock - 7 * DAY_MS);
    await noteRecovered(world.db, 'known', world.clock - 5 * DAY_MS);
    await run();
    expect(await recoveredAt(world.db, 'forgotten')).toBeNull();
    expect(await recoveredAt(world.db, 'known')).not.toBeNull();
    expect(await hasDelivery(world.db, 'old')).toBe(false);
    expect(await world.db('oidcTokens')).toEqual([]);
  });

  it('goes on with the other parts when GitHub lists neither runners nor deliveries', async () => {
    world.github.fault = (call) => (['runners', 'failedDeliveries'].includes(call) ? 'lost' : 'none');
    await world.takeIn(world.commit(world.miner(1), 'fast = 1\n'));
    await world.db('submissions').update({ nextLookAt: null });
    await run();
    expect(await world.db('submissions').first()).toMatchObject({ nextLookAt: world.clock });
  });

  it('is done by one replica at a time', async () => {
    world.github.failed = [lost('1')];
    await Promise.all([run('app-1'), run('app-2')]);
    expect(world.github.redelivered).toEqual(['1']);
  });
});

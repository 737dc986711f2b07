/** What somebody tries who wants a better place than his code earns, and what a bad day of GitHub must not cost. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handleDelivery } from '../../app/submissions/deliveries/handle.ts';
import { firstReceipt } from '../../db/receipts.ts';
import { World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

describe('an installation that is worked on late', () => {
  it('gives the head that it finds no receipt from before that head was pushed', async () => {
    const thief = world.miner(1);
    const installed = world.clock;
    world.clock += 600_000;
    const original = world.commit(world.miner(2), 'fast = 1\n');
    await world.takeIn(original);
    world.clock += 1_000;
    world.commit(thief, 'fast = 1\n');
    await handleDelivery(world.services(), {
      guid: 'late',
      source: 'watcher',
      event: 'installation',
      action: 'created',
      repoId: null,
      installationId: 77,
      payload: JSON.stringify({ installation: { id: 77 } }),
      receivedAt: installed,
      attempts: 1,
    });
    const { codeDigest, task } = await world.db('submissions').where({ headSha: original.head }).first();
    expect((await firstReceipt(world.db, task, codeDigest))?.repoId).toBe(original.repoId);
  });

  it('welcomes the other repositories when one cannot be read', async () => {
    const [broken, whole] = [world.miner(1), world.miner(2)];
    world.commit(broken, 'fast = 1\n');
    const push = world.commit(whole, 'fast = 2\n');
    let calls = 0;
    world.github.fault = (call) => (call === 'branchHead' && ++calls === 1 ? 'refuse' : 'none');
    await expect(world.deliver('installation', 'created', { installation: { id: 77 } })).rejects.toThrow();
    expect(await world.db('submissions').where({ headSha: push.head })).toHaveLength(1);
  });
});

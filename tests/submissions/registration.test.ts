import { expect, it } from 'vitest';
import { saveSubnet } from '../../app/chain/subnet-cache.ts';
import { drive } from '../../app/submissions/drive.ts';
import { reconcile } from '../../app/submissions/reconcile.ts';
import type { Services } from '../../app/submissions/services.ts';
import { standingOf } from '../../app/submissions/standing.ts';
import type { Database } from '../../db/connection.ts';
import { eventsOf } from '../../db/events.ts';
import { dueSubmissions } from '../../db/submission-looks.ts';
import { findSubmission } from '../../db/submissions.ts';
import { aSubnetState } from '../chain/a-subnet.ts';
import { onBothDatabases } from '../db/databases.ts';
import { type Miner, World } from './world.ts';

const GENESIS = `0x${'11'.repeat(32)}`;
const HOUR_MS = 3_600_000;
const UNLINKED = { imports: 'action_required', logits: 'action_required', benchmark: 'action_required' };
const JUDGED = { imports: 'success', logits: 'success', benchmark: 'success' };

onBothDatabases('a hotkey that is not registered on the subnet', (at) => {
  const open = () => World.on(at.db);
  const withChain = (world: World, owner = 'app-1', db: Database = world.db): Services => {
    const services = world.services(owner);
    return { ...services, db, settings: { ...services.settings, chain: { genesisHash: GENESIS } } };
  };
  let block = 1_000;
  /** The chain is read now, and has these hotkeys next to the owner's. */
  const readChain = (world: World, ...miners: readonly Miner[]) => {
    block += 1;
    const uidOf = new Map(
      ['owner', ...miners.map(({ hotkey }) => hotkey)].map((hotkey, uid) => [hotkey, uid]),
    );
    const state = aSubnetState({ netuid: 24, block: { number: block, hash: '0x' }, uidOf });
    return saveSubnet(world.db, state, { genesisHash: GENESIS, now: world.clock });
  };
  const reconciled = (services: Services) => reconcile(services, { inboxRetentionMs: HOUR_MS });
  const taken = async (world: World, miner: Miner, code = 'fast = 1\n', services = withChain(world)) => {
    const push = world.commit(miner, code);
    const outcome = await world.takeIn(push, services);
    await world.settle(undefined, services);
    if (outcome.kind !== 'submission') throw new Error(outcome.why);
    return { push, id: outcome.id };
  };
  const said = (world: World, sha: string) =>
    world.github.checkRuns.find(({ headSha, name }) => headSha === sha && name === 'Quasar / imports')?.state
      .output;

  it('is refused with what to do, and nothing is stored for a runner', async () => {
    const world = open();
    const miner = world.miner(1);
    await readChain(world);
    const { push, id } = await taken(world, miner);
    expect(world.shown(push.head)).toEqual(UNLINKED);
    const output = said(world, push.head);
    expect(output?.title).toBe(`Not linked: hotkey ${miner.hotkey} is not registered on netuid 24 of test`);
    expect(output?.summary).toContain(`read at block ${block}`);
    expect(output?.summary).toContain('btcli subnet register --netuid 24 --network test');
    expect(output?.summary).toContain('Do not push again');
    expect(await findSubmission(world.db, id)).toMatchObject({ intake: 'unlinked', hotkey: miner.hotkey });
    expect(await world.db('links')).toEqual([]);
    expect(await world.db('submission_files')).toEqual([]);
    expect(world.github.runs).toEqual([]);
  });

  it('is taken in by itself once it is registered, under its first receipt time', async () => {
    const world = open();
    const services = withChain(world);
    const miner = world.miner(1);
    await readChain(world);
    const received = world.clock;
    const { push, id } = await taken(world, miner);
    world.clock += 20 * 60_000;
    await readChain(world);
    await reconciled(services);
    expect(await dueSubmissions(world.db, world.clock, 10)).toEqual([]);

    await readChain(world, miner);
    await reconciled(services);
    await world.settle(undefined, services);
    expect(world.shown(push.head)).toEqual(JUDGED);
    expect(await findSubmission(world.db, id)).toMatchObject({
      intake: 'eligible',
      hotkey: miner.hotkey,
      receivedAt: received,
    });
    expect(await world.db('links').where({ endedAt: null })).toMatchObject([{ hotkey: miner.hotkey }]);
    expect(await world.db('submissions').count({ rows: '*' }).first()).toMatchObject({ rows: 1 });
    const task = [...services.tasks.values()][0] as never;
    expect((await standingOf(services, world.db, task)).places).toHaveLength(1);
  });

  it('is taken in once by two replicas that look at the same time', async () => {
    const world = open();
    const other = at.another();
    const miner = world.miner(1);
    await readChain(world);
    const { id } = await taken(world, miner);
    await readChain(world, miner);
    const replicas = [withChain(world, 'app-1'), withChain(world, 'app-2', other)];
    await Promise.all(replicas.map(reconciled));
    await Promise.all(replicas.map((services) => drive(services, id)));
    await world.settle(undefined, replicas[0]);
    expect(await findSubmission(world.db, id)).toMatchObject({ intake: 'eligible' });
    expect(await world.db('links')).toHaveLength(1);
    const kinds = (await eventsOf(world.db, id)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'promoted')).toHaveLength(1);
    expect(world.github.runs).toHaveLength(1);
  });

  it('is tried again when GitHub cannot be read at that moment', async () => {
    const world = open();
    const services = withChain(world);
    const miner = world.miner(1);
    await readChain(world);
    const { push, id } = await taken(world, miner);
    await readChain(world, miner);
    await reconciled(services);
    const broken = {
      ...services,
      watcher: { ...services.watcher, branchHead: () => Promise.reject(new Error('502')) },
    };
    await drive(broken, id);
    expect(await findSubmission(world.db, id)).toMatchObject({ intake: 'unlinked', hotkey: miner.hotkey });
    await world.settle(undefined, services);
    expect(world.shown(push.head)).toEqual(JUDGED);
  });

  it('is forgotten where a newer push of the branch follows, which is taken in instead', async () => {
    const world = open();
    const services = withChain(world);
    const miner = world.miner(1);
    await readChain(world);
    const first = await taken(world, miner, 'fast = 1\n');
    const second = await taken(world, miner, 'fast = 2\n');
    await readChain(world, miner);
    await reconciled(services);
    await world.settle(undefined, services);
    expect(world.shown(first.push.head)).toEqual(UNLINKED);
    expect(world.shown(second.push.head)).toEqual(JUDGED);
    expect(await findSubmission(world.db, first.id)).toMatchObject({ intake: 'unlinked', hotkey: null });
    await reconciled(services);
    expect(await dueSubmissions(world.db, world.clock, 10)).toEqual([]);
  });

  it('is forgotten where its branch is not the judged one any more', async () => {
    const world = open();
    const services = withChain(world);
    const miner = world.miner(1);
    await readChain(world);
    const { push, id } = await taken(world, miner);
    await world.db('forks').update({ defaultBranch: 'develop' });
    await readChain(world, miner);
    await reconciled(services);
    await world.settle(undefined, services);
    expect(world.shown(push.head)).toEqual(UNLINKED);
    expect(await findSubmission(world.db, id)).toMatchObject({
      intake: 'unlinked',
      hotkey: null,
      nextLookAt: null,
    });
  });

  it('waits again after a push back to a commit that was forgotten', async () => {
    const world = open();
    const services = withChain(world);
    const miner = world.miner(1);
    await readChain(world);
    const { push, id } = await taken(world, miner);
    await world.db('submissions').where({ id }).update({ hotkey: null });
    await world.takeIn(push, services);
    await readChain(world, miner);
    await reconciled(services);
    await world.settle(undefined, services);
    expect(world.shown(push.head)).toEqual(JUDGED);
  });

  it('is accepted while nobody knows: nothing was read, or not within the hour, or no chain is configured', async () => {
    const world = open();
    const [unread, stale, none] = [world.miner(1), world.miner(2), world.miner(3)];
    const chain = withChain(world);
    expect(world.shown((await taken(world, unread, 'a = 1\n')).push.head)).toEqual(JUDGED);
    await readChain(world);
    world.clock += HOUR_MS;
    expect(world.shown((await taken(world, stale, 'b = 1\n', chain)).push.head)).toEqual(JUDGED);
    await readChain(world);
    expect(world.shown((await taken(world, none, 'c = 1\n', world.services())).push.head)).toEqual(JUDGED);
  });

  it('goes on to wait while the chain is out of reach, and no longer once none is configured', async () => {
    const world = open();
    const services = withChain(world);
    const miner = world.miner(1);
    await readChain(world);
    const { push } = await taken(world, miner);
    await readChain(world, miner);
    world.clock += HOUR_MS;
    await reconciled(services);
    await world.settle(undefined, services);
    expect(world.shown(push.head)).toEqual(UNLINKED);
    await reconciled(world.services());
    await world.settle(undefined, world.services());
    expect(world.shown(push.head)).toEqual(JUDGED);
  });

  it('keeps what it has: a lost registration stops new pushes, and takes no place from an old one', async () => {
    const world = open();
    const services = withChain(world);
    const miner = world.miner(1);
    await readChain(world, miner);
    const first = await taken(world, miner, 'fast = 1\n');
    await readChain(world);
    const second = await taken(world, miner, 'fast = 2\n');
    expect(world.shown(first.push.head)).toEqual(JUDGED);
    expect(world.shown(second.push.head)).toEqual(UNLINKED);
    const task = [...services.tasks.values()][0] as never;
    expect((await standingOf(services, world.db, task)).places.map(({ entry }) => entry.id)).toEqual([
      first.id,
    ]);
  });

  it('is not asked of a signature that does not hold: that is the first thing to mend', async () => {
    const world = open();
    const miner = world.miner(1);
    await readChain(world);
    const yml = miner.quasarYml.replace(/"0x../, (start) => (start.endsWith('00') ? '"0x11' : '"0x00'));
    const push = world.commit(miner, 'fast = 1\n', { yml });
    await world.takeIn(push, withChain(world));
    await world.settle(undefined, withChain(world));
    expect(said(world, push.head)?.title).toContain('quasar.yml line 4: the signature is not by');
    expect(await world.db('submissions').select('hotkey')).toEqual([{ hotkey: null }]);
  });
});

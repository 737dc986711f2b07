import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OwnerId } from '../../app/ids.ts';
import { findFork, liveLink } from '../../db/forks.ts';
import { INSTALLATION } from '../doubles/memory-github.ts';
import { type Miner, World } from './world.ts';

let world: World;
let miner: Miner;
beforeEach(async () => {
  world = await World.open();
  miner = world.miner(1);
});
afterEach(() => world.close());

const PASSED = { imports: 'success', logits: 'success', benchmark: 'success' };
const installation = (id: number = INSTALLATION) => ({ installation: { id } });
const installed = (action: string, id?: number) => world.deliver('installation', action, installation(id));
const repositories = (action: 'added' | 'removed', ids: number[], id?: number) =>
  world.deliver('installation_repositories', action, {
    ...installation(id),
    [`repositories_${action}`]: ids.map((repoId) => ({ id: repoId })),
  });
const repository = (
  action: string,
  change: { ownerId?: number; owner?: string; name?: string; private?: boolean },
) => {
  const info = world.github.repositories.get(miner.repoId);
  if (info === undefined) throw new Error('no such repository');
  Object.assign(info, change);
  return world.deliver('repository', action, {
    ...installation(),
    repository: {
      id: info.repoId,
      name: info.name,
      default_branch: info.defaultBranch,
      private: info.private,
      owner: { id: info.ownerId, login: info.owner },
    },
  });
};
const accepted = async (code = 'fast = 1\n') => {
  const push = world.commit(miner, code);
  await world.takeIn(push);
  await world.settle();
  return push;
};
const ranked = async () => {
  const { standingOf } = await import('../../app/submissions/standing.ts');
  const services = world.services();
  const [task] = [...services.tasks.values()];
  if (task === undefined) throw new Error('no task');
  return (await standingOf(services, world.db, task)).places.map(({ entry }) => entry.hotkey);
};

describe('an installation', () => {
  it('is answered on the branch head of a fork of the task, with what to do', async () => {
    const { head } = world.commit(miner, 'fast = 1\n', { yml: null });
    expect(await installed('created')).toBe('1 repositories welcomed');
    await world.settle();
    expect(world.shown(head).imports).toBe('action_required');
    expect(world.github.checkRuns[0]?.state.output.summary).toContain('link --write');
  });

  it('is met by silence in repositories that are no fork of the task', async () => {
    const head = 'f'.repeat(40);
    world.github.push(miner.repoId, 'main', head, { message: 'hello', files: { 'README.md': '# hello\n' } });
    world.miner(2); // a repository without a commit
    await installed('created');
    await world.settle();
    expect(world.github.checkRuns).toEqual([]);
    expect(await world.db('submissions')).toEqual([]);
    expect(await findFork(world.db, miner.repoId)).toMatchObject({ state: 'active' });
  });

  it('is answered once, however often it is told, and beside the push of the same commit', async () => {
    const push = world.commit(miner, 'fast = 1\n', { yml: null });
    await Promise.all([installed('created'), world.takeIn(push)]);
    await installed('created');
    await repositories('added', [miner.repoId]);
    await world.settle();
    expect(world.github.checkRuns).toHaveLength(3);
    expect(await world.db('submissions')).toHaveLength(1);
  });

  it.each(['branchHead', 'entries', 'commit', 'blob', 'repositories'])(
    'is answered although GitHub failed at %s the first time',
    async (call) => {
      const { head } = world.commit(miner, 'fast = 1\n');
      let failed = false;
      world.github.fault = (name) => {
        if (name !== call || failed) return 'none';
        failed = true;
        return 'refuse';
      };
      await expect(installed('created')).rejects.toThrow('refused');
      await installed('created');
      await world.settle();
      expect(world.shown(head)).toEqual(PASSED);
    },
  );

  it('that was removed gets no more writes, and those of a push once it is back', async () => {
    await accepted();
    const push = world.commit(miner, 'fast = 2\n');
    await world.takeIn(push);
    await repositories('removed', [miner.repoId]);
    const writes = world.github.writes;
    await world.settle();
    expect(world.github.writes).toBe(writes);
    await repositories('added', [miner.repoId]);
    const { reconcile } = await import('../../app/submissions/reconcile.ts');
    await reconcile(world.services(), { inboxRetentionMs: 1_000 });
    await world.settle();
    expect(world.shown(push.head)).toEqual(PASSED);
  });

  it('that is deleted or suspended takes its repositories with it, and no others', async () => {
    await accepted();
    await installed('deleted', 999);
    expect((await findFork(world.db, miner.repoId))?.state).toBe('active');
    await installed('suspend');
    expect((await findFork(world.db, miner.repoId))?.state).toBe('gone');
    await installed('unsuspend');
    expect((await findFork(world.db, miner.repoId))?.state).toBe('active');
  });

  it('that loses a repository after another one got it takes nothing away', async () => {
    await accepted();
    await repositories('removed', [miner.repoId], 999);
    expect((await findFork(world.db, miner.repoId))?.state).toBe('active');
  });
});

describe('a head that was read just before a newer one was taken in', () => {
  it('does not take its place', async () => {
    const older = world.commit(miner, 'fast = 1\n');
    let newer: typeof older | undefined;
    const slow = world.services('app-2');
    const watcher: typeof slow.watcher = {
      ...slow.watcher,
      branchHead: async (fork, branch) => {
        const head = await slow.watcher.branchHead(fork, branch);
        if (newer === undefined) {
          newer = world.commit(miner, 'fast = 2\n');
          await world.takeIn(newer);
        }
        return head;
      },
    };
    const welcome = () => world.takeIn({ ...older, cause: 'installation' }, { ...slow, watcher });
    await expect(welcome()).rejects.toThrow('taken in meanwhile');
    expect(await welcome()).toMatchObject({ kind: 'ignored', why: 'a newer push of this branch follows' });
    await world.settle();
    expect(world.shown(newer?.head ?? '')).toEqual(PASSED);
    expect(world.github.runs).toHaveLength(1);
  });
});

describe('a repository', () => {
  it('that is renamed or privatised stays the same fork', async () => {
    const { head } = await accepted();
    await repository('renamed', { name: 'fla-fast' });
    await repository('privatized', { private: true });
    expect(await findFork(world.db, miner.repoId)).toMatchObject({ name: 'fla-fast', private: 1 });
    expect(await liveLink(world.db, miner.repoId)).toMatchObject({ hotkey: miner.hotkey });
    expect(world.shown(head)).toEqual(PASSED);
    expect(await ranked()).toEqual([miner.hotkey]);
  });

  it('that is transferred loses its link and its place, until the new owner proves one', async () => {
    await accepted();
    await repository('transferred', { ownerId: 999, owner: 'eve' });
    expect(await liveLink(world.db, miner.repoId)).toBeNull();
    expect(await ranked()).toEqual([]);
    const push = { ...world.commit(miner, 'fast = 2\n'), ownerId: 999 as OwnerId };
    await world.takeIn(push);
    await world.settle();
    expect(world.shown(push.head).imports).toBe('action_required');
  });

  it('that a push shows under another owner loses its link as well', async () => {
    await accepted();
    await world.takeIn({ ...world.commit(miner, 'fast = 2\n'), ownerId: 999 as OwnerId });
    expect(await liveLink(world.db, miner.repoId)).toBeNull();
    expect(await world.db('links')).toMatchObject([{ endReason: 'transferred' }]);
  });

  it('that is deleted ends its link and everything that runs', async () => {
    await world.takeIn(world.commit(miner, 'fast = 1\n'));
    await repository('deleted', {});
    const info = world.github.repositories.get(miner.repoId);
    if (info) info.gone = true;
    await world.settle();
    expect(await liveLink(world.db, miner.repoId)).toBeNull();
    expect(await world.db('evaluations').whereIn('state', ['planned', 'dispatched', 'claimed'])).toEqual([]);
    expect(world.github.runs).toEqual([]);
    expect(await repository('renamed', { name: 'ghost' })).toBe('fork is gone');
  });

  it('that nobody knows is nothing to us', async () => {
    expect(await repository('renamed', { name: 'x' })).toBe('not a known fork');
    expect(await findFork(world.db, miner.repoId)).toBeNull();
  });
});

describe('a link', () => {
  it('to another hotkey replaces the one before, whose place is gone', async () => {
    await accepted();
    const other = world.miner(1, 7);
    const push = world.commit(other, 'fast = 2\n');
    await world.takeIn(push);
    await world.settle();
    expect(world.shown(push.head)).toEqual(PASSED);
    expect(await liveLink(world.db, miner.repoId)).toMatchObject({ hotkey: other.hotkey });
    expect(await world.db('links')).toHaveLength(2);
    expect(await ranked()).toEqual([other.hotkey]);
  });

  it('to another hotkey does not make new code of the old', async () => {
    await accepted();
    const push = world.commit(world.miner(1, 7), 'fast = 1  # again\n');
    await world.takeIn(push);
    await world.settle();
    expect(world.shown(push.head)).toEqual({ imports: 'success', logits: 'cancelled', benchmark: 'failure' });
  });
});

describe('a request to run again', () => {
  const checkRun = (change: object = {}, app: number | null = 4242, sender = 'User') => {
    const run = world.github.checkRuns.at(-1);
    const check_run = { id: run?.id, external_id: run?.externalId, app: app && { id: app }, ...change };
    return world.deliver('check_run', 'rerequested', { sender: { type: sender }, check_run });
  };
  const suite = (head_sha: string, sender = 'User', app = 4242) =>
    world.deliver('check_suite', 'rerequested', {
      sender: { type: sender },
      repository: { id: miner.repoId },
      check_suite: { head_sha, app: { id: app } },
    });

  it('of a suite answers all three checks with new check-runs and the same decision', async () => {
    const { head } = await accepted();
    expect(await suite(head)).toBe('1 submissions again');
    await world.settle();
    expect(world.github.checkRuns).toHaveLength(6);
    expect(world.shown(head)).toEqual(PASSED);
    expect(world.github.runs).toHaveLength(1);
  });

  it('of a suite of another commit or App changes nothing', async () => {
    const { head } = await accepted();
    expect(await suite('0'.repeat(40))).toBe('0 submissions again');
    expect(await suite(head, 'User', 1)).toBe('not ours to answer');
    await world.settle();
    expect(world.github.checkRuns).toHaveLength(3);
  });

  it('by a bot, of another App or of an unknown check-run changes nothing', async () => {
    const { head } = await accepted();
    expect(await checkRun({}, 4242, 'Bot')).toBe('not ours to answer');
    expect(await suite(head, 'Bot')).toBe('not ours to answer');
    expect(await checkRun({}, 1)).toBe('not ours to answer');
    expect(await checkRun({}, null)).toBe('not ours to answer');
    expect(await checkRun({ id: 1, external_id: null })).toBe('an unknown check-run');
    await world.settle();
    expect(world.github.checkRuns).toHaveLength(3);
  });

  it('that is delivered twice while the check is open wants one more', async () => {
    await accepted();
    await checkRun();
    await checkRun();
    await world.settle();
    expect(world.github.checkRuns).toHaveLength(4);
  });
});

describe('a run of the operator repository', () => {
  const OURS = { repository: { id: 1 } };
  const ended = (id: number, title: string | null, more: object = OURS) =>
    world.deliver('workflow_run', 'completed', { ...more, workflow_run: { id, display_title: title } });

  it('that ended before the answer to its dispatch was stored is looked at at once', async () => {
    await world.takeIn(world.commit(miner, 'fast = 1\n'));
    world.github.fault = (call) => (call === 'dispatch' ? 'late' : 'none');
    await world.driveUntil(() => world.github.runs.length > 0);
    world.github.fault = () => 'none';
    const [run] = world.github.runs;
    if (run === undefined) throw new Error('nothing was dispatched');
    Object.assign(run, { status: 'completed', conclusion: 'startup_failure' });
    expect(await ended(run.id, `quasar evaluation ${run.evaluation}`)).toMatch(/its run ended/);
    const before = world.clock;
    await world.driveUntil(
      async () => (await world.db('evaluations').where({ state: 'failed' })).length === 1,
    );
    expect(world.clock - before).toBeLessThan(60_000);
    expect(world.github.runs).toHaveLength(1);
  });

  it('of no evaluation, or with the title of another one, is nothing to us', async () => {
    await accepted();
    const [run] = world.github.runs;
    expect(await ended(1, null)).toBe('a run of no evaluation');
    expect(await ended(1, 'quasar evaluation 999')).toBe('a run of no evaluation');
    expect(await ended(run?.id ?? 0, 'quasar evaluation 999')).toBe('a run of no evaluation');
  });

  it('is believed of the operator repository alone', async () => {
    await world.takeIn(world.commit(miner, 'fast = 1\n'));
    await world.driveUntil(() => world.github.runs.length > 0);
    const [run] = world.github.runs;
    const title = `quasar evaluation ${run?.evaluation}`;
    expect(await ended(5, title, { repository: { id: miner.repoId } })).toBe(
      'not a run of the operator repository',
    );
    expect(await world.db('evaluations').where({ runCheckedAt: 0 })).toEqual([]);
  });
});

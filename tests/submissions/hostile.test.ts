/** What somebody tries who wants a better place than his code earns, and what a bad day of GitHub must not cost. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GitHubError } from '../../app/github/github.ts';
import { handleDelivery } from '../../app/submissions/deliveries/handle.ts';
import { drive } from '../../app/submissions/drive.ts';
import { reconcile } from '../../app/submissions/reconcile.ts';
import { noteRecovered } from '../../db/facts.ts';
import { findFork, liveLink } from '../../db/forks.ts';
import { firstReceipt } from '../../db/receipts.ts';
import { dueSubmissions } from '../../db/submission-looks.ts';
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

describe('another throw of the dice', () => {
  const rerun = (sha: string) => {
    const run = world.github.checkRuns.findLast(({ headSha }) => headSha === sha);
    return world.deliver('check_run', 'rerequested', {
      sender: { type: 'User' },
      check_run: { id: run?.id, external_id: run?.externalId, app: { id: 4242 } },
    });
  };

  it('is not to be had by a re-run request after a figure that nobody believes', async () => {
    const push = world.commit(world.miner(1), 'fast = 1\n');
    await world.takeIn(push);
    await world.settle(() => 'implausible');
    await rerun(push.head);
    await world.settle(() => 'accepted');
    expect(world.github.runs).toHaveLength(1);
    expect(world.shown(push.head).benchmark).toBe('action_required');
  });

  it('is not to be had by a comment after a figure that nobody believes', async () => {
    const miner = world.miner(1);
    await world.takeIn(world.commit(miner, 'fast = 1\n'));
    await world.settle(() => 'implausible');
    const push = world.commit(miner, 'fast = 1  # please\n');
    await world.takeIn(push);
    await world.settle(() => 'accepted');
    expect(world.github.runs).toHaveLength(1);
    expect(world.shown(push.head).benchmark).toBe('action_required');
  });

  it('is not to be had by a re-run request that forgets an unstable figure with the failures', async () => {
    const push = world.commit(world.miner(1), 'fast = 1\n');
    await world.takeIn(push);
    let runs = 0;
    await world.settle(() => (++runs === 1 ? 'unstable' : 'dies'));
    await rerun(push.head);
    await world.settle(() => 'unstable');
    expect(world.shown(push.head).benchmark).toBe('failure');
    expect(world.github.runs).toHaveLength(5);
  });
});

describe('a push', () => {
  it('is taken in although GitHub cannot say what it changed', async () => {
    const miner = world.miner(1);
    const before = world.commit(miner, 'fast = 1\n');
    const push = { ...world.commit(miner, 'fast = 2\n'), before: before.head };
    world.github.fault = (call) => (call === 'changedPaths' ? 'lost' : 'none');
    expect(await world.takeIn(push)).toMatchObject({ kind: 'submission' });
  });

  it('to any branch of a fork that is not linked yet gives its author the code', async () => {
    const [author, thief] = [world.miner(1), world.miner(2)];
    await world.takeIn(world.commit(author, 'fast = 1\n', { branch: 'idea', yml: null }));
    world.clock += 1_000;
    const stolen = world.commit(thief, 'fast = 1\n');
    await world.takeIn(stolen);
    await world.settle();
    expect(world.shown(stolen.head)).toEqual({
      imports: 'success',
      logits: 'cancelled',
      benchmark: 'failure',
    });
  });

  it('that was lost before a transfer does not give the repository back to the old owner', async () => {
    const miner = world.miner(1);
    const push = world.commit(miner, 'fast = 1\n');
    const lostAt = world.clock;
    world.clock += 60_000;
    Object.assign(world.github.repositories.get(miner.repoId) ?? {}, { ownerId: 999, owner: 'buyer' });
    await noteRecovered(world.db, 'lost', lostAt);
    await handleDelivery(world.services(), {
      guid: 'lost',
      source: 'watcher',
      event: 'push',
      action: null,
      repoId: miner.repoId,
      installationId: 77,
      payload: JSON.stringify({
        ref: 'refs/heads/main',
        before: '0'.repeat(40),
        after: push.head,
        installation: { id: 77 },
        repository: {
          id: push.repoId,
          name: push.name,
          default_branch: 'main',
          private: false,
          owner: { id: push.ownerId, login: push.owner },
        },
      }),
      receivedAt: world.clock,
      attempts: 1,
    });
    expect(await findFork(world.db, miner.repoId)).toMatchObject({ ownerId: 999, owner: 'buyer' });
    expect(await liveLink(world.db, miner.repoId)).toBeNull();
  });

  it('to a branch that is not judged leaves no files behind, and has them once it is judged', async () => {
    const miner = world.miner(1);
    await world.takeIn(world.commit(miner, 'fast = 1\n'));
    const before = await world.db('contents');
    const idea = world.commit(miner, 'fast = 2\n', { branch: 'idea' });
    await world.takeIn(idea);
    expect(await world.db('contents')).toHaveLength(before.length);
    world.github.push(miner.repoId, 'main', idea.head, world.github.commits.get(idea.head) as never);
    await world.takeIn(world.pushOf(miner, idea.head));
    expect(await world.db('contents')).toHaveLength(before.length + 1);
  });

  it('of a repository that has nothing to do with the task is left alone', async () => {
    const repository = world.miner(1);
    const sha = 'b'.repeat(40);
    world.github.push(repository.repoId, 'main', sha, {
      message: 'a website',
      files: { 'index.html': 'hi' },
    });
    expect(await world.takeIn(world.pushOf(repository, sha))).toMatchObject({ kind: 'ignored' });
    await world.settle();
    expect(world.github.checkRuns).toEqual([]);
  });
});

describe('a GitHub that refuses', () => {
  const refuseWrites = (code: 'forbidden' | 'rate_limited', retryAfterMs?: number) => {
    let calls = 0;
    world.github.watcher.createCheckRun = async () => {
      calls += 1;
      throw new GitHubError(code, 'refused', {
        retryable: code === 'rate_limited',
        outcomeUnknown: false,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    };
    return () => calls;
  };
  /** What the loops and the reconciliation do in an hour. */
  const anHour = async () => {
    const until = world.clock + 3_600_000;
    for (; world.clock < until; world.clock += 5_000) {
      for (const id of await dueSubmissions(world.db, world.clock, 100)) await drive(world.services(), id);
      if (world.clock % 60_000 === 0) await reconcile(world.services(), { inboxRetentionMs: 1e9 });
    }
  };

  it('is not asked again before the time that it named', async () => {
    const calls = refuseWrites('rate_limited', 3_000_000);
    await world.takeIn(world.commit(world.miner(1), 'from fla.ops.gla import x\n'));
    await anHour();
    expect(calls()).toBeLessThanOrEqual(2 * 3);
  });

  it('for good, as where the right to write was not granted, is asked rarely', async () => {
    const calls = refuseWrites('forbidden');
    await world.takeIn(world.commit(world.miner(1), 'from fla.ops.gla import x\n'));
    await anHour();
    expect(calls()).toBeLessThanOrEqual(13 * 3);
  });
});

describe('one token more', () => {
  it('buys no new draw for the same code within a league', async () => {
    const miner = world.miner(1);
    await world.takeIn(world.commit(miner, 'fast = 1\n'));
    await world.settle();
    const shorter = miner.quasarYml.replace('target_sequence_length: 1024', 'target_sequence_length: 1000');
    const push = world.commit(miner, 'fast = 1\n', { yml: shorter });
    await world.takeIn(push);
    await world.settle();
    expect(world.github.runs).toHaveLength(1);
    expect(world.shown(push.head).benchmark).toBe('success');
  });
});

describe('a bad moment of GitHub', () => {
  it('that hides a repository leaves no check-run open for ever', async () => {
    const miner = world.miner(1);
    const push = world.commit(miner, 'fast = 1\n');
    await world.takeIn(push);
    const repository = world.github.repositories.get(miner.repoId);
    if (repository === undefined) throw new Error('no repository');
    repository.gone = true;
    await world.settle();
    expect((await findFork(world.db, miner.repoId))?.state).toBe('gone');
    repository.gone = false;
    await reconcile(world.services(), { inboxRetentionMs: 1e12 });
    await world.settle();
    expect(world.shown(push.head)).toEqual({ imports: 'success', logits: 'success', benchmark: 'success' });
  });
});

describe('a burst of dispatches', () => {
  it('leaves drivers free for those who wait for their first check-run', async () => {
    const services = { ...world.services(), dispatches: { underWay: 4 } };
    const push = world.commit(world.miner(1), 'fast = 1\n');
    await world.takeIn(push);
    world.clock += 20_000;
    const [id] = await dueSubmissions(world.db, world.clock, 1);
    await drive(services, id as number);
    expect(world.github.runs).toEqual([]);
    expect(world.shown(push.head).imports).toBe('success');
    services.dispatches.underWay = 0;
    world.clock += 1_000;
    expect(await dueSubmissions(world.db, world.clock, 1)).toEqual([id]);
    await drive(services, id as number);
    expect(world.github.runs).toHaveLength(1);
  });
});

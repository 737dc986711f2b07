import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { latestWeights } from '../../db/verdicts.ts';
import { World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

const PASSED = { imports: 'success', logits: 'success', benchmark: 'success' };

describe('the way of a push', () => {
  it('ends with three successful check-runs, a decision and weights, in at most eight writes', async () => {
    const miner = world.miner(1);
    const push = world.commit(miner, 'fast = 1\n');
    await world.takeIn(push);
    await world.settle();
    expect(world.shown(push.head)).toEqual(PASSED);
    expect(world.github.writes).toBeLessThanOrEqual(8);
    expect(JSON.parse((await latestWeights(world.db))?.shares ?? '')).toEqual([
      { hotkey: miner.hotkey, share: 0.6 },
    ]);
  });

  it('writes the imports check first, already completed', async () => {
    const push = world.commit(world.miner(1), 'fast = 1\n');
    await world.takeIn(push);
    await world.settle();
    expect(world.github.checkRuns[0]?.name).toBe('Quasar / imports');
  });

  it('waits for the debounce before it dispatches', async () => {
    await world.takeIn(world.commit(world.miner(1), 'fast = 1\n'));
    const received = world.clock;
    await world.settle();
    expect(world.github.runs[0]?.createdAt).toBeGreaterThanOrEqual(received + 15_000);
  });

  it('dispatches nothing for a fork without quasar.yml, and says so on all three checks', async () => {
    const push = world.commit(world.miner(1), 'fast = 1\n', { yml: null });
    await world.takeIn(push);
    await world.settle();
    expect(world.shown(push.head)).toEqual({
      imports: 'action_required',
      logits: 'action_required',
      benchmark: 'action_required',
    });
    expect(world.github.runs).toEqual([]);
  });

  it('refuses a link that was signed for another repository', async () => {
    const [first, second] = [world.miner(1), world.miner(2)];
    const push = world.commit(second, 'fast = 1\n', { yml: first.quasarYml });
    await world.takeIn(push);
    await world.settle();
    expect(world.shown(push.head).imports).toBe('action_required');
  });

  it('stops a forbidden import before any runner is asked', async () => {
    const push = world.commit(world.miner(1), 'from fla.ops.gla import x\n');
    await world.takeIn(push);
    await world.settle();
    expect(world.shown(push.head)).toEqual({
      imports: 'failure',
      logits: 'cancelled',
      benchmark: 'cancelled',
    });
    expect(world.github.runs).toEqual([]);
    expect(world.github.checkRuns[0]?.annotations).toBe(1);
  });

  it('dispatches nothing when the message says [skip quasar]', async () => {
    const push = world.commit(world.miner(1), 'fast = 1\n', { message: 'wip [skip quasar]' });
    await world.takeIn(push);
    await world.settle();
    expect(world.shown(push.head)).toEqual({
      imports: 'cancelled',
      logits: 'cancelled',
      benchmark: 'cancelled',
    });
    expect(world.github.runs).toEqual([]);
  });

  it('gives another branch of a linked fork its imports and skips the rest', async () => {
    const miner = world.miner(1);
    await world.takeIn(world.commit(miner, 'fast = 1\n'));
    await world.settle();
    const push = world.commit(miner, 'fast = 2\n', { branch: 'idea' });
    await world.takeIn(push);
    await world.settle();
    expect(world.shown(push.head)).toEqual({ imports: 'success', logits: 'skipped', benchmark: 'skipped' });
  });

  it('judges a commit that was first seen on another branch once it reaches the judged one', async () => {
    const miner = world.miner(1);
    await world.takeIn(world.commit(miner, 'fast = 1\n'));
    const push = world.commit(miner, 'fast = 2\n', { branch: 'idea' });
    await world.takeIn(push);
    await world.settle();
    world.github.push(miner.repoId, 'main', push.head, world.github.commits.get(push.head) as never);
    await world.takeIn(world.pushOf(miner, push.head));
    await world.settle();
    expect(world.shown(push.head)).toEqual(PASSED);
  });

  it('lets a newer push supersede an older one that is not decided', async () => {
    const miner = world.miner(1);
    const older = world.commit(miner, 'fast = 1\n');
    await world.takeIn(older);
    const newer = world.commit(miner, 'fast = 2\n');
    await world.takeIn(newer);
    await world.settle();
    expect(world.shown(older.head)).toEqual({
      imports: 'cancelled',
      logits: 'cancelled',
      benchmark: 'cancelled',
    });
    expect(world.shown(newer.head)).toEqual(PASSED);
    expect(world.github.runs).toHaveLength(1);
  });

  it('revives an earlier commit that is pushed back, with its first receipt time', async () => {
    const miner = world.miner(1);
    const older = world.commit(miner, 'fast = 1\n');
    await world.takeIn(older);
    await world.takeIn(world.commit(miner, 'fast = 2\n'));
    world.clock += 60_000;
    world.github.push(miner.repoId, 'main', older.head, world.github.commits.get(older.head) as never, true);
    await world.takeIn(world.pushOf(miner, older.head));
    await world.settle();
    expect(world.shown(older.head)).toEqual(PASSED);
    const row = await world.db('submissions').where({ headSha: older.head }).first();
    expect(row.receivedAt).toBe(older.receivedAt);
  });

  it('does not rank a copy, also when the copy was processed first', async () => {
    const [author, thief] = [world.miner(1), world.miner(2)];
    const original = world.commit(author, 'fast = 1\n');
    world.clock += 1_000;
    const copy = world.commit(thief, 'fast = 1  # mine\n');
    await world.takeIn(copy);
    await world.takeIn(original);
    await world.settle();
    expect(world.shown(original.head)).toEqual(PASSED);
    expect(world.shown(copy.head)).toEqual({ imports: 'success', logits: 'cancelled', benchmark: 'failure' });
  });

  it('decides a commit that only adds a comment by the verdict that its code has already', async () => {
    const miner = world.miner(1);
    await world.takeIn(world.commit(miner, 'fast = 1\n'));
    await world.settle();
    const push = world.commit(miner, 'fast = 1  # the same\n');
    await world.takeIn(push);
    await world.settle();
    expect(world.shown(push.head)).toEqual(PASSED);
    expect(world.github.runs).toHaveLength(1);
  });

  it('tries three runners before it calls an evaluation inconclusive, and blames nobody', async () => {
    const push = world.commit(world.miner(1), 'fast = 1\n');
    await world.takeIn(push);
    await world.settle(() => 'dies');
    expect(world.github.runs).toHaveLength(3);
    expect(world.shown(push.head)).toEqual({
      imports: 'success',
      logits: 'cancelled',
      benchmark: 'cancelled',
    });
    expect(await world.db('strikes')).toEqual([]);
  });

  it('judges again after a re-run request when it ended inconclusive', async () => {
    const push = world.commit(world.miner(1), 'fast = 1\n');
    await world.takeIn(push);
    await world.settle(() => 'dies');
    await rerun(push.head);
    await world.settle();
    expect(world.shown(push.head).benchmark).toBe('success');
  });

  it('starts at once when somebody asks for a re-run, whatever failed before', async () => {
    const push = world.commit(world.miner(1), 'fast = 1\n');
    await world.takeIn(push);
    await world.settle(() => 'dies');
    await rerun(push.head);
    const asked = world.clock;
    await world.settle();
    expect(world.github.runs.at(-1)?.createdAt).toBe(asked);
  });

  it('answers a re-run request after a decision with a new check-run and no new draw', async () => {
    const push = world.commit(world.miner(1), 'fast = 1\n');
    await world.takeIn(push);
    await world.settle();
    await rerun(push.head);
    await world.settle();
    expect(world.github.runs).toHaveLength(1);
    expect(world.github.checkRuns.filter(({ name }) => name === 'Quasar / benchmark')).toHaveLength(2);
    expect(world.shown(push.head)).toEqual(PASSED);
  });

  it('ignores a commit that is only in the fork network', async () => {
    const [one, two] = [world.miner(1), world.miner(2)];
    const elsewhere = world.commit(one, 'fast = 1\n');
    expect(await world.takeIn(world.pushOf(two, elsewhere.head))).toEqual({
      kind: 'ignored',
      why: 'the branch is gone',
    });
  });

  it('finds its check-runs and runs again after answers were lost, and makes none twice', async () => {
    const push = world.commit(world.miner(1), 'fast = 1\n');
    await world.takeIn(push);
    const seen = new Set<string>();
    world.github.fault = (call) => {
      if (seen.has(call)) return 'none';
      seen.add(call);
      return 'late';
    };
    await world.settle();
    expect(world.shown(push.head)).toEqual(PASSED);
    expect(world.github.runs).toHaveLength(1);
    expect(new Set(world.github.checkRuns.map(({ externalId }) => externalId)).size).toBe(
      world.github.checkRuns.length,
    );
  });

  it('stops writing when the repository is gone', async () => {
    const miner = world.miner(1);
    await world.takeIn(world.commit(miner, 'fast = 1\n'));
    const repository = world.github.repositories.get(miner.repoId);
    if (repository) repository.gone = true;
    await world.settle();
    expect(world.github.checkRuns).toEqual([]);
    expect(
      await world.db('evaluations').whereIn('state', ['planned', 'dispatching', 'dispatched', 'claimed']),
    ).toEqual([]);
  });

  it('shows that no runner is online', async () => {
    const push = world.commit(world.miner(1), 'fast = 1\n');
    await world.takeIn(push);
    await world.db('facts').insert({
      name: 'runners',
      value: JSON.stringify({ online: 0, busy: 0, offlineSince: world.clock }),
      updatedAt: world.clock,
    });
    const { drive } = await import('../../app/submissions/drive.ts');
    for (let round = 0; round < 12; round += 1) {
      world.clock += 10_000;
      for (const { id } of await world.db('submissions').where('nextLookAt', '<=', world.clock))
        await drive(world.services(), id);
    }
    const benchmark = world.github.checkRuns.find(({ name }) => name === 'Quasar / benchmark');
    expect(benchmark?.state.output.title).toMatch(/No runner online since/);
  });
});

function rerun(sha: string): Promise<string> {
  const run = world.github.checkRuns
    .filter(({ headSha, name }) => headSha === sha && name === 'Quasar / benchmark')
    .at(-1);
  return world.deliver('check_run', 'rerequested', {
    sender: { type: 'User' },
    check_run: { id: run?.id, external_id: run?.externalId, app: { id: 4242 } },
  });
}

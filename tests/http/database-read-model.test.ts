import { afterEach, beforeEach, expect, it } from 'vitest';
import { createReadModel } from '../../app/http/database-read-model.ts';
import type { RepoId } from '../../app/ids.ts';
import { type Miner, World } from '../submissions/world.ts';

let world: World;
beforeEach(async () => {
  world = await World.open();
});
afterEach(() => world.close());

const SECRET_BRANCH = 'fused-gate-trick';

async function judged(miner: Miner, code: string) {
  const yml = `${miner.quasarYml}branch: ${SECRET_BRANCH}\n`;
  const push = world.commit(miner, code, { branch: SECRET_BRANCH, yml });
  await world.takeIn(push);
  await world.settle();
  await world.db('verdicts').update({
    detail: 'ValueError in fused_gate_trick',
    result: world.db.raw(`replace(result, '"log":""', '"log":"fused_gate_trick"')`),
  });
  await world.db('decisions').update({ detail: 'ValueError in fused_gate_trick' });
  return push;
}

function makePrivate(miner: Miner): void {
  const repository = world.github.repositories.get(miner.repoId);
  if (repository)
    world.github.addRepository({ ...repository, repoId: miner.repoId as RepoId, private: true });
}

it('tells nothing of a private fork but its hotkey and its figures', async () => {
  const miner = world.miner(1);
  makePrivate(miner);
  const push = await judged(miner, 'fast = 1\n');
  const read = createReadModel(world.services());
  const shown = JSON.stringify([await read.leaderboard(), await read.submission(1)]);
  expect(shown).toContain(miner.hotkey);
  for (const told of [push.head, push.owner, SECRET_BRANCH, 'fused_gate_trick', 'fused-gate'])
    expect(shown).not.toContain(told);
});

it('tells nothing of what the imports of a private fork were', async () => {
  const miner = world.miner(1);
  makePrivate(miner);
  await judged(miner, 'from fla.ops.gla import x\n');
  const found = await createReadModel(world.services()).submission(1);
  expect(found?.reason).toBe('forbidden_import');
  expect(found?.findings).toEqual([]);
});

it('tells commit, branch, findings and log of a public fork', async () => {
  const push = await judged(world.miner(1), 'fast = 1\n');
  const found = await createReadModel(world.services()).submission(1);
  expect(found).toMatchObject({ sha: push.head, branch: SECRET_BRANCH });
  expect(found?.record?.untrusted.log).toBe('fused_gate_trick');
  expect(found?.decision?.detail).toContain('fused_gate_trick');
});

it('reads the leaderboard once for all who ask meanwhile, and afresh for the next', async () => {
  await judged(world.miner(1), 'fast = 1\n');
  const read = createReadModel(world.services());
  const [one, other] = await Promise.all([read.leaderboard(), read.leaderboard()]);
  expect(other).toBe(one);
  await world.db('links').update({ endedAt: world.clock });
  expect((await read.leaderboard()).boards[0]?.entries).toEqual([]);
  expect(one.boards[0]?.entries).toHaveLength(1);
});

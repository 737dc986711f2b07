import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JudgeReason } from '../../app/evaluations/reasons.ts';
import { DEFAULT_POLICY } from '../../app/submissions/plan.ts';
import { type EvaluationRow, evaluationsOf } from '../../db/evaluations.ts';
import { latestWeights } from '../../db/verdicts.ts';
import { type Miner, TASK, World } from './world.ts';

let world: World;
let miner: Miner;
beforeEach(async () => {
  world = await World.open();
  miner = world.miner(1);
});
afterEach(() => world.close());

const HOUR_MS = 3_600_000;
const PASSED = { imports: 'success', logits: 'success', benchmark: 'success' };
const INFRA = { imports: 'success', logits: 'cancelled', benchmark: 'cancelled' };
const pushed = async (code = 'fast = 1\n', by = miner, yml?: string) => {
  const push = world.commit(by, code, yml === undefined ? {} : { yml });
  await world.takeIn(push);
  return push;
};
const decision = (sha: string) =>
  world
    .db('decisions')
    .join('submissions', 'submissions.id', 'decisions.submissionId')
    .where({ headSha: sha })
    .first();
const shares = async () => JSON.parse((await latestWeights(world.db))?.shares ?? 'null');
const evaluation = async (): Promise<EvaluationRow> =>
  await world.db('evaluations').orderBy('id', 'desc').first();
/** Answers in turn; the last one stays. */
const inTurn =
  (...reasons: (JudgeReason | 'dies')[]) =>
  () =>
    (reasons.length > 1 ? reasons.shift() : reasons[0]) as JudgeReason;

describe('a runner', () => {
  it('that comes late with the result of a cancelled evaluation is refused', async () => {
    const old = await pushed();
    await world.driveUntil(() => world.github.runs.length === 1);
    const run = await claimed();
    const before = await evaluation();
    const newer = await pushed('fast = 2\n');
    await world.driveUntil(async () => (await evaluation()).id !== before.id);
    expect(await world.finish(before, run, 'accepted')).toBe(false);
    await world.settle();
    expect(world.shown(old.head).benchmark).toBe('cancelled');
    expect(world.shown(newer.head)).toEqual(PASSED);
    expect(await world.db('verdicts').where({ evaluationId: before.id })).toEqual([]);
  });

  it('that ended without a claim costs one attempt, seen at once', async () => {
    const { head } = await pushed();
    await world.driveUntil(() => world.github.runs.length === 1);
    const [run] = world.github.runs;
    if (run === undefined) throw new Error('nothing was dispatched');
    Object.assign(run, { status: 'completed', conclusion: 'failure' });
    await world.deliver('workflow_run', 'completed', {
      repository: { id: 1 },
      workflow_run: { id: run.id, display_title: `quasar evaluation ${run.evaluation}` },
    });
    const at = world.clock;
    await world.driveUntil(
      async () => (await evaluation()).state === 'failed' || world.github.runs.length === 2,
    );
    expect(world.clock - at).toBeLessThan(60_000);
    await world.settle();
    expect(world.shown(head)).toEqual(PASSED);
    expect(world.github.runs).toHaveLength(2);
  });

  it('that never comes is given up after 24 hours, and its run is cancelled', async () => {
    const { head } = await pushed();
    await world.driveUntil(() => world.github.runs.length === 1);
    const at = world.clock;
    await world.driveUntil(
      async () => (await world.db('evaluations').where({ state: 'failed' })).length === 1,
    );
    expect(world.clock - at).toBeGreaterThanOrEqual(24 * HOUR_MS);
    expect(world.clock - at).toBeLessThan(24 * HOUR_MS + DEFAULT_POLICY.runCheckMs);
    expect(world.github.runs[0]).toMatchObject({ status: 'completed', conclusion: 'cancelled' });
    await world.settle();
    expect(world.shown(head)).toEqual(PASSED);
  });

  it('that claims and says nothing more is given up after an hour', async () => {
    const { head } = await pushed();
    await world.driveUntil(() => world.github.runs.length === 1);
    const run = await claimed();
    const { id } = await evaluation();
    const at = world.clock;
    await world.driveUntil(
      async () => (await world.db('evaluations').where({ id, state: 'failed' })).length === 1,
    );
    expect(world.clock - at).toBeGreaterThanOrEqual(HOUR_MS);
    expect(world.clock - at).toBeLessThan(HOUR_MS + DEFAULT_POLICY.runCheckMs);
    const late = (await evaluationsOf(world.db, 1)).find((one) => one.id === id) as EvaluationRow;
    expect(await world.finish(late, run, 'accepted')).toBe(false);
    await world.settle();
    expect(world.shown(head)).toEqual(PASSED);
    expect(await world.db('strikes')).toEqual([]);
  });

  it('shows its progress while it works', async () => {
    const { head } = await pushed();
    await world.driveUntil(() => world.github.runs.length === 1);
    await claimed();
    await world.driveUntil(() => world.shown(head).benchmark === 'in_progress');
    expect(world.shown(head)).toEqual({ imports: 'success', logits: 'queued', benchmark: 'in_progress' });
  });
});

describe('a verdict', () => {
  it.each([
    ['wrong_output', 'failure', 'cancelled', 0],
    ['logits', 'failure', 'cancelled', 0],
    ['timeout', 'cancelled', 'timed_out', 0],
    ['resource_limit', 'cancelled', 'failure', 0],
    ['protocol_error', 'cancelled', 'failure', 1],
    ['input_modified', 'failure', 'cancelled', 1],
    ['implausible', 'success', 'action_required', 0],
  ] as const)(
    'of %s ends in logits %s, benchmark %s and %i strikes, after one run',
    async (reason, logits, benchmark, strikes) => {
      const { head } = await pushed();
      await world.settle(() => reason);
      expect(world.shown(head)).toEqual({ imports: 'success', logits, benchmark });
      expect(world.github.runs).toHaveLength(1);
      expect(await world.db('strikes')).toHaveLength(strikes);
      expect(await shares()).toEqual([]);
    },
  );

  it('that is unstable is judged once more, and the second answer counts', async () => {
    const { head } = await pushed();
    await world.settle(inTurn('unstable', 'accepted'));
    expect(world.shown(head)).toEqual(PASSED);
    expect(world.github.runs).toHaveLength(2);
  });

  it('that is unstable twice is rejected, and buys no third draw', async () => {
    const { head } = await pushed();
    await world.settle(inTurn('unstable', 'unstable', 'accepted'));
    expect(world.shown(head)).toEqual({ imports: 'success', logits: 'success', benchmark: 'failure' });
    expect(await decision(head)).toMatchObject({ status: 'rejected', reason: 'unstable' });
    expect(world.github.runs).toHaveLength(2);
  });

  it('that comes after two failures of infrastructure counts', async () => {
    const { head } = await pushed();
    await world.settle(inTurn('infra', 'dies', 'accepted'));
    expect(world.shown(head)).toEqual(PASSED);
    expect(world.github.runs).toHaveLength(3);
  });

  it('of infrastructure three times ends inconclusive, and never counts as a strike', async () => {
    const { head } = await pushed();
    await world.settle(() => 'infra');
    expect(world.shown(head)).toEqual(INFRA);
    expect(await decision(head)).toMatchObject({ status: 'inconclusive', reason: 'infra' });
  });

  it('that strikes does so once, also when the code comes again under another comment', async () => {
    await pushed();
    await world.settle(() => 'input_modified');
    const again = await pushed('fast = 1  # honest now\n');
    await world.settle(() => 'accepted');
    expect(world.shown(again.head).logits).toBe('failure');
    expect(await world.db('strikes')).toMatchObject([{ hotkey: miner.hotkey, reason: 'input_modified' }]);
  });

  it('below nine tenths of the claim is an over-claim: right, and worth nothing', async () => {
    const { head } = await pushed('fast = 1\n', miner, `${miner.quasarYml}claimed_tokens_per_sec: 20000\n`);
    await world.settle();
    expect(world.shown(head)).toEqual({ imports: 'success', logits: 'success', benchmark: 'failure' });
    expect(await decision(head)).toMatchObject({ status: 'accepted', reason: 'over_claim', score: 0 });
    expect(await shares()).toEqual([]);
  });
});

describe('the author of a code', () => {
  it('is who pushed it first, although his delivery was lost and the other one was accepted meanwhile', async () => {
    const [author, thief] = [miner, world.miner(2)];
    const original = world.commit(author, 'fast = 1\n');
    const lostAt = world.clock;
    world.clock += 60_000;
    const copy = await pushed('fast = 1  # mine\n', thief);
    await world.settle();
    expect(world.shown(copy.head)).toEqual(PASSED);
    expect(await shares()).toEqual([{ hotkey: thief.hotkey, share: 0.6 }]);

    await world.takeIn({ ...original, receivedAt: lostAt, receiptSource: 'log' });
    await world.settle();
    expect(world.shown(original.head)).toEqual(PASSED);
    expect(await shares()).toEqual([{ hotkey: author.hotkey, share: 0.6 }]);
  });

  it('stays the author when the same commit was seen by another way before the lost delivery was found', async () => {
    const [author, thief] = [miner, world.miner(2)];
    const original = world.commit(author, 'fast = 1\n');
    world.clock += 60_000;
    await pushed('fast = 1  # mine\n', thief);
    world.clock += 60_000;
    await world.takeIn({ ...original, receivedAt: world.clock });
    await world.takeIn({ ...original, receiptSource: 'log' });
    await world.settle();
    expect(await shares()).toEqual([{ hotkey: author.hotkey, share: 0.6 }]);
    const row = await world.db('submissions').where({ headSha: original.head }).first();
    expect(row).toMatchObject({ receivedAt: original.receivedAt, receiptSource: 'log' });
  });

  it('wins the tie by his receipt', async () => {
    const other = world.miner(2);
    await pushed('fast = 1\n');
    world.clock += 1_000;
    await pushed('fast = 2\n', other);
    await world.settle();
    expect((await shares()).map(({ hotkey }: { hotkey: string }) => hotkey)).toEqual([
      miner.hotkey,
      other.hotkey,
    ]);
  });

  it('is whoever pushed it unlinked before he linked himself', async () => {
    const first = world.commit(miner, 'fast = 1\n', { yml: null });
    await world.takeIn(first);
    await pushed('fast = 1  # copied\n', world.miner(2));
    const linked = await pushed();
    await world.settle();
    expect(world.shown(linked.head)).toEqual(PASSED);
    expect(await shares()).toEqual([{ hotkey: miner.hotkey, share: 0.6 }]);
  });
});

describe('two tasks', () => {
  const OTHER = { ...TASK, name: 'other_task' };
  const both = () => {
    const services = world.services();
    return {
      ...services,
      tasks: new Map([...services.tasks, ['other_task', { task: OTHER, digest: 'a'.repeat(64) }]]),
    };
  };
  const forOther = () => miner.quasarYml.replace(`task: ${TASK.name}`, 'task: other_task');

  it('are judged side by side, and only the first one is paid', async () => {
    const services = both();
    const one = world.commit(miner, 'fast = 1\n');
    await world.takeIn(one, services);
    const two = world.commit(miner, 'fast = 1\n', { yml: forOther() });
    await world.takeIn(two, services);
    await world.settle(() => 'accepted', services);
    expect(world.shown(one.head)).toEqual(PASSED);
    expect(world.shown(two.head)).toEqual(PASSED);
    expect(await shares()).toEqual([{ hotkey: miner.hotkey, share: 0.6 }]);
  });

  it('of which one is taken away leave its submissions alone, and do not spin', async () => {
    const services = both();
    const push = world.commit(miner, 'fast = 1\n', { yml: forOther() });
    await world.takeIn(push, services);
    const { drive } = await import('../../app/submissions/drive.ts');
    await drive(world.services(), 1).catch(() => undefined);
    const row = await world.db('submissions').where({ id: 1 }).first();
    expect(row.nextLookAt === null || row.nextLookAt > world.clock).toBe(true);
    expect(row.leaseOwner).toBeNull();
  });
});

/** A runner takes the newest run and works on it. */
async function claimed(): Promise<{ runId: number; runAttempt: number }> {
  const row = await evaluation();
  if (row.runId === null) throw new Error('not dispatched');
  const run = { runId: row.runId, runAttempt: 1 };
  await world.claim(row, run);
  const seen = world.github.runs.find(({ id }) => id === row.runId);
  if (seen) seen.status = 'in_progress';
  return run;
}

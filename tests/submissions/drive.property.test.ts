import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JUDGE_REASONS, type JudgeReason } from '../../app/evaluations/reasons.ts';
import { drive } from '../../app/submissions/drive.ts';
import type { Push } from '../../app/submissions/push.ts';
import type { Fault } from '../doubles/memory-github.ts';
import { type Miner, World } from './world.ts';

/** What may happen to a subnet, in any order. Numbers choose among what exists at that moment. */
type Happening =
  | { kind: 'push'; miner: number; code: number; faults: Fault[] }
  | { kind: 'push_again'; which: number }
  | { kind: 'push_back'; which: number }
  | { kind: 'drive'; which: number; faults: Fault[]; dieAt: number | null }
  | { kind: 'drive_twice_at_once'; which: number; faults: Fault[] }
  | { kind: 'runner'; reason: JudgeReason | 'dies' }
  | { kind: 'run_lost' }
  | { kind: 'rerun'; which: number }
  | { kind: 'wait'; seconds: number }
  | { kind: 'fork_gone'; miner: number };

const index = fc.nat({ max: 30 });
const faults = fc.array(fc.constantFrom<Fault>('none', 'none', 'none', 'refuse', 'lost', 'late'), {
  maxLength: 6,
});
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      miner: fc.nat({ max: 1 }),
      code: fc.nat({ max: 3 }),
      faults,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('push_again' as const), which: index }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('push_back' as const), which: index }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('drive' as const),
      which: index,
      faults,
      dieAt: fc.option(fc.nat({ max: 8 })),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('drive_twice_at_once' as const), which: index, faults }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('runner' as const),
      reason: fc.constantFrom<JudgeReason | 'dies'>('dies', ...JUDGE_REASONS),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('run_lost' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('rerun' as const), which: index }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(1, 20, 200, 4000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fork_gone' as const), miner: fc.constant(1) }) },
);

class Story {
  private processes = 0;
  private readonly pushes: { miner: Miner; push: Push }[] = [];
  private readonly gone = new Set<number>();
  private readonly miners: Miner[];
  constructor(readonly world: World) {
    this.miners = [world.miner(1), world.miner(2)];
  }

  private pick<T>(items: readonly T[], which: number): T | undefined {
    return items.length === 0 ? undefined : items[which % items.length];
  }

  async happens(event: Happening): Promise<void> {
    const { world } = this;
    switch (event.kind) {
      case 'push': {
        const miner = this.miners[event.miner];
        if (miner === undefined || this.gone.has(miner.repoId)) return;
        const push = world.commit(miner, `code = ${event.code}\n`);
        this.pushes.push({ miner, push });
        return this.taken(push, event.faults);
      }
      case 'push_again':
      case 'push_back': {
        const earlier = this.pick(this.pushes, event.which);
        if (earlier === undefined || this.gone.has(earlier.miner.repoId)) return;
        const { head } = earlier.push;
        if (event.kind === 'push_back')
          world.github.push(
            earlier.miner.repoId,
            'main',
            head,
            world.github.commits.get(head) as never,
            true,
          );
        return this.taken(world.pushOf(earlier.miner, head), []);
      }
      case 'drive':
        return this.driven(event.which, event.faults, event.dieAt);
      case 'drive_twice_at_once': {
        const id = await this.someSubmission(event.which);
        this.setFaults(event.faults);
        if (id !== undefined)
          await Promise.all([drive(world.services('replica-1'), id), drive(world.services('replica-2'), id)]);
        world.github.fault = () => 'none';
        return;
      }
      case 'runner': {
        const run = world.github.runs.find(({ status }) => status === 'queued');
        if (run !== undefined) await world.runJob(run.evaluation, () => event.reason);
        return;
      }
      case 'run_lost': {
        const run = world.github.runs.find(({ status }) => status === 'queued');
        if (run !== undefined) Object.assign(run, { status: 'completed', conclusion: 'cancelled' });
        return;
      }
      case 'rerun': {
        const run = this.pick(world.github.checkRuns, event.which);
        if (run !== undefined)
          await world.deliver('check_run', 'rerequested', {
            sender: { type: 'User' },
            check_run: { id: run.id, external_id: run.externalId, app: { id: 4242 } },
          });
        return;
      }
      case 'wait':
        world.clock += event.seconds * 1_000;
        return;
      case 'fork_gone': {
        const miner = this.miners[event.miner];
        const repository = miner && world.github.repositories.get(miner.repoId);
        if (repository) repository.gone = true;
        if (miner) this.gone.add(miner.repoId);
      }
    }
  }

  /** A delivery is tried until it succeeds, as the inbox does. */
  private async taken(push: Push, list: Fault[]): Promise<void> {
    this.setFaults(list);
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.world.takeIn(push);
        break;
      } catch (error) {
        if (attempt > 10) throw error;
      }
    }
    this.world.github.fault = () => 'none';
  }

  /** A process that dies in the middle of a call to GitHub never comes back; its lease runs out. */
  private async driven(which: number, list: Fault[], dieAt: number | null): Promise<void> {
    const id = await this.someSubmission(which);
    if (id === undefined) return;
    this.setFaults(list);
    let calls = 0;
    const { github } = this.world;
    const dead = new Promise<void>((died) => {
      github.hang = () => {
        calls += 1;
        if (dieAt === null || calls <= dieAt) return false;
        died();
        return true;
      };
    });
    await Promise.race([drive(this.world.services(`process-${++this.processes}`), id), dead]);
    github.hang = () => false;
    github.fault = () => 'none';
    if (dieAt !== null && calls > dieAt) this.world.clock += 200_000;
  }

  private setFaults(list: Fault[]): void {
    const left = [...list];
    this.world.github.fault = () => left.shift() ?? 'none';
  }

  private async someSubmission(which: number): Promise<number | undefined> {
    const rows = await this.world.db('submissions').orderBy('id').select('id');
    return this.pick(rows as { id: number }[], which)?.id;
  }

  /** Holds at every moment. */
  async neverTwice(): Promise<void> {
    const { db, github } = this.world;
    const live = await db('evaluations')
      .whereIn('state', ['planned', 'dispatching', 'dispatched', 'claimed'])
      .groupBy('submissionId', 'purpose', 'seat')
      .count('* as n');
    expect(live.every(({ n }) => Number(n) === 1)).toBe(true);
    const ids = github.checkRuns.map(({ externalId }) => externalId);
    expect(new Set(ids).size).toBe(ids.length);
    for (const table of ['verdicts', 'decisions']) {
      const column = table === 'verdicts' ? 'evaluationId' : 'submissionId';
      const rows = await db(table).groupBy(column).count('* as n');
      expect(rows.every(({ n }) => Number(n) === 1)).toBe(true);
    }
  }

  /** Holds once the world has come to rest. */
  async allConcluded(): Promise<void> {
    const { db, github } = this.world;
    expect(
      await db('evaluations').whereIn('state', ['planned', 'dispatching', 'dispatched', 'claimed']),
    ).toEqual([]);
    const heads = new Set(
      this.pushes.filter(({ miner }) => !this.gone.has(miner.repoId)).map(({ push }) => push.head),
    );
    for (const row of await db('submissions')) {
      if (!heads.has(row.headSha)) continue;
      const shown = github.checkRuns.filter(({ headSha }) => headSha === row.headSha);
      expect(new Set(shown.map(({ name }) => name)).size).toBe(3);
      expect(shown.every(({ state }) => state.status === 'completed')).toBe(true);
      const decided = await db('decisions').where({ submissionId: row.id });
      const copy = Object.values(this.world.shown(row.headSha)).includes('failure') && decided.length === 0;
      expect(decided.length === 1 || row.supersededBy !== null || copy || row.intake !== 'eligible').toBe(
        true,
      );
    }
  }
}

describe('plan and drive', () => {
  it('conclude everything once, whatever happens in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(happening, { minLength: 5, maxLength: 40 }), async (events) => {
        const world = await World.open();
        try {
          const story = new Story(world);
          for (const event of events) {
            await story.happens(event);
            await story.neverTwice();
          }
          world.clock += 300_000;
          await world.settle();
          await story.neverTwice();
          await story.allConcluded();
        } finally {
          await world.close();
        }
      }),
      { numRuns: Number(process.env.PROPERTY_RUNS ?? 40) },
    );
  });
});

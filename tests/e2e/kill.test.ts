/** `kill -9` of the App at chosen points, and what is true after its restart: nothing lost, nothing done twice. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppProcess } from '../demo/app-process.ts';
import type { Fork } from '../demo/stage.ts';
import { Arena, eventually, type PushOptions } from './arena.ts';
import { Gate } from './gate.ts';
import { brokenInvariants } from './invariants.ts';
import { accept } from './scripted-runner.ts';
import type { Matches, When, Wire } from './wire.ts';

let arena: Arena;

interface Point {
  readonly name: string;
  /** Has the App killed when it gets there; `killed` resolves then. */
  readonly arm: (fork: Fork, killed: Gate) => void;
  readonly push?: () => PushOptions;
  /** What happens after the push, up to the kill. */
  readonly next?: (fork: Fork, sha: string) => Promise<unknown>;
  /** How the submission ends; `accepted` unless it says otherwise. */
  readonly reason?: string;
  /** The kill, seen from the other end of the wire. */
  readonly sees?: 'pass' | 'drop';
}

async function crash(killed: Gate): Promise<void> {
  await arena.stage.stopApp('SIGKILL');
  killed.open();
}

const on =
  (wire: () => Wire, when: When, matches: (fork: Fork) => Matches, then: 'pass' | 'drop' = 'drop') =>
  (fork: Fork, killed: Gate): void =>
    wire().once(when, matches(fork), async () => {
      await crash(killed);
      return then;
    });
const hub = () => arena.hub;
const door = () => arena.door;

const creations = (fork: Fork) => arena.writesCheck(fork, 'POST');
const updates = (fork: Fork) => arena.writesCheck(fork, 'PATCH');
const completions = (fork: Fork): Matches => {
  const writes = updates(fork);
  return (exchange) => writes(exchange) && JSON.parse(exchange.body).status === 'completed';
};
const runsOf = (fork: Fork) => arena.runner.jobsOf(fork.repository.id).map(({ runId }) => runId);
const results =
  (fork: Fork): Matches =>
  (exchange) =>
    exchange.path === '/runner/result' &&
    arena.runner
      .jobsOf(fork.repository.id)
      .some(({ evaluation }) => evaluation === JSON.parse(exchange.body).evaluation);
const cancels =
  (fork: Fork): Matches =>
  ({ path }) =>
    runsOf(fork).some((id) => path.endsWith(`/runs/${id}/cancel`));

const POINTS: readonly Point[] = [
  // The kernel has the bytes already: GitHub hears 200 and never delivers again.
  {
    name: 'right after a webhook was acknowledged',
    arm: on(door, 'answer', (fork) => arena.delivers(fork), 'pass'),
  },
  { name: 'while the files of a push are read', arm: on(hub, 'request', (fork) => arena.readsTree(fork)) },
  { name: 'before a check-run is created', arm: on(hub, 'request', creations) },
  { name: 'after a check-run was created, before its id is known', arm: on(hub, 'answer', creations) },
  { name: 'before a dispatch takes effect', arm: on(hub, 'request', (fork) => arena.dispatches(fork)) },
  {
    name: 'after a dispatch, before its run is known',
    arm: on(hub, 'answer', (fork) => arena.dispatches(fork)),
  },
  {
    name: 'between claim and result',
    arm: (fork, killed) =>
      arena.runner.plays(fork.repository.id, async (job) => {
        await job.judge(async (claim) => {
          await crash(killed);
          return job.result(claim);
        });
        return 'success';
      }),
  },
  { name: 'after a result was stored, before it is decided', arm: on(door, 'answer', results, 'pass') },
  {
    name: 'between batches of annotations',
    arm: on(hub, 'answer', updates),
    push: () => ({ files: arena.kernelWithFindings(120) }),
    reason: 'forbidden_import',
  },
  {
    name: 'before a superseded run is cancelled',
    arm: (fork, killed) => {
      arena.runner.plays(fork.repository.id, async (job) => {
        arena.runner.plays(fork.repository.id, accept());
        await job.untilRefused(await job.claim());
        return 'failure';
      });
      on(hub, 'request', cancels)(fork, killed);
    },
    next: async (fork, sha) => {
      await eventually('it is claimed', async () => {
        const found = await arena.find(fork, sha);
        return found && (await arena.evaluations(fork, sha)).some(({ state }) => state === 'claimed');
      });
      later.set(fork, await arena.push(fork));
    },
    reason: 'superseded',
  },
  { name: 'before the last word on a check-run', arm: on(hub, 'request', completions) },
];

/** What was pushed at each point, and what superseded it. */
const pushed = new Map<Point, { fork: Fork; sha: string }>();
const later = new Map<Fork, string>();

beforeAll(async () => {
  arena = await Arena.open();
  await crashWhileMigrating();
  await arena.startApp();
  const forks = await Promise.all(POINTS.map((_, at) => arena.fork(`killed-${at + 1}`)));
  for (const [at, point] of POINTS.entries()) {
    const fork = forks[at] as Fork;
    const killed = new Gate();
    point.arm(fork, killed);
    const sha = await arena.push(fork, point.push?.());
    pushed.set(point, { fork, sha });
    await point.next?.(fork, sha);
    await killed.opened;
    await arena.startApp();
  }
});

afterAll(async () => {
  await arena.close();
  arena.github.contract.assertClean();
});

function pushedAt(point: Point | undefined): { fork: Fork; sha: string } {
  const found = point && pushed.get(point);
  if (found === undefined) throw new Error('nothing was pushed there');
  return found;
}

async function crashWhileMigrating(): Promise<void> {
  const file = arena.stage.databaseUrl.replace('sqlite:///', '');
  const app = AppProcess.spawn(arena.stage.environment(), arena.stage.appLog);
  await eventually('the database file is there', () => existsSync(file));
  await app.stop('SIGKILL');
}

describe('the App, killed', () => {
  it.each(POINTS)('$name, ends the submission as if nothing had happened', async (point) => {
    const { fork, sha } = pushedAt(point);
    expect(await arena.concluded(fork, sha)).toMatchObject({ reason: point.reason ?? 'accepted' });
    const superseding = later.get(fork);
    if (superseding !== undefined)
      expect(await arena.concluded(fork, superseding)).toMatchObject({ reason: 'accepted' });
    const row = await arena.submission(fork, sha);
    const decisions = await arena.db('decisions').where({ submissionId: row.id });
    expect(decisions).toHaveLength(row.intake === 'eligible' && superseding === undefined ? 1 : 0);
    expect(await arena.evaluations(fork, sha)).toHaveLength(row.intake === 'eligible' ? 1 : 0);
  });

  it('in between, still sends every annotation once', async () => {
    const { fork, sha } = pushedAt(POINTS.find(({ push }) => push !== undefined));
    const annotations = () =>
      arena.github.checks
        .all(fork.repository)
        .filter((run) => run.headSha === sha)
        .flatMap((run) => run.annotations.map(({ start_line }) => start_line));
    await eventually('all lines are annotated', () => new Set(annotations()).size >= 120);
    // A batch whose answer was lost may be there twice; GitHub appends and cannot be asked to forget.
    expect(annotations().length).toBeLessThanOrEqual(170);
  });
});

describe('when all is over', () => {
  it('every push is a submission, and every invariant holds', async () => {
    for (const { fork, sha } of pushed.values()) expect(await arena.find(fork, sha)).not.toBeNull();
    expect(await brokenInvariants(arena)).toEqual([]);
  });
});

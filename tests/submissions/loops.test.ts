import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deliveryLoop, startLoop, submissionLoop } from '../../app/submissions/loops.ts';
import { insertDeliveries } from '../../db/inbox.ts';
import { eventually } from '../eventually.ts';
import { World } from './world.ts';

const NEVER_IDLE = 2 ** 30;
const log = pino({ level: 'silent' });

/** A promise that the test settles. */
function open() {
  let close: () => void = () => {};
  let fail: (error: Error) => void = () => {};
  const promise = new Promise<void>((resolve, reject) => {
    close = resolve;
    fail = reject;
  });
  return { promise, close, fail };
}

describe('a loop', () => {
  it('looks again at once when it is hurried, also while it is looking', async () => {
    const looking = open();
    let looks = 0;
    const loop = startLoop({ log }, { idleMs: NEVER_IDLE, parallel: 1 }, async () => {
      looks += 1;
      if (looks === 1) await looking.promise;
      return [];
    });
    loop.hurry();
    looking.close();
    await eventually(() => expect(looks).toBe(2));
    loop.hurry();
    await eventually(() => expect(looks).toBe(3));
    await loop.stop();
  });

  it('goes on after a piece that fails, and after a look that fails', async () => {
    const done: string[] = [];
    let looks = 0;
    const loop = startLoop({ log }, { idleMs: NEVER_IDLE, parallel: 2 }, async () => {
      looks += 1;
      if (looks === 1)
        return [Promise.reject(new Error('poison')), Promise.resolve().then(() => void done.push('good'))];
      if (looks === 2) throw new Error('the database is away');
      if (looks === 3) return [Promise.resolve().then(() => void done.push('later'))];
      return [];
    });
    await eventually(() => {
      loop.hurry();
      expect(done).toEqual(['good', 'later']);
    });
    await loop.stop();
  });

  it('never has more pieces in hand than it may, and asks for as many as are free', async () => {
    const pieces = [open(), open(), open()];
    const asked: number[] = [];
    let given = 0;
    const loop = startLoop({ log }, { idleMs: NEVER_IDLE, parallel: 2 }, async (free) => {
      asked.push(free);
      const first = given;
      given += free;
      return pieces.slice(first, given).map(({ promise }) => promise);
    });
    await eventually(() => expect(asked).toEqual([2]));
    pieces[0]?.close();
    await eventually(() => expect(asked[1]).toBe(1));
    for (const { close } of pieces) close();
    await loop.stop();
  });

  it('finishes the work in hand before it has stopped, and looks no more', async () => {
    const piece = open();
    let looks = 0;
    const loop = startLoop({ log }, { idleMs: NEVER_IDLE, parallel: 2 }, async () => {
      looks += 1;
      return looks === 1 ? [piece.promise] : [];
    });
    await eventually(() => expect(looks).toBe(2));
    let stopped = false;
    const stopping = loop.stop().then(() => {
      stopped = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(stopped).toBe(false);
    piece.close();
    await stopping;
    expect(looks).toBe(2);
  });

  it('stops at once after a look that was under way', async () => {
    const looking = open();
    const loop = startLoop({ log }, { idleMs: NEVER_IDLE, parallel: 1 }, async () => {
      await looking.promise;
      return [];
    });
    const stopping = loop.stop();
    looking.close();
    await stopping;
  });
});

describe('the loops of the App', () => {
  let world: World;
  beforeEach(async () => {
    world = await World.open();
  });
  afterEach(() => world.close());

  const delivery = (guid: string, repoId: number, payload: string) => ({
    guid,
    source: 'watcher' as const,
    event: 'push',
    action: null,
    repoId,
    installationId: 1,
    payload,
    receivedAt: world.clock,
  });
  const states = async () =>
    Object.fromEntries((await world.db('inbox').orderBy('guid')).map(({ guid, state }) => [guid, state]));
  const process = async (done: () => Promise<void>) => {
    const loop = deliveryLoop(world.services(), { idleMs: NEVER_IDLE, parallel: 4 }, () => {});
    loop.hurry();
    await eventually(done);
    await loop.stop();
  };

  it('set a delivery that will never fit aside at once, and process the one behind it', async () => {
    const bad = delivery('a', 1, '{"ref":1}');
    const good = delivery('b', 1, JSON.stringify({ ...push, deleted: true }));
    await insertDeliveries(world.db, [bad, good]);
    await process(async () => expect(await states()).toEqual({ a: 'failed', b: 'done' }));
  });

  it('try a delivery again later when GitHub cannot be read', async () => {
    world.github.fault = () => 'lost';
    await insertDeliveries(world.db, [delivery('a', 1, JSON.stringify(push))]);
    await process(async () => {
      const [row] = await world.db('inbox');
      expect(row).toMatchObject({ state: 'new', attempts: 1, leaseOwner: null });
      expect(row.nextAttemptAt).toBeGreaterThan(world.clock);
    });
  });

  it('give up no push while GitHub is down, however long that takes', async () => {
    world.github.fault = () => 'lost';
    await insertDeliveries(world.db, [delivery('a', 1, JSON.stringify(push))]);
    const started = world.clock;
    while (world.clock < started + 6 * 3_600_000) {
      const { attempts } = await world.db('inbox').first();
      await process(async () => {
        const [row] = await world.db('inbox');
        expect(row).toMatchObject({ state: 'new', leaseOwner: null });
        expect(row.attempts !== attempts || row.nextAttemptAt > world.clock).toBe(true);
      });
      const { nextAttemptAt } = await world.db('inbox').first();
      expect(nextAttemptAt - world.clock).toBeLessThanOrEqual(300_000);
      world.clock = nextAttemptAt;
    }
  });

  it('set a delivery aside that was taken twelve times and never finished: it may be what kills the process', async () => {
    await insertDeliveries(world.db, [delivery('a', 1, JSON.stringify({ ...push, deleted: true }))]);
    await world.db('inbox').update({ attempts: 12 });
    await process(async () => expect(await states()).toEqual({ a: 'failed' }));
  });

  it('drive what is due to its end', async () => {
    const commit = world.commit(world.miner(1), 'from fla.ops.gla import x\n');
    await world.takeIn(commit);
    const loop = submissionLoop(world.services(), { idleMs: NEVER_IDLE, parallel: 2 });
    await eventually(() => expect(Object.keys(world.shown(commit.head))).toHaveLength(3));
    await loop.stop();
    expect(world.shown(commit.head).imports).toBe('failure');
  });
});

const push = {
  ref: 'refs/heads/main',
  before: '0'.repeat(40),
  after: 'a'.repeat(40),
  installation: { id: 1 },
  repository: {
    id: 1,
    name: 'fla',
    default_branch: 'main',
    private: false,
    owner: { id: 2, login: 'ada' },
  },
};

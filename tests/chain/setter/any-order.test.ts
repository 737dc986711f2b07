/** Whatever happens in whatever order: never two inclusions for one epoch, and none lost while the chain takes weights. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Chain, ChainError } from '../../../app/chain/chain.ts';
import type { MemoryRows } from './memory-store.ts';
import { type Counted, ModelChain } from './model-chain.ts';
import { Process, type RigOptions, rig } from './setter-rig.ts';

type Misfortune =
  | { readonly kind: 'crash'; readonly effect: number; readonly after: boolean }
  | { readonly kind: 'time_out'; readonly arrives: boolean; readonly times: number }
  | { readonly kind: 'dropped' }
  | { readonly kind: 'banned'; readonly times: number }
  | { readonly kind: 'stalled'; readonly blocks: number }
  | { readonly kind: 'foreign'; readonly before: boolean }
  | { readonly kind: 'flag' }
  | { readonly kind: 'stuck' }
  | { readonly kind: 'upgrade' }
  | { readonly kind: 'permit'; readonly blocks: number }
  | { readonly kind: 'unreachable'; readonly blocks: number }
  | { readonly kind: 'lag'; readonly blocks: number }
  | { readonly kind: 'away'; readonly blocks: number };

const short = fc.integer({ min: 1, max: 12 });
const misfortune = (plain: boolean): fc.Arbitrary<Misfortune> =>
  fc.oneof(
    fc.record({
      kind: fc.constant('crash' as const),
      effect: fc.integer({ min: 1, max: 12 }),
      after: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('time_out' as const), arrives: fc.boolean(), times: short }),
    fc.record({ kind: fc.constant('dropped' as const) }),
    fc.record({ kind: fc.constant('banned' as const), times: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ kind: fc.constant('stalled' as const), blocks: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant('foreign' as const), before: fc.boolean() }),
    ...(plain
      ? []
      : [
          fc.record({ kind: fc.constant('flag' as const) }),
          fc.record({ kind: fc.constant('stuck' as const) }),
        ]),
    fc.record({ kind: fc.constant('upgrade' as const) }),
    fc.record({ kind: fc.constant('permit' as const), blocks: short }),
    fc.record({ kind: fc.constant('unreachable' as const), blocks: short }),
    fc.record({ kind: fc.constant('lag' as const), blocks: fc.integer({ min: 0, max: 6 }) }),
    fc.record({ kind: fc.constant('away' as const), blocks: fc.integer({ min: 1, max: 60 }) }),
  );

/** The world around the setter, on which misfortunes come at their blocks. */
class World {
  readonly rows: MemoryRows = { sets: [], busy: false };
  #timeOuts = { left: 0, arrives: false };
  /** The pool refuses so many bytes, and then says for half an hour that it has heard of them. */
  #refuses = 0;
  readonly #banned = new Set<string>();
  #unreachable = 0;
  #away = 0;
  #noPermit = 0;
  #process = new Process();
  #rig: ReturnType<typeof rig>;
  readonly model: ModelChain;
  readonly #more: RigOptions;
  constructor(model: ModelChain, more: RigOptions = {}) {
    this.model = model;
    this.#more = more;
    this.#rig = this.#start();
  }

  #start() {
    this.#process = new Process();
    return rig(this.model, this.rows, this.#process, {
      ...this.#more,
      chain: (chain) => this.#unsteady(chain),
    });
  }

  #unsteady(chain: Chain): Chain {
    const reachable = () => {
      if (this.#unreachable > 0) throw new ChainError('unreachable', 'no endpoint answers');
    };
    return {
      ...chain,
      finalized: async () => {
        reachable();
        return chain.finalized();
      },
      find: async (...args) => {
        reachable();
        return chain.find(...args);
      },
      submit: async (bytes) => {
        if (this.#banned.has(bytes)) return { kind: 'banned' };
        if (this.#refuses > 0) {
          this.#refuses -= 1;
          this.#banned.add(bytes);
          return { kind: 'refused', problem: { code: 'unknown', message: 'Custom error: 255' } };
        }
        if (this.#timeOuts.left === 0) return chain.submit(bytes);
        this.#timeOuts.left -= 1;
        if (this.#timeOuts.arrives) await chain.submit(bytes);
        throw new ChainError('timed_out', 'no answer');
      },
    };
  }

  strike(event: Misfortune): void {
    const { model } = this;
    switch (event.kind) {
      case 'crash':
        this.#process.dieAt = { effect: this.#process.effects.length + event.effect, after: event.after };
        return;
      case 'time_out':
        this.#timeOuts = { left: event.times, arrives: event.arrives };
        return;
      case 'dropped':
        model.pool = [];
        return;
      case 'banned':
        this.#refuses = event.times;
        return;
      case 'stalled':
        model.stalled = event.blocks;
        return;
      case 'foreign':
        if (event.before) model.pool = [];
        model.foreign();
        return;
      case 'flag':
        model.next = { ...model.next, commitReveal: !model.now.commitReveal };
        return;
      case 'stuck':
        model.forgetCommits();
        return;
      case 'upgrade':
        model.next = { ...model.next, spec: model.now.spec + 1 };
        return;
      case 'permit':
        model.next = { ...model.next, permit: false };
        this.#noPermit = event.blocks;
        return;
      case 'unreachable':
        this.#unreachable = event.blocks;
        return;
      case 'lag':
        model.lag = event.blocks;
        return;
      case 'away':
        this.#away = event.blocks;
    }
  }

  /** What was to come and has not come yet does not come any more. */
  calm(): void {
    this.#process.dieAt = null;
    this.#timeOuts = { left: 0, arrives: false };
    this.#refuses = 0;
    // in a short epoch, the rate limit and a slow finality together leave no block
    this.model.lag = 2;
  }

  /** One block, and a look at it. */
  async live(): Promise<void> {
    const { model } = this;
    if (this.#noPermit > 0 && --this.#noPermit === 0) model.next = { ...model.next, permit: true };
    model.step();
    if (this.#unreachable > 0) this.#unreachable -= 1;
    if (this.#away > 0) {
      this.#away -= 1;
      return;
    }
    await this.#rig.look();
    if (this.#process.isDead) this.#rig = this.#start();
  }
}

/** Lives through them, and then long enough in peace for whatever is under way to end. */
async function survive(
  world: World,
  events: readonly { readonly after: number; readonly event: Misfortune }[],
  peace: number,
): Promise<void> {
  for (const { after, event } of events) {
    for (let block = 0; block < after; block += 1) await world.live();
    world.strike(event);
  }
  for (let block = 0; block < peace; block += 1) await world.live();
}

function twice(counted: readonly Counted[]): Counted[] {
  return counted.filter(({ epoch }, at) => counted.findIndex((other) => other.epoch === epoch) !== at);
}

function missing(counted: readonly Counted[], from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index).filter(
    (epoch) => !counted.some((one) => one.epoch === epoch),
  );
}

/** The store must know of each inclusion what the chain counted it to. */
function expectTold({ model, rows }: World): void {
  const told = rows.sets.filter(({ includedBlock }) => includedBlock !== null);
  expect(told.map(({ epoch, includedBlock }) => [epoch, includedBlock])).toEqual(
    model.counted
      .filter(({ block }) => block <= model.finalizedNumber)
      .map(({ epoch, block }) => [epoch, block]),
  );
}

const TEMPO = 100;
const times = (min: number, max: number) => fc.integer({ min, max });
const storm = (plain: boolean) =>
  fc.array(fc.record({ after: times(0, 25), event: misfortune(plain) }), { maxLength: 25 });

describe('in any order of misfortunes', () => {
  it('plain weights are never included twice for an epoch, and peace brings every epoch its own', async () => {
    await fc.assert(
      fc.asyncProperty(storm(true), fc.constantFrom(25, 45, TEMPO), async (events, tempo) => {
        const world = new World(new ModelChain({ tempo }));
        await survive(world, events, 0);
        world.calm();
        // what is under way may last an era, and count to a later epoch
        await survive(world, [], 40);
        const peace = world.model.now.index + 1;
        await survive(world, [], 3 * tempo + 5);
        expect(twice(world.model.counted)).toEqual([]);
        expect(missing(world.model.counted, peace, peace + 1)).toEqual([]);
        expectTold(world);
      }),
      { numRuns: 60 },
    );
  });

  it('holds for timelocked weights, and when the owner flips the flag', async () => {
    await fc.assert(
      fc.asyncProperty(storm(false), async (events) => {
        const world = new World(new ModelChain({ commitReveal: true }));
        await survive(world, events, 0);
        world.calm();
        const peace = world.model.now.index + 2;
        await survive(world, [], 4 * TEMPO);
        expect(twice(world.model.counted)).toEqual([]);
        expect(missing(world.model.counted, peace, peace + 1)).toEqual([]);
        expectTold(world);
        // whatever the chain does with a commit, nobody waits for it without an end
        const open = world.rows.sets.filter(({ state }) => state === 'included').map(({ epoch }) => epoch);
        expect(open.filter((epoch) => epoch < world.model.now.index - 3)).toEqual([]);
      }),
      { numRuns: 8 },
    );
  });

  it('loses no epoch to one misfortune that leaves the chain time', async () => {
    const one = fc.record({ at: times(0, TEMPO - 1), event: misfortune(true) });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 4 }), async (events) => {
        const world = new World(new ModelChain());
        for (const { at, event } of events) {
          fc.pre(event.kind !== 'away' && !(event.kind === 'stalled' && event.blocks > 12));
          await survive(world, [{ after: at, event }], TEMPO - at);
          world.calm();
        }
        const last = world.model.now.index - 1;
        expect(twice(world.model.counted)).toEqual([]);
        expect(missing(world.model.counted, 0, last)).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('needs no lease: two replicas that get in each other’s way send once', async () => {
    const ticks = fc.array(times(0, 12), { minLength: 20, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(ticks, ticks, times(0, 3), times(0, 3), async (one, two, dropped, refused) => {
        const model = new ModelChain();
        const rows: MemoryRows = { sets: [], busy: false };
        const banned = new Set<string>();
        const refusing = (chain: Chain): Chain => ({
          ...chain,
          submit: async (bytes) => {
            if (banned.has(bytes)) return { kind: 'banned' };
            if (banned.size >= refused) return chain.submit(bytes);
            banned.add(bytes);
            return { kind: 'refused', problem: { code: 'unknown', message: 'Custom error: 255' } };
          },
        });
        const replicas = [one, two].map((pauses) => {
          const process = new Process();
          let at = 0;
          process.pause = async () => {
            const pause = pauses[at++ % pauses.length] ?? 0;
            for (let tick = 0; tick < pause; tick += 1) await null;
          };
          return rig(model, rows, process, { lease: false, chain: (chain) => refusing(chain) });
        });
        while (model.head < 2 * TEMPO) {
          model.step();
          await Promise.all(replicas.map(({ look }) => look()));
          if (model.head === 42 + dropped) model.pool = [];
        }
        expect(model.counted.map(({ epoch }) => epoch)).toEqual([0, 1]);
        expect(rows.sets.map(({ state }) => state)).toEqual(['verified', 'verified']);
      }),
      { numRuns: 40 },
    );
  });
});

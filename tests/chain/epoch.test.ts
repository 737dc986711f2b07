import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  commitEpoch,
  EpochError,
  firstRevealBlock,
  guardBlocks,
  type ModuloSchedule,
  nextEpochBlock,
  revealRound,
  type StatefulSchedule,
} from '../../app/chain/epoch.ts';

const NOW = 1_795_223_604;
const quicknet = { genesisSeconds: 1_692_803_367, periodSeconds: 3 };
const request = { nowSeconds: NOW, beacon: quicknet };

type Numbers = readonly [
  last: number,
  pending: number,
  index: number,
  tempo: number,
  since: number,
  head: number,
];
const stateful = ([
  lastEpochBlock,
  pendingEpochAt,
  subnetEpochIndex,
  tempo,
  blocksSinceLastStep,
  head,
]: Numbers) =>
  ({
    form: 'stateful',
    head,
    tempo,
    lastEpochBlock,
    pendingEpochAt,
    subnetEpochIndex,
    blocksSinceLastStep,
  }) satisfies StatefulSchedule;
const modulo = (tempo: number, netuid: number, head: number) =>
  ({ form: 'modulo', head, tempo, netuid }) satisfies ModuloSchedule;

/** The chain itself, block by block: what coinbase does, and what the look-ahead of commits and reveals sees. */
function* blocksFrom(schedule: StatefulSchedule) {
  let { lastEpochBlock, pendingEpochAt, subnetEpochIndex, blocksSinceLastStep } = schedule;
  const isDue = (block: number) =>
    (pendingEpochAt > 0 && block >= pendingEpochAt) ||
    blocksSinceLastStep > 50_400 ||
    block - lastEpochBlock >= schedule.tempo;
  for (let block = schedule.head + 1; ; block++) {
    const seenEpoch = subnetEpochIndex + (isDue(block) ? 1 : 0);
    blocksSinceLastStep++;
    const runs = isDue(block);
    if (runs) {
      lastEpochBlock = block;
      pendingEpochAt = 0;
      subnetEpochIndex++;
      blocksSinceLastStep = 0;
    }
    yield { block, seenEpoch, runs };
  }
}

describe('the stored schedule', () => {
  it.each<[Numbers, number, number, number]>([
    [[10, 0, 0, 50, 0, 10], 1, 60, 34_140_291],
    [[80, 95, 0, 20, 0, 91], 1, 95, 34_140_107],
    [[1000, 0, 7, 360, 5, 1005], 1, 1360, 34_141_511],
    [[1000, 0, 7, 360, 5, 1005], 2, 1720, 34_142_951],
    [[1000, 0, 7, 360, 359, 1359], 1, 1720, 34_141_535],
    [[1000, 0, 7, 360, 360, 1360], 1, 1721, 34_141_535],
    [[1000, 0, 7, 360, 50_400, 1005], 1, 1007, 34_140_099],
    [[1000, 1200, 7, 360, 100, 1100], 1, 1200, 34_140_491],
  ])('%j with reveal period %i opens in block %i, round %i', (numbers, revealPeriodEpochs, block, round) => {
    const schedule = stateful(numbers);
    expect(firstRevealBlock(schedule, revealPeriodEpochs)).toBe(block);
    expect(revealRound(schedule, { ...request, revealPeriodEpochs })).toBe(round);
  });

  it('runs the next epoch a tempo after the last, when the owner asked for it, or after 50,400 blocks', () => {
    expect(nextEpochBlock(stateful([1000, 0, 7, 360, 5, 1005]))).toBe(1360);
    expect(nextEpochBlock(stateful([1000, 1200, 7, 360, 100, 1100]))).toBe(1200);
    expect(nextEpochBlock(stateful([1000, 0, 7, 65_000, 50_400, 51_400]))).toBe(51_401);
    // one that is overdue, for example deferred because two others ran in the block, runs in the next
    expect(nextEpochBlock(stateful([1000, 0, 7, 360, 365, 1365]))).toBe(1366);
  });

  it('counts a commit to the next epoch when that begins in the next block', () => {
    expect(commitEpoch(stateful([1000, 0, 7, 360, 358, 1358]))).toBe(7);
    expect(commitEpoch(stateful([1000, 0, 7, 360, 359, 1359]))).toBe(8);
  });

  it('agrees with the chain block by block', () => {
    const schedules = fc
      .record({
        head: fc.integer({ min: 0, max: 100_000 }),
        tempo: fc.oneof(fc.integer({ min: 2, max: 400 }), fc.integer({ min: 50_300, max: 50_500 })),
        age: fc.nat(400),
        pending: fc.option(fc.nat(300)),
        since: fc.oneof(fc.nat(400), fc.integer({ min: 50_100, max: 50_500 })),
        index: fc.nat(1000),
      })
      .map(({ head, tempo, age, pending, since, index }) =>
        stateful([Math.max(0, head - age), pending === null ? 0 : head + pending, index, tempo, since, head]),
      );
    fc.assert(
      fc.property(schedules, fc.integer({ min: 1, max: 2 }), (schedule, period) => {
        let next: number | null = null;
        let target: number | null = null;
        for (const { block, seenEpoch, runs } of blocksFrom(schedule)) {
          target ??= seenEpoch + period;
          if (runs) next ??= block;
          if (seenEpoch !== target) continue;
          expect(firstRevealBlock(schedule, period)).toBe(block);
          break;
        }
        expect(commitEpoch(schedule)).toBe((target as number) - period);
        if (next !== null) expect(nextEpochBlock(schedule)).toBe(next);
      }),
      { numRuns: 200 },
    );
  });
});

describe('the schedule of spec 293', () => {
  // the table in subtensor's comment on blocks_until_next_epoch: tempo, netuid, first block with an epoch
  it.each([
    [1, 0, 0],
    [1, 1, 1],
    [2, 0, 1],
    [2, 1, 0],
    [100, 0, 99],
    [100, 1, 98],
  ])(
    'tempo %i of netuid %i runs its first epoch in block %i, and every tempo + 1 blocks',
    (tempo, netuid, first) => {
      expect(nextEpochBlock(modulo(tempo, netuid, first))).toBe(first + tempo + 1);
      expect(nextEpochBlock(modulo(tempo, netuid, first + 1))).toBe(first + tempo + 1);
      if (first > 0) expect(nextEpochBlock(modulo(tempo, netuid, first - 1))).toBe(first);
    },
  );

  /** The chain of spec 293 and 300: one try, in the block in which an epoch runs, for the commits of one epoch. */
  function openedIn({ tempo, netuid, head }: ModuloSchedule, period: number): number {
    const epochOf = (block: number) => Math.floor((block + netuid + 1) / (tempo + 1));
    const runs = (block: number) => tempo - ((block + netuid + 1) % (tempo + 1)) === 0;
    const committed = epochOf(head + 1) + (runs(head + 1) ? 1 : 0);
    let block = head + 2;
    while (!runs(block) || epochOf(block) - (period - 1) !== committed) block++;
    return block;
  }

  it('opens a commit in the block in which the epoch runs', () => {
    // 361 blocks an epoch: (1000 + 2) / 361 is 2, and epoch 2 runs in its last block, 3 * 361 - 3
    expect(nextEpochBlock(modulo(360, 1, 1000))).toBe(1080);
    expect(commitEpoch(modulo(360, 1, 1000))).toBe(2);
    expect(firstRevealBlock(modulo(360, 1, 1000), 1)).toBe(1080);
    expect(firstRevealBlock(modulo(360, 1, 1000), 3)).toBe(1802);
  });

  it('counts a commit in that block to the next epoch', () => {
    expect(commitEpoch(modulo(360, 1, 1078))).toBe(2);
    expect(commitEpoch(modulo(360, 1, 1079))).toBe(3);
    expect(firstRevealBlock(modulo(360, 1, 1079), 1)).toBe(1441);
  });

  const schedules = fc.record({
    form: fc.constant('modulo' as const),
    tempo: fc.integer({ min: 1, max: 300 }),
    netuid: fc.nat(1024),
    head: fc.nat(10_000_000),
  });

  it('agrees with the chain block by block', () => {
    fc.assert(
      fc.property(schedules, fc.integer({ min: 1, max: 4 }), (schedule, period) => {
        expect(firstRevealBlock(schedule, period)).toBe(openedIn(schedule, period));
      }),
    );
  });

  it('wants a pulse that is stored by then: the round of the block after, less 24', () => {
    // 1795223604 + (1081 - 1000) * 12 s, less the genesis, by 3 s
    const round = revealRound(modulo(360, 1, 1000), { ...request, revealPeriodEpochs: 1 });
    expect(round).toBe(34_140_403 - 24);
    fc.assert(
      fc.property(schedules, fc.integer({ min: 1, max: 100 }), (schedule, revealPeriodEpochs) => {
        fc.pre(nextEpochBlock(schedule) - schedule.head > guardBlocks(schedule));
        const { head, tempo, netuid } = schedule;
        // there it counts the commit to the epoch of the head, which has just ended
        fc.pre((head + 1 + netuid + 1) % (tempo + 1) !== 0);
        const epoch = Math.floor((head + netuid + 1) / (tempo + 1)) + revealPeriodEpochs;
        const inSeconds = (epoch * (tempo + 1) - (netuid + 1) - head) * 12;
        const published = Math.ceil((NOW + inSeconds - quicknet.genesisSeconds) / 3) - 24;
        const ours = revealRound(schedule, { ...request, revealPeriodEpochs });
        expect(published - ours).toBeGreaterThanOrEqual(0);
        expect(published - ours).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('refuses a commit whose round would come before the commit', () => {
    const roundAt = (head: number) =>
      revealRound(modulo(360, 1, head), { ...request, revealPeriodEpochs: 1 });
    const nowRound = Math.floor((NOW - quicknet.genesisSeconds) / 3);
    expect(guardBlocks(modulo(360, 1, 1071))).toBe(8);
    expect(roundAt(1071) - nowRound).toBe(16);
    expect(() => roundAt(1076)).toThrow('too_late');
    expect(new EpochError('too_late', 'x').retryable).toBe(true);
  });
});

describe('an impossible question', () => {
  const good = stateful([1000, 0, 7, 360, 5, 1005]);
  const code = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      return error instanceof EpochError ? error.code : error;
    }
    return null;
  };

  it('is refused with its own code', () => {
    expect(code(() => nextEpochBlock({ ...good, tempo: 0 }))).toBe('no_epochs');
    expect(code(() => nextEpochBlock(modulo(0, 1, 5)))).toBe('no_epochs');
    expect(code(() => firstRevealBlock(good, 0))).toBe('bad_reveal_period');
    expect(code(() => firstRevealBlock(good, 101))).toBe('bad_reveal_period');
    expect(code(() => firstRevealBlock(good, 1.5))).toBe('bad_reveal_period');
    expect(code(() => commitEpoch({ ...good, head: Number.NaN }))).toBe('impossible_schedule');
    expect(code(() => commitEpoch({ ...good, lastEpochBlock: -1 }))).toBe('impossible_schedule');
    expect(code(() => commitEpoch({ ...good, pendingEpochAt: 2 ** 53 }))).toBe('impossible_schedule');
    expect(code(() => revealRound(good, { ...request, nowSeconds: 5, revealPeriodEpochs: 1 }))).toBe(
      'before_beacon',
    );
    expect(code(() => revealRound(good, { ...request, nowSeconds: Number.NaN, revealPeriodEpochs: 1 }))).toBe(
      'before_beacon',
    );
  });

  it('says what is wrong', () => {
    expect(() => nextEpochBlock({ ...good, tempo: 0 })).toThrow('it runs no epochs');
    expect(new EpochError('no_epochs', 'x')).toMatchObject({ retryable: false, userMessage: 'x' });
  });
});

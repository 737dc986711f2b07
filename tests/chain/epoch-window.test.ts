import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EpochSchedule } from '../../app/chain/epoch.ts';
import { leavesTime, rateLimitWait, whenToSend } from '../../app/chain/epoch-window.ts';

/** An epoch runs in block 1360. */
const at = (head: number, nextEpoch = 1360): EpochSchedule => ({
  form: 'stateful',
  head,
  tempo: 360,
  lastEpochBlock: nextEpoch - 360,
  pendingEpochAt: 0,
  subnetEpochIndex: 7,
  blocksSinceLastStep: 0,
});
const LIMIT = { lastUpdate: 970, rateLimitBlocks: 100 };

describe('the rate limit', () => {
  it('lets weights pass in the block that is the limit after the last update', () => {
    expect(rateLimitWait(1069, LIMIT)).toBe(0);
    expect(rateLimitWait(1068, LIMIT)).toBe(1);
    expect(rateLimitWait(970, LIMIT)).toBe(99);
  });

  it('does not hold back a uid that never sent any', () => {
    expect(rateLimitWait(5, { lastUpdate: 0, rateLimitBlocks: 100 })).toBe(0);
  });
});

it('tells where an epoch has no block early enough', () => {
  const stateful = (tempo: number): EpochSchedule =>
    ({ ...at(1300), form: 'stateful', tempo }) as EpochSchedule;
  const modulo = (tempo: number): EpochSchedule => ({ form: 'modulo', head: 1300, tempo, netuid: 1 });
  expect([stateful(3), stateful(4), modulo(7), modulo(8)].map(leavesTime)).toEqual([
    false,
    true,
    false,
    true,
  ]);
});

describe('when to send', () => {
  it('is the last 60 blocks before the epoch, but for the last 3', () => {
    expect(whenToSend(at(1299), LIMIT)).toMatchObject({ kind: 'wait', blocks: 1, why: 'too_early' });
    expect(whenToSend(at(1300), LIMIT)).toEqual({ kind: 'now' });
    expect(whenToSend(at(1356), LIMIT)).toEqual({ kind: 'now' });
    expect(whenToSend(at(1357), LIMIT)).toMatchObject({ kind: 'wait', blocks: 3, why: 'boundary' });
    expect(whenToSend(at(1359), LIMIT)).toMatchObject({ kind: 'wait', blocks: 1, why: 'boundary' });
  });

  it('ends sooner on the old chain, which must have the pulse before the epoch', () => {
    const old = (head: number): EpochSchedule => ({ form: 'modulo', head, tempo: 360, netuid: 1 });
    expect(whenToSend(old(1071), LIMIT)).toEqual({ kind: 'now' });
    expect(whenToSend(old(1072), LIMIT)).toMatchObject({ kind: 'wait', blocks: 8, why: 'boundary' });
  });

  it('waits exactly for the rate limit, and says so', () => {
    const limit = { lastUpdate: 1290, rateLimitBlocks: 100 };
    expect(whenToSend(at(1310), limit)).toEqual({
      kind: 'wait',
      blocks: 79,
      why: 'rate_limit',
      message: 'the rate limit of the subnet lets weights pass in 79 blocks',
    });
    expect(whenToSend(at(1389, 1400), limit)).toEqual({ kind: 'now' });
  });

  it('names the later of two reasons', () => {
    const limit = { lastUpdate: 990, rateLimitBlocks: 100 };
    expect(whenToSend(at(1000), limit)).toMatchObject({ blocks: 300, why: 'too_early' });
  });

  it('never sends where the chain would refuse, and never waits past the time to send', () => {
    const situations = fc.record({
      head: fc.integer({ min: 500, max: 5000 }),
      left: fc.integer({ min: 1, max: 360 }),
      lastUpdate: fc.nat(5000),
      rateLimitBlocks: fc.nat(400),
    });
    fc.assert(
      fc.property(situations, ({ head, left, lastUpdate, rateLimitBlocks }) => {
        const nextEpoch = head + left;
        const passes = (block: number) => lastUpdate === 0 || block - lastUpdate >= rateLimitBlocks;
        const isGood = (block: number) =>
          passes(block + 1) && nextEpoch - block <= 60 && nextEpoch - block > 3;
        const time = whenToSend(at(head, nextEpoch), { lastUpdate, rateLimitBlocks });
        expect(time.kind === 'now').toBe(isGood(head));
        if (time.kind === 'now') return;
        expect(time.blocks).toBeGreaterThanOrEqual(1);
        const waited = Array.from({ length: time.blocks - 1 }, (_, index) => head + 1 + index);
        expect(waited.filter(isGood)).toEqual([]);
      }),
    );
  });
});

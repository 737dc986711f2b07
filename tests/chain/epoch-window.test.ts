import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rateLimitWait, type SendSituation, whenToSend } from '../../app/chain/epoch-window.ts';

const at = (head: number, more: Partial<SendSituation> = {}): SendSituation => ({
  head,
  nextEpoch: 1360,
  lastUpdate: 970,
  rateLimitBlocks: 100,
  ...more,
});

describe('the rate limit', () => {
  it('lets weights pass in the block that is the limit after the last update', () => {
    expect(rateLimitWait({ head: 1069, lastUpdate: 970, rateLimitBlocks: 100 })).toBe(0);
    expect(rateLimitWait({ head: 1068, lastUpdate: 970, rateLimitBlocks: 100 })).toBe(1);
    expect(rateLimitWait({ head: 970, lastUpdate: 970, rateLimitBlocks: 100 })).toBe(99);
  });

  it('does not hold back a uid that never sent any', () => {
    expect(rateLimitWait({ head: 5, lastUpdate: 0, rateLimitBlocks: 100 })).toBe(0);
  });
});

describe('when to send', () => {
  it('is the last 60 blocks before the epoch, but for the last 3', () => {
    expect(whenToSend(at(1299))).toMatchObject({ kind: 'wait', blocks: 1, why: 'too_early' });
    expect(whenToSend(at(1300))).toEqual({ kind: 'now' });
    expect(whenToSend(at(1356))).toEqual({ kind: 'now' });
    expect(whenToSend(at(1357))).toMatchObject({ kind: 'wait', blocks: 3, why: 'boundary' });
    expect(whenToSend(at(1359))).toMatchObject({ kind: 'wait', blocks: 1, why: 'boundary' });
    expect(whenToSend(at(1360))).toMatchObject({ kind: 'wait', blocks: 1, why: 'boundary' });
  });

  it('waits exactly for the rate limit, and says so', () => {
    expect(whenToSend(at(1310, { lastUpdate: 1290 }))).toEqual({
      kind: 'wait',
      blocks: 79,
      why: 'rate_limit',
      message: 'the rate limit of the subnet lets weights pass in 79 blocks',
    });
    expect(whenToSend(at(1389, { lastUpdate: 1290, nextEpoch: 1400 }))).toEqual({ kind: 'now' });
  });

  it('names the later of two reasons', () => {
    expect(whenToSend(at(1000, { lastUpdate: 990 }))).toMatchObject({ blocks: 300, why: 'too_early' });
  });

  it('never sends where the chain would refuse, and never waits past the time to send', () => {
    const situations = fc.record({
      head: fc.integer({ min: 1, max: 5000 }),
      left: fc.integer({ min: 1, max: 500 }),
      lastUpdate: fc.nat(5000),
      rateLimitBlocks: fc.nat(400),
    });
    fc.assert(
      fc.property(situations, ({ head, left, lastUpdate, rateLimitBlocks }) => {
        const situation = { head, nextEpoch: head + left, lastUpdate, rateLimitBlocks };
        const passes = (block: number) => lastUpdate === 0 || block - lastUpdate >= rateLimitBlocks;
        const isGood = (block: number) =>
          passes(block + 1) && situation.nextEpoch - block <= 60 && situation.nextEpoch - block > 3;
        const time = whenToSend(situation);
        expect(time.kind === 'now').toBe(isGood(head));
        if (time.kind === 'now') return;
        expect(time.blocks).toBeGreaterThanOrEqual(1);
        const waited = Array.from({ length: time.blocks - 1 }, (_, index) => head + 1 + index);
        expect(waited.filter(isGood)).toEqual([]);
      }),
    );
  });
});

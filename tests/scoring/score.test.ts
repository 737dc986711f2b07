import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEAGUES, leagueOf } from '../../app/scoring/league.ts';
import { isOverClaim, scoreOf } from '../../app/scoring/score.ts';

const lengths = fc.integer({ min: 1, max: 4_194_304 });
const figures = fc.double({ min: 1e-6, max: 1e12, noNaN: true });

describe('league', () => {
  it.each([
    [1, '100k', 0.5],
    [199_999, '100k', 0.5],
    [200_000, '200k', 0.75],
    [300_000, '300k', 1],
    [400_000, '400k', 1.25],
    [500_000, '500k', 1.5],
    [600_000, '600k', 1.75],
    [750_000, '700k', 2],
    [800_000, '800k', 2.25],
    [999_999, '900k', 2.5],
    [1_000_000, '1M', 3],
    [1_048_576, '1M', 3],
  ])('puts %d into %s (x%d)', (length, name, multiplier) => {
    expect(leagueOf(length)).toMatchObject({ name, multiplier });
  });

  it.each([0, -1, -1_000_000, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (length) => {
    expect(() => leagueOf(length)).toThrow(RangeError);
  });

  it('never falls as the length grows', () => {
    fc.assert(
      fc.property(lengths, lengths, (a, b) => {
        const [short, long] = a < b ? [a, b] : [b, a];
        expect(leagueOf(short).multiplier).toBeLessThanOrEqual(leagueOf(long).multiplier);
      }),
    );
  });

  it('lists floors and multipliers ascending from 0', () => {
    expect(LEAGUES[0]?.minLength).toBe(0);
    for (const [index, league] of LEAGUES.slice(1).entries()) {
      expect(league.minLength).toBeGreaterThan(LEAGUES[index]?.minLength ?? Number.NaN);
      expect(league.multiplier).toBeGreaterThan(LEAGUES[index]?.multiplier ?? Number.NaN);
    }
  });
});

describe('score', () => {
  it.each([
    [500_000, 1_000_000, 1_500_000],
    [700_000, 500_000, 1_050_000],
    [1_000_000, 200_000, 750_000],
    [50_000, 1_000_000, 150_000],
  ])('is %d at %d tokens = %d', (tokensPerSecLow, targetLength, score) => {
    expect(scoreOf({ tokensPerSecLow, targetLength })).toBe(score);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, -1, 1.7e308])(
    'refuses the figure %d',
    (tokensPerSecLow) => {
      expect(() => scoreOf({ tokensPerSecLow, targetLength: 1_000_000 })).toThrow(RangeError);
    },
  );

  it('refuses a figure so small that its score is 0', () => {
    expect(() => scoreOf({ tokensPerSecLow: Number.MIN_VALUE, targetLength: 1 })).toThrow(RangeError);
  });

  it('is finite, positive and grows with the figure and the length', () => {
    fc.assert(
      fc.property(figures, figures, lengths, lengths, (a, b, x, y) => {
        const low = scoreOf({ tokensPerSecLow: Math.min(a, b), targetLength: Math.min(x, y) });
        const high = scoreOf({ tokensPerSecLow: Math.max(a, b), targetLength: Math.max(x, y) });
        expect(Number.isFinite(low) && low > 0).toBe(true);
        expect(high).toBeGreaterThanOrEqual(low);
      }),
    );
  });
});

describe('claim', () => {
  it.each([
    [90, 100, false],
    [89.99, 100, true],
    [63, 70, false],
    [62.999, 70, true],
    [1_000_000, 1, false],
    [100, null, false],
  ])('of %s measured against %s claimed is too much: %s', (measured, claimed, expected) => {
    expect(isOverClaim(measured, claimed)).toBe(expected);
  });

  it('is one-sided: a lower claim never turns a good one into an over-claim', () => {
    fc.assert(
      fc.property(figures, figures, fc.double({ min: 0, max: 1, noNaN: true }), (measured, claim, factor) => {
        if (!isOverClaim(measured, claim)) expect(isOverClaim(measured, claim * factor)).toBe(false);
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rank } from '../../app/scoring/rank.ts';
import { checkPolicy, DEFAULT_SHARES, sharesOf } from '../../app/scoring/shares.ts';
import { inReceiptOrder } from './entry.ts';

describe('shares', () => {
  it('are 60, 25, 10 and 5 % for the first four, and nothing for the fifth', () => {
    const places = rank(inReceiptOrder(['A', 5], ['B', 4], ['C', 3], ['D', 2], ['E', 1]));
    expect(sharesOf(places).map(({ hotkey, share }) => `${hotkey} ${share}`)).toEqual([
      '5A 0.6',
      '5B 0.25',
      '5C 0.1',
      '5D 0.05',
    ]);
  });

  it('list a paid place only', () => {
    const places = rank(inReceiptOrder(['A', 2], ['B', 1]));
    expect(sharesOf(places, [1, 0])).toEqual([{ hotkey: '5A', share: 1 }]);
    expect(sharesOf(places, [])).toEqual([]);
  });

  it.each([
    [[0.6, 0.5], /more than 1/],
    [[-0.1], /between 0 and 1/],
    [[1.1], /between 0 and 1/],
    [[Number.NaN], /between 0 and 1/],
    [[0.1, 0.2], /lower place/],
  ])('refuse the policy %j', (policy, message) => {
    expect(() => sharesOf([], policy)).toThrow(message);
  });

  it('take the default, and decimal fractions that sum to 1 with a rounding error', () => {
    expect(() => checkPolicy(DEFAULT_SHARES)).not.toThrow();
    expect(() => checkPolicy(Array.from({ length: 10 }, () => 0.1))).not.toThrow();
  });

  it('sum to at most 1 whatever the standing, and never rise from place to place', () => {
    const scores = fc.array(fc.double({ min: 1, max: 2, noNaN: true }), { maxLength: 8 });
    const policies = fc
      .array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 6 })
      .map((parts) => {
        const sum = parts.reduce((total, part) => total + part, 0) || 1;
        return parts.map((part) => part / sum).sort((a, b) => b - a);
      });
    fc.assert(
      fc.property(scores, policies, (values, policy) => {
        const entries = inReceiptOrder(
          ...values.map((score, index) => [String.fromCharCode(65 + index), score] as const),
        );
        const shares = sharesOf(rank(entries), policy).map(({ share }) => share);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1 + 1e-9);
        expect(shares).toEqual([...shares].sort((a, b) => b - a));
        expect(shares.length).toBeLessThanOrEqual(values.length);
      }),
    );
  });
});

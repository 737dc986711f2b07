import { describe, expect, it } from 'vitest';
import { maxUpscale } from './upscale.ts';

describe('a row on the chain', () => {
  it.each([
    // measured on the real runtime: the two branches of the pallet round halves differently
    [
      [40_000, 30_000, 20_000, 10_000],
      [65_535, 49_151, 32_767, 16_384],
    ],
    [
      [600, 250, 100, 50],
      [65_535, 27_306, 10_923, 5_461],
    ],
    [
      [65_535, 27_306, 10_922, 5_461],
      [65_535, 27_306, 10_922, 5_461],
    ],
    [
      [0, 0],
      [0, 0],
    ],
    [[], []],
  ])('stores %j as %j', (sent, stored) => {
    expect(maxUpscale(sent)).toEqual(stored);
  });
});

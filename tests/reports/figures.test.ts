import { describe, expect, it } from 'vitest';
import * as figures from '../../app/reports/figures.ts';

describe('figures', () => {
  it.each<[string, string]>([
    [figures.speed(1_234_567.4), '1,234,567 tokens/s'],
    [figures.speed(12.345), '12.3 tokens/s'],
    [figures.figure(0), '0'],
    [figures.figure(0.015), '0.015'],
    [figures.figure(1.2e-7), '1.2e-7'],
    [figures.figure(Number.NaN), 'not finite'],
    [figures.figure(99.96), '100'],
    [figures.time(12_345_678), '12.3 ms'],
    [figures.time(999), '999 ns'],
    [figures.time(90_000), '90.0 µs'],
    [figures.time(842_000_000), '842 ms'],
    [figures.time(1_234_567_890), '1.23 s'],
    [figures.time(999_999_999), '1,000 ms'],
    [figures.size(0), '0 B'],
    [figures.size(1_288_490_189), '1.2 GiB'],
    [figures.size(2 ** 60), '1048576.0 TiB'],
    [figures.bandwidth(4.2949e12), '4.29 TB/s'],
    [figures.bandwidth(936_000_000_000), '936 GB/s'],
    [figures.percent(0.004), '0.40 %'],
    [figures.percent(0.0123), '1.2 %'],
    [figures.percent(0.74), '74 %'],
    [figures.percent(0), '0 %'],
    [figures.percent(Number.NaN), '–'],
    [figures.ratio(1.1802), '1.18x'],
    [figures.ratio(123.4), '123x'],
    [figures.ordinal(1), '1st'],
    [figures.ordinal(2), '2nd'],
    [figures.ordinal(11), '11th'],
    [figures.ordinal(112), '112th'],
    [figures.ordinal(1_003), '1,003rd'],
    [figures.wait(20), 'under a minute'],
    [figures.wait(360), '~6 min'],
    [figures.wait(7_200), '~2 h'],
    [figures.clock(Date.UTC(2026, 10, 21, 14, 2)), '14:02 UTC'],
    [figures.moment(Date.UTC(2026, 10, 21, 14, 2)), '2026-11-21 14:02 UTC'],
    [figures.counted(1, 'file'), '1 file'],
    [figures.counted(0, 'file'), '0 files'],
  ])('%s', (shown, expected) => {
    expect(shown).toBe(expected);
  });
});

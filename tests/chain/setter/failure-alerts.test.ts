import { describe, expect, it } from 'vitest';
import { failureAlerts } from '../../../app/chain/setter/failure-alerts.ts';
import { once } from '../../../app/chain/setter/observe.ts';
import type { WeightSet } from '../../../app/chain/setter/weight-set.ts';

const failed = (failureCode: string) =>
  ({ state: 'failed', failureCode, failure: `said ${failureCode}`, epoch: 7 }) as WeightSet;
const verified = { state: 'verified' } as WeightSet;

describe('attempts that were in no block', () => {
  it('are worth nothing once, and a page when they come again', () => {
    expect(failureAlerts([failed('era_over')])).toEqual([]);
    expect(failureAlerts([failed('epoch_over'), failed('outdated_plan'), failed('era_over')])).toEqual([]);
    expect(failureAlerts([failed('era_over'), failed('nonce_used'), verified])).toMatchObject([
      { code: 'never_included', severity: 'page', message: expect.stringContaining('said era_over') },
    ]);
  });

  it('are over with the next row that is read back', () => {
    expect(failureAlerts([verified, failed('era_over'), failed('era_over')])).toEqual([]);
    expect(failureAlerts([failed('era_over'), verified, failed('era_over')])).toEqual([]);
  });
});

it('tells of each code once, and rather the graver one', () => {
  const warn = { code: 'unreachable', severity: 'warn', message: 'a' } as const;
  const page = { code: 'unreachable', severity: 'page', message: 'b' } as const;
  const other = { code: 'signer', severity: 'page', message: 'c' } as const;
  expect(once([warn, other, page])).toEqual([other, page]);
  expect(once([page, { ...page, message: 'd' }, warn])).toEqual([page]);
});

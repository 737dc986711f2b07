import { describe, expect, it } from 'vitest';
import { CARRY_OVER_MS, sharesToPay } from '../../app/chain/normalise-carry-over.ts';
import type { Hotkey } from '../../app/ids.ts';

const HOUR = 3_600_000;
const at = Date.UTC(2026, 10, 21, 12);
const won = [{ hotkey: 'a' as Hotkey, share: 0.6 }];
const proven = { shares: won, standingAt: at };

describe('the shares to pay', () => {
  it('are those of the standing while there is one, and none when nobody has won', () => {
    const now = at + HOUR;
    expect(sharesToPay(won, null, { now })).toEqual({ kind: 'standing', shares: won });
    expect(sharesToPay([], proven, { now })).toEqual({ kind: 'standing', shares: [] });
  });

  it('are the last proven ones in an outage, with an alert that says since when', () => {
    const carried = sharesToPay(null, proven, { now: at + 5 * HOUR });
    expect(carried).toMatchObject({ kind: 'carried', shares: won, ageMs: 5 * HOUR });
    expect(carried).toMatchObject({ message: expect.stringMatching(/2026-11-21T12:00:00.*72 h old/) });
  });

  it('count up to the age limit and not a millisecond longer', () => {
    expect(sharesToPay(null, proven, { now: at + CARRY_OVER_MS }).kind).toBe('carried');
    expect(sharesToPay(null, proven, { now: at + CARRY_OVER_MS + 1 })).toMatchObject({
      kind: 'none',
      code: 'too_old',
      message: expect.stringContaining('no weights are sent'),
    });
    expect(sharesToPay(null, proven, { now: at + 2 * HOUR, maxAgeMs: HOUR }).kind).toBe('none');
  });

  it('are none before any row was read back', () => {
    expect(sharesToPay(null, null, { now: at })).toMatchObject({ kind: 'none', code: 'never_proven' });
  });

  it('are not refused for a clock that was set back', () => {
    expect(sharesToPay(null, proven, { now: at - HOUR })).toMatchObject({ kind: 'carried', ageMs: 0 });
  });
});

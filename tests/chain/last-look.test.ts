import { describe, expect, it } from 'vitest';
import { lookOf } from '../../app/chain/last-look.ts';
import { aReport, aSubnet, CONTEXT, HEAD, VALIDATOR } from '../http/weights-samples.ts';

const ALERT = { code: 'no_permit', severity: 'page', message: 'no permit' } as const;

describe('the last look', () => {
  it('survives JSON as it is', () => {
    const look = lookOf(aReport(), CONTEXT, null);
    expect(JSON.parse(JSON.stringify(look))).toEqual(look);
  });

  it('names who is behind the uids, and when the epoch runs', () => {
    const look = lookOf(aReport({ row: { uids: [31, 0, 9], values: [65_535, 1, 0] } }), CONTEXT, null);
    expect(look.receivers).toMatchObject([
      { uid: 31, value: 65_535, hotkey: expect.stringMatching(/^5Grwva/), role: 'winner' },
      { uid: 0, value: 1, role: 'owner' },
      { uid: 9, value: 0, hotkey: null, role: 'padding' },
    ]);
    expect(look.nextEpochBlock).toBe(HEAD + 48);
    expect(look.own).toMatchObject({ uid: 7, permit: true, stakeRao: '1250500000000' });
  });

  it('names the endpoint and tells nothing of its query', () => {
    expect(lookOf(aReport(), CONTEXT, null).endpoint).toBe('wss://entrypoint-finney.opentensor.ai');
  });

  it('keeps when an alert began for as long as it goes on', () => {
    const first = lookOf(aReport({ alerts: [ALERT], at: 1_000 }), CONTEXT, null);
    const next = lookOf(
      aReport({ alerts: [{ ...ALERT, message: 'still none' }], at: 2_000 }),
      CONTEXT,
      first,
    );
    expect(next.alerts).toEqual([{ ...ALERT, message: 'still none', startedAt: 1_000 }]);
    const gone = lookOf(aReport({ at: 3_000 }), CONTEXT, next);
    expect(lookOf(aReport({ alerts: [ALERT], at: 4_000 }), CONTEXT, gone).alerts[0]?.startedAt).toBe(4_000);
  });

  it('says what it can when the subnet was never read or runs no epochs', () => {
    const dark = lookOf(aReport({ block: null, subnet: null, row: null, path: 'none' }), CONTEXT, null);
    expect(dark).toMatchObject({
      block: null,
      own: null,
      nextEpochBlock: null,
      receivers: [],
      account: VALIDATOR,
    });
    const { schedule } = aSubnet();
    const still = aReport({ subnet: aSubnet({ schedule: { ...schedule, tempo: 0 } }) });
    expect(lookOf(still, CONTEXT, null).nextEpochBlock).toBeNull();
  });

  it('keeps what was read before while nothing answers, and when that was', () => {
    const first = lookOf(aReport({ at: 1_000 }), CONTEXT, null);
    const dark = aReport({ at: 2_000, block: null, subnet: null, row: null, shares: null, path: 'none' });
    const next = lookOf(dark, CONTEXT, first);
    expect(next).toEqual({ ...first, lookedAt: 2_000 });
    expect(next.readAt).toBe(1_000);
  });
});

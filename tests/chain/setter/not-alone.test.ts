/** Two programs with a hotkey between them and nothing else: each must see the other, and neither send into its epochs. */
import { describe, expect, it } from 'vitest';
import { strangerAt } from '../../../app/chain/setter/not-alone.ts';
import type { SetterReport } from '../../../app/chain/setter/report.ts';
import type { WeightSet } from '../../../app/chain/setter/weight-set.ts';
import type { SubnetState } from '../../../app/chain/subnet.ts';
import { anOwnPlace, aSubnetState } from '../a-subnet.ts';
import { aSetter, aSubnet, codesOf, kindsOf } from './on-double.ts';
import { NETUID, TEMPO, VALIDATOR } from './the-subnet.ts';

const HOTKEY = VALIDATOR.hotkey;
const FIRST = 1_000;

describe('two setters that share a hotkey and no database', () => {
  it.each([false, true])('send once in an epoch all the same (timelocked: %s)', async (commitReveal) => {
    const double = await aSubnet({ commitReveal });
    const setters = [await aSetter(double), await aSetter(double)];
    const told: SetterReport[][] = [[], []];
    while (double.head().number < FIRST + 3 * TEMPO) {
      for (const [at, { look }] of setters.entries()) told[at]?.push(await look());
      await double.mine();
    }
    const counts = double.record.inclusionsByEpoch(HOTKEY, NETUID).map(([, count]) => count);
    expect(new Set(counts)).toEqual(new Set([1]));
    expect(counts.length).toBeGreaterThanOrEqual(3);
    expect(told.flat().flatMap(codesOf)).toContain('not_alone');
  });

  it('wait for the next epoch where one starts with an empty database', async () => {
    const double = await aSubnet();
    await (await aSetter(double)).live(FIRST + 14);
    const setter = await aSetter(double);
    const report = await setter.look();
    expect(kindsOf(report)).toEqual(['held_back']);
    expect(report.alerts).toMatchObject([{ code: 'not_alone', severity: 'warn' }]);
    expect(codesOf(await setter.live(FIRST + TEMPO + 14))).toEqual([]);
    expect(double.record.inclusionsByEpoch(HOTKEY, NETUID).map(([, count]) => count)).toEqual([1, 1]);
  });
});

describe('weights that were not sent from here', () => {
  const at = (more: Parameters<typeof anOwnPlace>[0], state: Partial<SubnetState> = {}) =>
    aSubnetState({ own: anOwnPlace(more), ...state });
  const aSet = (more: Partial<WeightSet>) =>
    ({ state: 'verified', extrinsic: null, includedBlock: null, verifiedBlock: null, ...more }) as WeightSet;
  const ours = aSet({ includedBlock: 970 });
  const bytes = (birthBlock: number) => ({
    bytes: '',
    hash: '',
    nonce: 0,
    birthBlock,
    deathBlock: birthBlock + 32,
  });

  it('are none where the last update is ours, a registration, or of an epoch before we began', () => {
    expect(strangerAt(at({}), [ours])).toBeNull();
    expect(strangerAt(at({ lastUpdate: 0 }), [])).toBeNull();
    expect(strangerAt(at({ uid: null }), [])).toBeNull();
    expect(strangerAt(at({ lastUpdate: 1200, registeredAt: 1200 }), [ours])).toBeNull();
    expect(strangerAt(at({ lastUpdate: 999 }), [])).toBeNull();
    expect(strangerAt(at({ lastUpdate: 1290 }), [aSet({ verifiedBlock: 1290 }), ours])).toBeNull();
  });

  it('are none for a reading that is older than what is stored', () => {
    expect(strangerAt(at({ lastUpdate: 960 }), [ours])).toBeNull();
  });

  it('may be bytes of ours of which nobody knows what became of them', () => {
    const unknown = (more: Partial<WeightSet>) => [aSet({ extrinsic: bytes(1280), ...more }), ours];
    const state = at({ lastUpdate: 1290 });
    expect(strangerAt(state, unknown({ state: 'signed' }))).toBeNull();
    expect(strangerAt(state, unknown({ state: 'failed', failureCode: 'unknown_outcome' }))).toBeNull();
    expect(strangerAt(state, unknown({ state: 'failed', failureCode: 'era_over' }))?.usesEpoch).toBe(true);
    expect(strangerAt(at({ lastUpdate: 1270 }), unknown({ state: 'signed' }))?.usesEpoch).toBe(true);
  });

  it('page until weights of ours are the last again, and take only the epoch that they came in', () => {
    const page = { code: 'not_alone', severity: 'page' };
    expect(strangerAt(at({ lastUpdate: 1290 }), [ours])).toMatchObject({ usesEpoch: true, alert: page });
    expect(strangerAt(at({ lastUpdate: 1000 }), [ours])).toMatchObject({ usesEpoch: true, alert: page });
    expect(strangerAt(at({ lastUpdate: 999 }), [ours])).toMatchObject({ usesEpoch: false, alert: page });
  });

  it('count to their epoch by the old schedule too', () => {
    const schedule = { form: 'modulo', head: 1300, tempo: 360, netuid: 24 } as const;
    // epochs run in blocks 1057 and 1418
    expect(strangerAt(at({ lastUpdate: 1057 }, { schedule }), [ours])?.usesEpoch).toBe(true);
    expect(strangerAt(at({ lastUpdate: 1056 }, { schedule }), [ours])?.usesEpoch).toBe(false);
    expect(strangerAt(at({ lastUpdate: 1057 }, { schedule: { ...schedule, tempo: 0 } }), [ours])).toBeNull();
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkRow, type LoosePolicy, MAX_VALUE, normalise, type Subnet } from '../../app/chain/normalise.ts';
import type { Hotkey } from '../../app/ids.ts';
import { DEFAULT_SHARES, type Share } from '../../app/scoring/shares.ts';

const hotkey = (name: string) => name as Hotkey;
/** Shares of the filled places, as a standing lists them. */
const sharesFor = (names: string, policy: readonly number[] = DEFAULT_SHARES): Share[] =>
  [...names].map((name, index) => ({ hotkey: hotkey(name), share: policy[index] as number }));
const aSubnet = (more: Partial<Subnet> = {}): Subnet => ({
  uidOf: new Map([
    ['a', 2],
    ['b', 3],
    ['c', 4],
    ['d', 5],
  ]),
  size: 9,
  ownUid: 1,
  ownerUid: 0,
  minAllowedWeights: 1,
  ...more,
});
const rowOf = (shares: Share[], more: Partial<Subnet> = {}, policy: LoosePolicy = 'owner') => {
  const result = normalise(shares, aSubnet(more), policy);
  if (result.kind !== 'row') throw new Error(result.message);
  return [result.row.uids, result.row.values];
};
const FULL = [65_535, 27_306, 10_922, 5_461];

describe('normalise', () => {
  it('pays four winners 60, 25, 10 and 5 %', () => {
    expect(rowOf(sharesFor('abcd'))).toEqual([[2, 3, 4, 5], FULL]);
  });

  it('gives the share of an empty place to the owner, or spreads it over the winners', () => {
    expect(rowOf(sharesFor('abc'))).toEqual([[2, 3, 4, 0], FULL]);
    expect(rowOf(sharesFor('abc'), {}, 'renormalise')).toEqual([
      [2, 3, 4],
      [65_535, 27_306, 10_922],
    ]);
  });

  it('gives the share of an unregistered hotkey to the owner, so that nobody gains by its loss', () => {
    expect(rowOf(sharesFor('axcd'))).toEqual([[2, 0, 4, 5], FULL]);
    expect(normalise(sharesFor('axcd'), aSubnet()).loose).toEqual([
      { hotkey: 'x', share: 0.25, why: 'not_registered' },
    ]);
  });

  it('gives our own share to the owner, because the chain masks it, unless we are the owner', () => {
    expect(rowOf(sharesFor('abcd'), { ownUid: 2 })).toEqual([[0, 3, 4, 5], FULL]);
    expect(rowOf(sharesFor('abcd'), { ownUid: 2, ownerUid: 2 })).toEqual([[2, 3, 4, 5], FULL]);
    expect(normalise(sharesFor('abcd'), aSubnet({ ownUid: 2 })).loose).toEqual([
      { hotkey: 'a', share: 0.6, why: 'own_uid' },
    ]);
  });

  it('gives the owner everything when nobody has won, under both policies', () => {
    expect(rowOf([])).toEqual([[0], [65_535]]);
    expect(rowOf([], {}, 'renormalise')).toEqual([[0], [65_535]]);
    expect(normalise([], aSubnet()).loose).toEqual([{ hotkey: null, share: 1, why: 'no_winner' }]);
  });

  it('skips with the reason when there is neither a winner nor an owner', () => {
    expect(normalise([], aSubnet({ ownerUid: null }))).toMatchObject({ kind: 'skip', code: 'no_receiver' });
    expect(normalise(sharesFor('xyz'), aSubnet({ ownerUid: null }), 'renormalise')).toMatchObject({
      kind: 'skip',
      code: 'no_receiver',
      message: expect.stringContaining('subnet owner'),
    });
  });

  it('spreads loose shares when the owner has no uid', () => {
    expect(rowOf(sharesFor('abc'), { ownerUid: null })).toEqual([
      [2, 3, 4],
      [65_535, 27_306, 10_922],
    ]);
  });

  it('pads with zeros to MinAllowedWeights, but never beyond the subnet', () => {
    const padded = [
      [2, 3, 4, 5, 0, 1, 6],
      [...FULL, 0, 0, 0],
    ];
    expect(rowOf(sharesFor('abcd'), { minAllowedWeights: 7 })).toEqual(padded);
    expect(rowOf(sharesFor('abcd'), { minAllowedWeights: 1024 })).toEqual([
      [2, 3, 4, 5, 0, 1, 6, 7, 8],
      [...FULL, 0, 0, 0, 0, 0],
    ]);
  });

  it('leaves a row of its own uid alone, which the chain exempts from the minimum', () => {
    expect(rowOf([], { ownUid: 0, minAllowedWeights: 7 })).toEqual([[0], [65_535]]);
    expect(rowOf([], { ownUid: null, minAllowedWeights: 2 })).toEqual([
      [0, 1],
      [65_535, 0],
    ]);
  });

  it('adds up what one hotkey holds, the owner included', () => {
    expect(rowOf(sharesFor('abad'))).toEqual([
      [2, 3, 5],
      [65_535, 23_405, 4_681],
    ]);
    const owner = { uidOf: new Map([['a', 0]]) };
    expect(rowOf(sharesFor('ax'), owner)).toEqual([[0], [65_535]]);
  });

  it('orders equal shares by uid and rounds a half to the even neighbour', () => {
    expect(rowOf(sharesFor('ba', [0.5, 0.5]))).toEqual([
      [2, 3],
      [65_535, 65_535],
    ]);
    // 65535 * 0.3 / 0.6 = 32767.5, and 65535 * 0.1 / 0.6 = 10922.5
    expect(rowOf(sharesFor('abc', [0.6, 0.3, 0.1]))).toEqual([
      [2, 3, 4],
      [65_535, 32_768, 10_922],
    ]);
  });

  it('takes thirds as the whole', () => {
    const thirds = sharesFor('abc', [1 / 3, 1 / 3, 1 / 3]);
    expect(normalise(thirds, aSubnet())).toMatchObject({
      loose: [],
      row: { uids: [2, 3, 4], values: [65_535, 65_535, 65_535] },
    });
  });

  it('drops what rounds to zero', () => {
    expect(rowOf(sharesFor('ab', [0.999999, 0.000001]))).toEqual([[2], [65_535]]);
  });

  it('skips shares that u16 cannot express', () => {
    const names = Array.from({ length: 30 }, (_, index) => `n${index}`);
    const subnet = aSubnet({ size: 40, uidOf: new Map(names.map((name, index) => [name, index + 5])) });
    const shares = names.map((name, index) => ({
      hotkey: hotkey(name),
      share: index === 0 ? 0.9997825 : 0.0000075,
    }));
    expect(normalise(shares, subnet)).toMatchObject({ kind: 'skip', code: 'inexact' });
  });

  it.each([
    ['a share above 1', sharesFor('a', [1.1]), {}],
    ['no share', sharesFor('a', [0]), {}],
    ['not a number', sharesFor('a', [Number.NaN]), {}],
    ['more than the whole', sharesFor('ab', [0.6, 0.5]), {}],
    ['a uid outside of the subnet', sharesFor('a'), { size: 2 }],
    ['an owner outside of the subnet', sharesFor('a'), { ownerUid: 9 }],
    ['a minimum that is no count', sharesFor('a'), { minAllowedWeights: Number.NaN }],
  ])('refuses %s', (_, shares, more) => {
    expect(() => normalise(shares, aSubnet(more))).toThrow(RangeError);
  });

  it('makes a row that the chain takes and stores unchanged, and pays what was won, whatever comes', () => {
    const situations = fc
      .record({
        size: fc.integer({ min: 1, max: 40 }),
        parts: fc.array(fc.integer({ min: 1, max: 10_000 }), { maxLength: 6 }),
        spare: fc.integer({ min: 0, max: 10_000 }),
        uids: fc.array(fc.option(fc.nat(1_000)), { minLength: 6, maxLength: 6 }),
        own: fc.option(fc.nat(1_000)),
        owner: fc.option(fc.nat(1_000)),
        minAllowedWeights: fc.nat(60),
        policy: fc.constantFrom<LoosePolicy>('owner', 'renormalise'),
      })
      .map(({ parts, spare, uids, size, own, owner, minAllowedWeights, policy }) => {
        const whole = parts.reduce((sum, part) => sum + part, spare) || 1;
        const names = parts.map((_, index) => `hotkey ${index}`);
        const shares = parts.map((part, index) => ({
          hotkey: hotkey(names[index] as string),
          share: part / whole,
        }));
        const uidOf = new Map<string, number>();
        const taken = new Set<number>();
        for (const [index, name] of names.entries()) {
          const uid = (uids[index] ?? null) === null ? null : (uids[index] as number) % size;
          if (uid === null || taken.has(uid)) continue;
          taken.add(uid);
          uidOf.set(name, uid);
        }
        const within = (uid: number | null) => (uid === null ? null : uid % size);
        const subnet = { uidOf, size, ownUid: within(own), ownerUid: within(owner), minAllowedWeights };
        return { shares, subnet, policy };
      });
    fc.assert(
      fc.property(situations, ({ shares, subnet, policy }) => {
        const result = normalise(shares, subnet, policy);
        const { uidOf, size, ownUid, ownerUid, minAllowedWeights } = subnet;
        const payable = shares.filter(({ hotkey: key }) => {
          const uid = uidOf.get(key);
          return uid !== undefined && (uid !== ownUid || uid === ownerUid);
        });
        if (result.kind === 'skip') {
          expect(result.code).toBe('no_receiver');
          expect([payable.length, ownerUid]).toEqual([0, null]);
          return;
        }
        const { uids, values } = result.row;
        expect(() => checkRow(result.row, size)).not.toThrow();
        const isOwnAlone = uids.length === 1 && uids[0] === ownUid;
        expect(isOwnAlone || uids.length >= Math.min(minAllowedWeights, size)).toBe(true);
        if (ownUid !== ownerUid) expect(values[uids.indexOf(ownUid ?? -1)] ?? 0).toBe(0);
        const sum = values.reduce((total, value) => total + value, 0);
        const paid = (uid: number) => (values[uids.indexOf(uid)] ?? 0) / sum;
        const won = payable.reduce((total, { share }) => total + share, 0);
        const isSpread = ownerUid === null || (policy === 'renormalise' && payable.length > 0);
        for (const { hotkey: key, share } of payable) {
          const uid = uidOf.get(key) as number;
          const wanted = isSpread ? share / won : share;
          if (uid === ownerUid) expect(paid(uid)).toBeGreaterThanOrEqual(wanted - 1e-4);
          else expect(Math.abs(paid(uid) - wanted)).toBeLessThanOrEqual(1.01e-4);
        }
        if (!isSpread && ownerUid !== null && ![...uidOf.values()].includes(ownerUid))
          expect(Math.abs(paid(ownerUid) - (1 - won))).toBeLessThanOrEqual(1.01e-4);
      }),
      { numRuns: 500 },
    );
  });
});

describe('checkRow', () => {
  it.each([
    ['lengths that differ', { uids: [1, 2], values: [MAX_VALUE] }, '2 uids and 1 values'],
    ['a uid twice', { uids: [1, 1], values: [MAX_VALUE, 1] }, 'twice'],
    ['a uid that does not exist', { uids: [9], values: [MAX_VALUE] }, 'not below 9'],
    ['a value above u16', { uids: [1, 2], values: [MAX_VALUE, 65_536] }, 'not a u16'],
    ['a broken value', { uids: [1, 2], values: [MAX_VALUE, 0.5] }, 'not a u16'],
    ['a row that the chain would scale', { uids: [1], values: [40_000] }, 'no value is 65535'],
    ['an empty row', { uids: [], values: [] }, 'no value is 65535'],
  ])('refuses %s', (_, row, message) => {
    expect(() => checkRow(row, 9)).toThrow(message);
  });
});

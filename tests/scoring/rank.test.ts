import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../app/evaluations/decide.ts';
import { type Entry, isCopy, rank } from '../../app/scoring/rank.ts';
import { sharesOf } from '../../app/scoring/shares.ts';
import { anEntry, hotkey, inReceiptOrder, owner, shown } from './entry.ts';

const options = { baseline: 1_000_000, margin: 0.01 };
const ranked = (...rows: (readonly [string, number | null])[]) =>
  shown(rank(inReceiptOrder(...rows), options));

describe('rank › the vectors of the subnet (baseline 1,000,000, margin 1 %)', () => {
  it('leaves out what is below the baseline, and does not pay empty places', () => {
    const places = rank(inReceiptOrder(['A', 1_500_000], ['B', 1_050_000], ['C', 750_000]), options);
    expect(shown(places)).toBe('A B');
    expect(sharesOf(places)).toEqual([
      { hotkey: hotkey('A'), share: 0.6 },
      { hotkey: hotkey('B'), share: 0.25 },
    ]);
  });

  it('wants strictly more than baseline x (1 + margin)', () => {
    expect(ranked(['A', 1_010_000], ['B', 1_010_001])).toBe('B');
  });

  it('gives equal scores to the earlier receipt', () => {
    expect(ranked(['A', 1_200_000], ['B', 1_200_000])).toBe('A B');
  });

  it('gives a hotkey one place, with its best entry', () => {
    const places = rank(inReceiptOrder(['A', 1_200_000], ['A', 1_300_000], ['B', 1_250_000]), options);
    expect(places.map(({ entry }) => [entry.hotkey, entry.score])).toEqual([
      [hotkey('A'), 1_300_000],
      [hotkey('B'), 1_250_000],
    ]);
  });

  it('takes scores within 1 % for a tie, which goes to the earlier receipt', () => {
    const places = rank(inReceiptOrder(['A', 1_200_000], ['B', 1_205_000]), options);
    expect(shown(places)).toBe('A B');
    expect(places.map(({ wonTie }) => wonTie)).toEqual([true, false]);
  });

  it('takes scores further apart as they are', () => {
    expect(ranked(['A', 1_200_000], ['B', 1_230_000])).toBe('B A');
  });

  it('measures ties from the best entry left, not from neighbour to neighbour', () => {
    const entries = inReceiptOrder(['A', 1_000_100], ['B', 1_006_000], ['C', 1_012_000]);
    expect(shown(rank(entries, { baseline: 900_000, margin: 0.01 }))).toBe('B C A');
  });

  it('scores 0, and does not rank, a measured figure under 0.9 of its claim', () => {
    const scored = (tokensPerSec: number) => {
      const decision = decide(
        {
          taskVersion: 1,
          targetLength: 1_000_000,
          claimedTokensPerSec: 100,
          verdicts: [
            {
              evaluation: 1,
              purpose: 'rank',
              seat: 1,
              attempt: 1,
              runnerOwner: 'op',
              operatorRunner: true,
              taskVersion: 1,
              status: 'accepted',
              reason: 'accepted',
              detail: '',
              tokensPerSec,
              tokensPerSecLow: tokensPerSec,
            },
          ],
        },
        { operatorRunnersSuffice: true },
      );
      return decision.kind === 'decided' ? decision.score : null;
    };
    expect([scored(90), scored(89.99)]).toEqual([270, 0]);
    expect(shown(rank(inReceiptOrder(['A', scored(90)], ['B', scored(89.99)])))).toBe('A');
  });

  it('does not rank a copy', () => {
    const A = anEntry({ name: 'A', id: 1 });
    const B = anEntry({ name: 'B', id: 2, score: 1_000_000, firstBy: A });
    expect(shown(rank([A, B]))).toBe('A');
  });

  it('does not rank an entry whose logits are pending', () => {
    expect(ranked(['A', null])).toBe('');
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1])(
    'does not rank the figure %d',
    (score) => {
      expect(ranked(['A', score], ['B', 1_500_000])).toBe('B');
      expect(shown(rank(inReceiptOrder(['A', score])))).toBe('');
    },
  );

  it('has no winner without entries', () => {
    expect(rank([], options)).toEqual([]);
    expect(sharesOf(rank([], options))).toEqual([]);
  });

  it('gives a hotkey with two equal entries its earlier one', () => {
    const entries = inReceiptOrder(['A', 1_200_000], ['A', 1_200_000]);
    expect(rank([...entries].reverse(), options).map(({ entry }) => entry.id)).toEqual([1]);
  });
});

describe('rank', () => {
  it('ranks everybody when there is no baseline', () => {
    expect(shown(rank(inReceiptOrder(['A', 3], ['B', 2], ['C', 1])))).toBe('A B C');
  });

  it('leaves place 1 empty when nobody beats the baseline but somebody the floor', () => {
    const places = rank(inReceiptOrder(['A', 1_005_000], ['B', 800_000]), { ...options, floor: 900_000 });
    expect(shown(places)).toBe('- A');
    expect(sharesOf(places)).toEqual([{ hotkey: hotkey('A'), share: 0.25 }]);
  });

  it('does not take a score that equals baseline x (1 + margin) for a winner', () => {
    const places = rank(inReceiptOrder(['A', 1_010_000]), { ...options, floor: 900_000 });
    expect(shown(places)).toBe('- A');
  });

  it('lets only those who beat the baseline tie for place 1', () => {
    const places = rank(inReceiptOrder(['A', 1_009_000], ['B', 1_015_000]), { ...options, floor: 900_000 });
    expect(shown(places)).toBe('B A');
  });

  it('gives one place to an owner with two hotkeys, and to a coldkey with two owners', () => {
    const entries = [
      anEntry({ name: 'A', id: 1, ownerId: owner(7), coldkey: 'x', score: 5 }),
      anEntry({ name: 'B', id: 2, ownerId: owner(7), coldkey: 'y', score: 4 }),
      anEntry({ name: 'C', id: 3, ownerId: owner(8), coldkey: 'x', score: 3 }),
      anEntry({ name: 'D', id: 4, ownerId: owner(9), coldkey: null, score: 2 }),
    ];
    expect(shown(rank(entries))).toBe('A D');
  });

  it('breaks a tie of score and receipt by the lower id', () => {
    const entries = [anEntry({ name: 'A', id: 2 }), anEntry({ name: 'B', id: 1 })];
    expect(shown(rank(entries))).toBe('B A');
  });

  it.each([-0.1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the tie margin %d', (tieMargin) => {
    expect(() => rank([], { tieMargin })).toThrow(RangeError);
    expect(() => rank([], { margin: tieMargin })).toThrow(RangeError);
  });

  it('refuses a baseline that is not a number', () => {
    expect(() => rank([], { baseline: Number.NaN })).toThrow(RangeError);
  });
});

describe('copy', () => {
  const mine = { hotkey: hotkey('A'), ownerId: owner(1) };
  it.each([
    ['nobody (the pinned upstream)', null, false],
    ['the same hotkey and owner', mine, false],
    ['the same owner before he was linked', { hotkey: null, ownerId: owner(1) }, false],
    ['another owner', { hotkey: hotkey('A'), ownerId: owner(2) }, true],
    ['another hotkey of the same owner', { hotkey: hotkey('B'), ownerId: owner(1) }, true],
    ['another owner who was never linked', { hotkey: null, ownerId: owner(2) }, true],
  ])('is decided for code first received from %s', (_who, digestOwner, expected) => {
    expect(isCopy({ ...mine, digestOwner })).toBe(expected);
  });
});

describe('rank › properties', () => {
  const entries = fc
    .uniqueArray(
      fc.record({
        id: fc.integer({ min: 1, max: 1000 }),
        name: fc.constantFrom('A', 'B', 'C', 'D', 'E'),
        ownerId: fc.integer({ min: 1, max: 5 }).map(owner),
        coldkey: fc.constantFrom(null, 'x', 'y', 'z'),
        score: fc.oneof(
          fc.double({ min: 0.97, max: 1.03, noNaN: true }),
          fc.constantFrom(null, 0, -1, Number.NaN, Number.POSITIVE_INFINITY, 1, 2),
        ),
        receivedAt: fc.integer({ min: 0, max: 20 }),
        copied: fc.boolean(),
      }),
      { selector: ({ id }) => id, maxLength: 25 },
    )
    .map((rows) =>
      rows.map(({ copied, ...row }) =>
        anEntry({ ...row, firstBy: copied ? { hotkey: hotkey('Z'), ownerId: owner(99) } : null }),
      ),
    );
  const tieMargin = fc.constantFrom(0, 0.001, 0.01, 0.05);
  const baseline = fc.constantFrom(null, 0.98, 1);

  it('does not depend on the order of the entries', () => {
    fc.assert(
      fc.property(
        entries.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        tieMargin,
        baseline,
        ([all, shuffled], tie, base) => {
          const given = { tieMargin: tie, baseline: base };
          expect(rank(shuffled, given)).toEqual(rank(all, given));
        },
      ),
    );
  });

  it('gives no hotkey, owner or coldkey two places, no place twice, and none to a copy or a bad figure', () => {
    fc.assert(
      fc.property(entries, tieMargin, baseline, (all, tie, base) => {
        const places = rank(all, { tieMargin: tie, baseline: base });
        const each = (pick: (entry: Entry) => unknown) =>
          places.map(({ entry }) => pick(entry)).filter((value) => value != null);
        for (const values of [
          each((entry) => entry.hotkey),
          each((entry) => entry.ownerId),
          each((entry) => entry.coldkey),
          places.map(({ place }) => place),
        ])
          expect(new Set(values).size).toBe(values.length);
        for (const { entry } of places) {
          expect(isCopy(entry)).toBe(false);
          expect(Number.isFinite(entry.score) && (entry.score as number) > (base ?? 0)).toBe(true);
        }
      }),
    );
  });

  it('places everybody who may rank and has no better entry in his way', () => {
    fc.assert(
      fc.property(entries, (all) => {
        const places = rank(all);
        for (const entry of all.filter(
          ({ score, digestOwner }) => score && score > 0 && Number.isFinite(score) && !digestOwner,
        ))
          expect(
            places.some(
              ({ entry: other }) =>
                (other.score as number) >= (entry.score as number) &&
                (other === entry ||
                  other.hotkey === entry.hotkey ||
                  other.ownerId === entry.ownerId ||
                  (other.coldkey !== null && other.coldkey === entry.coldkey)),
            ),
          ).toBe(true);
      }),
    );
  });

  it('never puts an entry behind one that is worse by more than the margin', () => {
    fc.assert(
      fc.property(entries, tieMargin, (all, tie) => {
        const scores = rank(all, { tieMargin: tie }).map(({ entry }) => entry.score as number);
        scores.forEach((score, index) => {
          for (const later of scores.slice(index + 1))
            expect(score * (1 + tie)).toBeGreaterThanOrEqual(later * (1 - 1e-12));
        });
      }),
    );
  });

  it('never moves a miner down when his one entry gets faster', () => {
    const oneEach = entries.map((all) =>
      all.filter(
        (entry, index) =>
          !all
            .slice(0, index)
            .some(
              (other) =>
                other.hotkey === entry.hotkey ||
                other.ownerId === entry.ownerId ||
                other.coldkey === entry.coldkey,
            ),
      ),
    );
    fc.assert(
      fc.property(
        oneEach,
        fc.nat(),
        fc.double({ min: 1, max: 1.1, noNaN: true }),
        tieMargin,
        (all, pick, by, tie) => {
          const chosen = all[pick % Math.max(1, all.length)];
          const before = rank(all, { tieMargin: tie }).find(({ entry }) => entry === chosen);
          if (chosen === undefined || before === undefined) return;
          const faster = all.map((entry) =>
            entry === chosen ? { ...entry, score: (entry.score as number) * by } : entry,
          );
          const after = rank(faster, { tieMargin: tie }).find(({ entry }) => entry.id === chosen.id);
          expect(after?.place).toBeLessThanOrEqual(before.place);
        },
      ),
    );
  });

  it('never gives a copy of the leader his place, whatever its draw within the margin', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.99, max: 1.0099, noNaN: true }), (draw) => {
        expect(shown(rank(inReceiptOrder(['A', 1_000_000], ['B', 1_000_000 * draw])))).toBe('A B');
      }),
    );
  });
});

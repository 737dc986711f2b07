import { describe, expect, it } from 'vitest';
import { recount } from '../../../app/chain/standing/recompute.ts';
import { aRanked, aStanding, HOTKEYS, ISSUED_AT, iso, type Loose } from './a-standing.ts';

type Submission = Loose['submissions'][number];
/** The five, with one of them changed. */
const five = (place: number, more: Partial<Submission>) =>
  [1, 2, 3, 4, 5].map((at) => (at === place ? { ...aRanked(at), ...more } : aRanked(at)));
const told = (submissions: Submission[]) => recount(aStanding({ submissions }));

describe('a published standing', () => {
  it('gives its own shares again', () => {
    expect(recount(aStanding())).toEqual({
      kind: 'same',
      shares: [0.6, 0.25, 0.1, 0.05].map((share, at) => ({ hotkey: HOTKEYS[at], share })),
    });
  });

  it('may have nobody in it', () => {
    expect(recount(aStanding({ submissions: [] }))).toEqual({ kind: 'same', shares: [] });
  });

  it('gives a tie to the earlier receipt, in whatever order it is listed', () => {
    const late = aRanked(2, { tokensPerSecLow: 100_500, receivedAt: iso(ISSUED_AT - 1) });
    const early = aRanked(1, { tokensPerSecLow: 100_000, receivedAt: iso(ISSUED_AT - 2) });
    expect(told([late, early])).toMatchObject({ kind: 'same' });
    const swapped = [
      { ...late, place: 1, share: 0.6 },
      { ...early, place: 2, share: 0.25 },
    ];
    expect(told(swapped)).toMatchObject({ kind: 'differs', submission: 42 });
  });

  it('may hold the upstream’s own code more than once', () => {
    const own = { codeDigest: 'a'.repeat(64), digestOwner: null };
    expect(told([aRanked(1, own), aRanked(2, own)])).toMatchObject({ kind: 'same' });
  });
});

describe('a difference names the submission', () => {
  it.each<[string, Submission[], number, string]>([
    [
      'a score',
      five(3, { score: 999_999 }),
      43,
      'its score is published as 999999, and its figures give 100000',
    ],
    ['a multiplier', five(2, { multiplier: 4 }), 42, 'that of league 1M is 3'],
    ['a claim', five(2, { claimedTokensPerSec: 1e9 }), 42, 'its figures give 0'],
    [
      'a decision',
      five(4, { decision: { ...aRanked(4).decision, status: 'rejected' } }),
      44,
      'its decision is rejected',
    ],
    ['a copy', five(4, { codeDigest: aRanked(1).codeDigest }), 44, 'the code of submission 41'],
    [
      'a copy by its owner',
      five(2, { digestOwner: { hotkey: HOTKEYS[4], ownerId: 505 } }),
      42,
      'it has none',
    ],
    ['one owner twice', five(2, { ownerId: 501, digestOwner: null }), 42, 'it has none'],
    ['one hotkey twice', five(2, { hotkey: HOTKEYS[0], digestOwner: null }), 42, 'it has none'],
    ['a place', five(5, { place: 6 }), 45, 'its place is published as 6, and by the rules it is 5'],
    ['a share', five(2, { share: 0.26 }), 42, 'its share is published as 0.26, and its place pays 0.25'],
    ['an id', five(2, { id: 41 }), 41, 'twice'],
    ['figures beyond numbers', five(1, { tokensPerSecLow: 1.7e308, tokensPerSec: 1.7e308 }), 41, 'give null'],
  ])('%s', (_, submissions, submission, words) => {
    const found = told(submissions);
    expect(found).toMatchObject({ kind: 'differs', submission });
    expect(found).toHaveProperty('message', expect.stringContaining(words));
    expect(found).toHaveProperty('message', expect.stringContaining(`submission ${submission} differs`));
  });

  it('a vector that pays less than the places', () => {
    const shares = [{ hotkey: HOTKEYS[0], share: 0.6 }];
    expect(recount(aStanding({ shares }))).toMatchObject({ kind: 'differs', submission: 42 });
  });

  it.each([
    ['nobody’s hotkey', '5EYCAe5ijiYfyeZ2JJCGq56LmPyNRAKzpG4QkoQkkQNB5e6Z'],
    ['one below the paid places', HOTKEYS[4]],
  ])('or the hotkey, when %s is paid', (_, hotkey) => {
    const { shares } = aStanding();
    const found = recount(aStanding({ shares: [...shares, { hotkey, share: 0.01 }] }));
    expect(found).toMatchObject({ kind: 'differs' });
    expect(found).toHaveProperty('message', expect.stringMatching(/is given 0.01|published as 0.01/));
  });

  it('a hotkey that is listed twice', () => {
    const { shares } = aStanding();
    const found = recount(aStanding({ shares: [...shares, { hotkey: HOTKEYS[0], share: 0.6 }] }));
    expect(found).toMatchObject({ kind: 'differs', submission: null });
  });

  it('rules that are none', () => {
    const rules = { shares: [0.1, 0.6], tieMargin: 0.01, baseline: null };
    expect(recount(aStanding({ rules }))).toMatchObject({ kind: 'differs', submission: null });
  });

  it('a winner who does not beat the baseline', () => {
    const rules = { shares: [0.6, 0.25, 0.1, 0.05], tieMargin: 0.01, baseline: 1e9 };
    expect(recount(aStanding({ rules }))).toMatchObject({ kind: 'differs', submission: 41 });
  });
});

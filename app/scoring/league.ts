/** Leagues: longer sequences are harder, so the target length that a miner chooses scales the score. */

export interface League {
  readonly name: string;
  /** Smallest target length of this league, in tokens. */
  readonly minLength: number;
  readonly multiplier: number;
}

/** By ascending length. Source: the miner guide's league table; a length belongs to the last league it reaches. */
export const LEAGUES: readonly League[] = [
  { name: '100k', minLength: 0, multiplier: 0.5 },
  { name: '200k', minLength: 200_000, multiplier: 0.75 },
  { name: '300k', minLength: 300_000, multiplier: 1 },
  { name: '400k', minLength: 400_000, multiplier: 1.25 },
  { name: '500k', minLength: 500_000, multiplier: 1.5 },
  { name: '600k', minLength: 600_000, multiplier: 1.75 },
  { name: '700k', minLength: 700_000, multiplier: 2 },
  { name: '800k', minLength: 800_000, multiplier: 2.25 },
  { name: '900k', minLength: 900_000, multiplier: 2.5 },
  { name: '1M', minLength: 1_000_000, multiplier: 3 },
];

/** The target lengths of a league: from its floor to below the next one's. */
export function lengthsOf(league: League): { readonly from: number; readonly below: number } {
  const next = LEAGUES.find(({ minLength }) => minLength > league.minLength);
  return { from: league.minLength, below: next?.minLength ?? Number.MAX_SAFE_INTEGER };
}

/**
 * The league of a target length in tokens (floor rule: 999,999 is 900k). Throws RangeError for anything but a
 * positive whole number; the task's own bounds are the intake's business.
 */
export function leagueOf(targetLength: number): League {
  if (!Number.isSafeInteger(targetLength) || targetLength <= 0)
    throw new RangeError(`a target length is a positive whole number of tokens, not ${targetLength}`);
  const league = LEAGUES.findLast(({ minLength }) => targetLength >= minLength);
  if (league === undefined) throw new RangeError('the league table has no floor of 0');
  return league;
}

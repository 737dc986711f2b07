/** One submission's score, and the rule about its claim. */
import { leagueOf } from './league.ts';

declare const score: unique symbol;
/** Weighted tokens/s: finite and greater than 0. Only `scoreOf` makes one. */
export type Score = number & { readonly [score]: true };

/** A measured figure may fall short of its claim by a tenth. Source: the miner guide, claim tolerance. */
const CLAIM_TENTHS = 9;

/**
 * Low end of the confidence interval of the measured tokens/s x the multiplier of the league. Never the claim.
 * Throws RangeError when the figure, or the product, is not finite and positive: such a figure does not rank.
 */
export function scoreOf(figure: { readonly tokensPerSecLow: number; readonly targetLength: number }): Score {
  const value = figure.tokensPerSecLow * leagueOf(figure.targetLength).multiplier;
  if (!isPositive(figure.tokensPerSecLow) || !isPositive(value))
    throw new RangeError(`a score needs a finite positive figure, not ${figure.tokensPerSecLow}`);
  return value as Score;
}

/**
 * Whether a claim was more than the measurement allows: measured < 0.9 x claimed, at the target length. One-sided:
 * claiming too little, or nothing, costs nothing. Source: the claim rule.
 */
export function isOverClaim(measuredTokensPerSec: number, claimedTokensPerSec: number | null): boolean {
  // In tenths, because 0.9 has no exact binary form: 63 against a claim of 70 must pass.
  return claimedTokensPerSec !== null && measuredTokensPerSec * 10 < claimedTokensPerSec * CLAIM_TENTHS;
}

/** Finite and greater than 0, as every figure that ranks must be. */
export function isPositive(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

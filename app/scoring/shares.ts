/** What each place is paid. */
import type { Hotkey } from '../ids.ts';
import type { Place } from './rank.ts';

/** Fractions of the reward for places 1, 2, ... Source: the miner guide, reward shares. */
export const DEFAULT_SHARES: readonly number[] = [0.6, 0.25, 0.1, 0.05];

export interface Share {
  readonly hotkey: Hotkey;
  /** Fraction of the whole reward, in (0, 1]. */
  readonly share: number;
}

/**
 * The shares of the filled places, best first; they may sum to less than 1, and what is left is the subnet owner's.
 * A place is paid by its own number, so nobody moves up when place 1 is empty. Throws RangeError for a bad policy.
 */
export function sharesOf(places: readonly Place[], policy: readonly number[] = DEFAULT_SHARES): Share[] {
  checkPolicy(policy);
  return [...places]
    .sort((a, b) => a.place - b.place)
    .map(({ place, entry }) => ({ hotkey: entry.hotkey, share: policy[place - 1] ?? 0 }))
    .filter(({ share }) => share > 0);
}

/** Throws RangeError unless every share is in [0, 1], none is more than the one before it, and the sum is at most 1. */
export function checkPolicy(policy: readonly number[]): void {
  const shown = `[${policy.join(', ')}]`;
  if (!policy.every((share) => share >= 0 && share <= 1))
    throw new RangeError(`shares are fractions between 0 and 1: ${shown}`);
  if (policy.some((share, index) => share > (policy[index - 1] ?? 1)))
    throw new RangeError(`a lower place cannot be paid more than a higher one: ${shown}`);
  // Decimal fractions may sum to 1 plus a rounding error.
  if (policy.reduce((sum, share) => sum + share, 0) > 1 + 1e-9)
    throw new RangeError(`shares sum to more than 1: ${shown}`);
}

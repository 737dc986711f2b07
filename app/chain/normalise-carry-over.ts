/** Which shares are paid while the scoring cannot say: the last ones that were proven on chain, for a while. Pure. */
import type { Share } from '../scoring/shares.ts';

/** Long enough for an outage over a weekend. */
export const CARRY_OVER_MS = 72 * 3_600_000;

/** Shares whose row was read back from the chain. */
export interface ProvenShares {
  readonly shares: readonly Share[];
  /** Unix milliseconds at which they were the standing. Sending them again does not make them younger. */
  readonly standingAt: number;
}

export type SharesToPay =
  | { readonly kind: 'standing'; readonly shares: readonly Share[] }
  | {
      readonly kind: 'carried';
      readonly shares: readonly Share[];
      readonly ageMs: number;
      readonly message: string;
    }
  | { readonly kind: 'none'; readonly code: 'never_proven' | 'too_old'; readonly message: string };

/**
 * The standing's own shares when it is known, an empty one included: then nobody has won. Null means that the scoring
 * is out: the proven shares count on, up to `maxAgeMs` after they were the standing; hotkeys, so that `normalise` finds
 * their uids of today. Burning instead would cost the subnet emission for a fault of ours. Every message is an alert.
 */
export function sharesToPay(
  standing: readonly Share[] | null,
  proven: ProvenShares | null,
  { now, maxAgeMs = CARRY_OVER_MS }: { readonly now: number; readonly maxAgeMs?: number },
): SharesToPay {
  if (standing !== null) return { kind: 'standing', shares: standing };
  if (proven === null)
    return {
      kind: 'none',
      code: 'never_proven',
      message: 'the standing cannot be read and no row of ours was ever read back: no weights are sent',
    };
  const ageMs = Math.max(0, now - proven.standingAt);
  const since = new Date(proven.standingAt).toISOString();
  if (ageMs > maxAgeMs)
    return {
      kind: 'none',
      code: 'too_old',
      message: `the standing cannot be read and the last one that was paid, of ${since}, is older than ${hours(maxAgeMs)}: no weights are sent`,
    };
  return {
    kind: 'carried',
    shares: proven.shares,
    ageMs,
    message: `the standing cannot be read: the shares of ${since} are paid again, until they are ${hours(maxAgeMs)} old`,
  };
}

function hours(ms: number): string {
  return `${Math.round(ms / 3_600_000)} h`;
}

/** From shares to the row of u16 values that goes on chain. Pure; what is known of the subnet is of one block. */
import type { Share } from '../scoring/shares.ts';

/** The largest value of a row. The chain stores a row as sent only if its largest value is this. */
export const MAX_VALUE = 65_535;

/** What becomes of the shares of places that nobody can be paid for. */
export type LoosePolicy = 'owner' | 'renormalise';

export interface Subnet {
  /** The uid of every registered hotkey that may hold a share. */
  readonly uidOf: ReadonlyMap<string, number>;
  /** `SubnetworkN`: uids are below it. */
  readonly size: number;
  /** The uid that sends the row, whose weight on itself the chain masks; null when it is not known yet. */
  readonly ownUid: number | null;
  /** The uid of `SubnetOwnerHotkey`, which burns what it is given; null when that hotkey is not registered. */
  readonly ownerUid: number | null;
  readonly minAllowedWeights: number;
}

/** A row as both kinds of call take it: `values[i]` is for `uids[i]`. */
export interface WeightRow {
  readonly uids: readonly number[];
  readonly values: readonly number[];
}

/** A part of the reward that reaches no winner. */
export interface LooseShare {
  /** Null for places that nobody holds. */
  readonly hotkey: string | null;
  readonly share: number;
  readonly why: 'no_winner' | 'not_registered' | 'own_uid';
}

export type Normalised =
  | { readonly kind: 'row'; readonly row: WeightRow; readonly loose: readonly LooseShare[] }
  | {
      readonly kind: 'skip';
      /** `no_receiver`: neither a winner nor the owner has a uid. `inexact`: u16 cannot express these shares. */
      readonly code: 'no_receiver' | 'inexact';
      readonly message: string;
      readonly loose: readonly LooseShare[];
    };

/** Shares are counted in billionths: fractions that people write are whole in it, and 65,535 of them are still exact. */
const WHOLE = 1_000_000_000;
/** A paid share may differ from the one that was won by at most this fraction of the whole. */
const TOLERANCE = 1e-4;

/**
 * The row that pays `shares`; largest value first, equal ones by uid, zeros of the padding last.
 *
 * A share is loose when its hotkey is not registered, or is the sender's own and not the owner's; so is what the shares
 * leave of 1. Loose shares go to the owner, where the other prizes stay exact and nobody gains by a rival's
 * deregistration, or are spread over the winners. Without any winner the owner gets everything under both policies.
 * Without an owner's uid they are spread. Zero values pad the row to `MinAllowedWeights`: the chain counts entries.
 *
 * Throws RangeError for shares that are no fractions of one whole, and for uids that the subnet cannot have.
 */
export function normalise(
  shares: readonly Share[],
  subnet: Subnet,
  policy: LoosePolicy = 'owner',
): Normalised {
  checkShares(shares);
  checkSubnet(subnet);
  const { paid, loose } = assign(shares, subnet);
  const left = loose.reduce((sum, { share }) => sum + inBillionths(share), 0);
  if (left > 0 && (paid.size === 0 || policy === 'owner')) {
    if (subnet.ownerUid !== null) paid.set(subnet.ownerUid, (paid.get(subnet.ownerUid) ?? 0) + left);
    else if (paid.size === 0)
      return {
        kind: 'skip',
        code: 'no_receiver',
        message:
          'no winner is registered and neither is the hotkey of the subnet owner: there is nobody to give weight to',
        loose,
      };
  }
  const parts = [...paid].sort(([uidA, a], [uidB, b]) => b - a || uidA - uidB);
  const [, largest] = parts[0] as [number, number];
  const entries = parts
    .map(([uid, part]) => [uid, divideHalfEven(part * MAX_VALUE, largest)] as const)
    .filter(([, value]) => value > 0);
  if (!isExact(parts, new Map(entries)))
    return {
      kind: 'skip',
      code: 'inexact',
      message: `${parts.length} shares cannot be told apart in 16 bits to ${TOLERANCE * 100} %: pay fewer places`,
      loose,
    };
  const row = padded(
    { uids: entries.map(([uid]) => uid), values: entries.map(([, value]) => value) },
    subnet,
  );
  checkRow(row, subnet.size);
  return { kind: 'row', row, loose };
}

/** Throws RangeError unless the chain would take the row as it is and store it unchanged. */
export function checkRow({ uids, values }: WeightRow, size: number): void {
  const demands: readonly (readonly [boolean, string])[] = [
    [uids.length === values.length, `${uids.length} uids and ${values.length} values`],
    [new Set(uids).size === uids.length, 'a uid stands in it twice'],
    [uids.every((uid) => isBelow(uid, size)), `a uid is not below ${size}`],
    [values.every((value) => isBelow(value, MAX_VALUE + 1)), 'a value is not a u16'],
    [values.includes(MAX_VALUE), `no value is ${MAX_VALUE}`],
  ];
  for (const [holds, problem] of demands)
    if (!holds) throw new RangeError(`not a row of weights: ${problem}`);
}

function assign(shares: readonly Share[], { uidOf, ownUid, ownerUid }: Subnet) {
  /** Billionths by uid. */
  const paid = new Map<number, number>();
  const loose: LooseShare[] = [];
  for (const { hotkey, share } of shares) {
    const uid = uidOf.get(hotkey);
    if (uid === undefined) loose.push({ hotkey, share, why: 'not_registered' });
    else if (uid === ownUid && uid !== ownerUid) loose.push({ hotkey, share, why: 'own_uid' });
    else if (inBillionths(share) > 0) paid.set(uid, (paid.get(uid) ?? 0) + inBillionths(share));
  }
  const left = WHOLE - shares.reduce((sum, { share }) => sum + inBillionths(share), 0);
  // thirds and sevenths leave a few billionths that nobody withheld
  if (left > shares.length || shares.length === 0)
    loose.push({ hotkey: null, share: left / WHOLE, why: 'no_winner' });
  return { paid, loose };
}

function padded({ uids, values }: WeightRow, { size, ownUid, minAllowedWeights }: Subnet): WeightRow {
  // the chain exempts a row of one's own uid alone
  if (uids.length === 1 && uids[0] === ownUid) return { uids, values };
  const others = Array.from({ length: size }, (_, uid) => uid).filter((uid) => !uids.includes(uid));
  const padding = others.slice(0, Math.max(0, minAllowedWeights - uids.length));
  return { uids: [...uids, ...padding], values: [...values, ...padding.map(() => 0)] };
}

function isExact(
  parts: readonly (readonly [number, number])[],
  values: ReadonlyMap<number, number>,
): boolean {
  const whole = parts.reduce((sum, [, part]) => sum + part, 0);
  const sum = [...values.values()].reduce((total, value) => total + value, 0);
  return parts.every(([uid, part]) => Math.abs(part / whole - (values.get(uid) ?? 0) / sum) <= TOLERANCE);
}

function inBillionths(share: number): number {
  return Math.round(share * WHOLE);
}

/** Exact below 2^53; a half goes to the even neighbour, as the chain's own rounding does. */
function divideHalfEven(dividend: number, divisor: number): number {
  const rest = dividend % divisor;
  const quotient = (dividend - rest) / divisor;
  const up = rest * 2 > divisor || (rest * 2 === divisor && quotient % 2 === 1);
  return up ? quotient + 1 : quotient;
}

function isBelow(value: number, limit: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < limit;
}

function checkShares(shares: readonly Share[]): void {
  if (!shares.every(({ share }) => share > 0 && share <= 1))
    throw new RangeError('a share is not a fraction above 0 and up to 1');
  // decimal fractions may sum to 1 plus a rounding error
  if (shares.reduce((sum, { share }) => sum + share, 0) > 1 + 1e-9)
    throw new RangeError('shares sum to more than 1');
}

function checkSubnet({ uidOf, size, ownUid, ownerUid, minAllowedWeights }: Subnet): void {
  const uids = [...uidOf.values(), ownUid, ownerUid].filter((uid) => uid !== null);
  const odd = uids.find((uid) => !isBelow(uid, size));
  if (odd !== undefined) throw new RangeError(`uid ${odd} is outside of the subnet's ${size}`);
  if (!Number.isInteger(minAllowedWeights) || minAllowedWeights < 0)
    throw new RangeError(`MinAllowedWeights is no count: ${minAllowedWeights}`);
}

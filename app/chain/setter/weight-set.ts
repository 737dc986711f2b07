/** One attempt to set the weights of one epoch: stored before anything is sent, so that no crash forgets it. */
import type { Share } from '../../scoring/shares.ts';
import type { SignedExtrinsic } from '../chain.ts';
import type { WeightRow } from '../normalise.ts';

/**
 * No epoch lasts so many blocks (50,401 at most): an attempt of the same number from before them is of another count, as on a
 * subnet that was dissolved and registered anew under its netuid.
 */
export const LONGEST_EPOCH = 60_000;

/** Nobody knows what became of the bytes: its epoch counts as used. */
export const UNKNOWN_OUTCOME = 'unknown_outcome';

/** Whose weights, and where: there is one live attempt for each of these and each epoch. */
export interface WeightSlot {
  readonly genesisHash: string;
  readonly netuid: number;
  /** The account whose row it is: the hotkey, also behind a proxy. */
  readonly hotkey: string;
}

/**
 * `planned`: the row is decided. `signed`: the bytes exist and may have been sent; only these are ever sent for it.
 * `included`: in a finalized block, successfully. `verified`: the stored row was read back and is ours.
 * `failed`: it set nothing and never will.
 */
export type WeightSetState = 'planned' | 'signed' | 'included' | 'verified' | 'failed';

export interface WeightSet extends WeightSlot {
  readonly id: number;
  /** The epoch that a call included in the next block counts to (`commitEpoch`); once included, the one that it does count to. */
  readonly epoch: number;
  /** 1 for the first; the next one only after the last has failed. */
  readonly attempt: number;
  readonly state: WeightSetState;
  /** What it pays, before `normalise`. */
  readonly shares: readonly Share[];
  /** Unix milliseconds at which these shares were the standing: `ProvenShares.standingAt`. */
  readonly standingAt: number;
  readonly row: WeightRow;
  /** Name of the call, and how its weights travel. */
  readonly call: string;
  readonly kind: 'plain' | 'timelocked';
  /** The finalized block that all was read at: of the plan, later of the signature. */
  readonly plannedBlock: number;
  /** Null for plain weights. */
  readonly revealRound: number | null;
  /** First block in which the chain tries to open the commit, and the block from which it tries no more. */
  readonly revealFrom: number | null;
  readonly revealUntil: number | null;
  /** blake2-256 of the ciphertext; null for plain weights, and until the bytes exist. */
  readonly commitHash: string | null;
  readonly extrinsic: SignedExtrinsic | null;
  readonly includedBlock: number | null;
  readonly includedHash: string | null;
  readonly extrinsicIndex: number | null;
  readonly verifiedBlock: number | null;
  /** `event`: the reveal was seen; `row`: only the equal row was. Null before. */
  readonly verifiedBy: 'event' | 'row' | null;
  /** Stable code and message of what failed. */
  readonly failureCode: string | null;
  readonly failure: string | null;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What becomes known of an attempt only after it was planned. */
export const NOTHING_KNOWN = {
  extrinsic: null,
  includedBlock: null,
  includedHash: null,
  extrinsicIndex: null,
  verifiedBlock: null,
  verifiedBy: null,
  failureCode: null,
  failure: null,
} as const satisfies Partial<WeightSet>;

export type NewWeightSet = Omit<
  WeightSet,
  'id' | 'attempt' | 'state' | 'updatedAt' | keyof typeof NOTHING_KNOWN
>;

/** Where attempts are kept: the database of an App, or a file of a validator who follows one. */
export interface WeightSetStore {
  /** Runs `work` while nobody else works on this slot; null when somebody does. */
  alone<T>(slot: WeightSlot, work: () => Promise<T>): Promise<T | null>;
  /** Planned, signed and included ones, oldest first. */
  unfinished(slot: WeightSlot): Promise<readonly WeightSet[]>;
  /** The newest `limit`, newest first. */
  history(slot: WeightSlot, limit: number): Promise<readonly WeightSet[]>;
  /** The newest that was read back; null before the first. */
  lastVerified(slot: WeightSlot): Promise<WeightSet | null>;
  /**
   * Null, and nothing stored, while any attempt of the slot is planned or signed, and once one for this epoch was included,
   * also when its row was lost later. Attempts from before `LONGEST_EPOCH` blocks are of another count of epochs.
   */
  plan(set: NewWeightSet): Promise<WeightSet | null>;
  /**
   * Moves one from `from` to its next state with what became known. False when it was not in `from` any more: then
   * somebody else moved it, and the caller does nothing further.
   */
  move(
    id: number,
    from: WeightSetState,
    change: Partial<WeightSet> & { readonly state: WeightSetState },
  ): Promise<boolean>;
}

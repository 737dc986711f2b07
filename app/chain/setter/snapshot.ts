/** All that is known at one finalized block: the stored attempts, what the chain says of them, and what would be sent. */
import type { ChainProblem, Outcome } from '../chain.ts';
import type { SubnetState } from '../subnet.ts';
import type { Draft, RevealWindow } from './draft-weights.ts';
import type { WeightSet } from './weight-set.ts';

/** What the chain says of one unfinished attempt, up to the block that is looked at. */
export type Sighting =
  /** Not asked, or no answer this time. */
  | { readonly kind: 'unknown' }
  /** Asked, and the answer cannot be used, as it will be the next time. */
  | { readonly kind: 'unreadable' }
  /** Signed, and in no finalized block. */
  | { readonly kind: 'absent' }
  /** Signed, and the node has forgotten blocks that it could be in. */
  | { readonly kind: 'out_of_sight' }
  /** Signed, and in a finalized block. `counts`: to which epoch, by the schedule there; null when that was forgotten. */
  | {
      readonly kind: 'found';
      readonly outcome: Outcome;
      readonly counts: { readonly epoch: number; readonly reveal: RevealWindow | null } | null;
    }
  /** Included, and the row that was in force right after it took effect. `row`: only its equality proves it. */
  | {
      readonly kind: 'read_back';
      readonly block: number;
      readonly row: SubnetRow;
      readonly by: 'event' | 'row';
    }
  /** Included, and the commit waits on chain, kept under that epoch. */
  | { readonly kind: 'sealed'; readonly epoch: number }
  /** Included, and the chain threw the commit away without setting anything. */
  | { readonly kind: 'never_opened'; readonly message: string };

export type SubnetRow = readonly (readonly [uid: number, value: number])[];

export interface Snapshot {
  readonly state: SubnetState;
  /** The epoch that a call in the next block counts to; null while the schedule allows no answer. */
  readonly epoch: number | null;
  /** Nonce of the signing account at this very block: extrinsics of lower ones are in it or never will be. */
  readonly nonce: number;
  readonly unfinished: readonly { readonly set: WeightSet; readonly seen: Sighting }[];
  /** The newest attempts, newest first, the unfinished ones too. */
  readonly history: readonly WeightSet[];
  /** What would be sent, or why nothing can be. */
  readonly draft: Draft | null;
  readonly why: string | null;
  /** Another program sent weights of this hotkey in this epoch. */
  readonly isTaken: boolean;
  /** What the chain would refuse the draft for, or we ourselves. */
  readonly obstacles: readonly Pick<ChainProblem, 'message'>[];
}

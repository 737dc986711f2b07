/** What one look at the chain came to: for the log, the metrics, the page and the command. Types only. */
import type { Share } from '../../scoring/shares.ts';
import type { BlockRef, ChainProblemCode } from '../chain.ts';
import type { WeightRow } from '../normalise.ts';
import type { SubnetState } from '../subnet.ts';

export interface SetterReport {
  /** Unix milliseconds. */
  readonly at: number;
  /** The finalized block that was read; null when none could be. */
  readonly block: BlockRef | null;
  readonly subnet: SubnetState | null;
  /** How weights travel on this chain at this block; `none` when it could not be told. */
  readonly path: 'timelocked' | 'plain' | 'none';
  /** What is paid, before `normalise`; null when nobody can tell. */
  readonly shares: readonly Share[] | null;
  /** The row that was sent or that would be; null when there is none. */
  readonly row: WeightRow | null;
  /** What was done or why nothing was, oldest first, for people. */
  readonly steps: readonly SetterStep[];
  readonly alerts: readonly ChainAlert[];
  /** Blocks until it is worth looking again; 1 when something is under way. */
  readonly againInBlocks: number;
}

export interface SetterStep {
  readonly kind:
    | 'dry_run'
    | 'wait'
    | 'planned'
    | 'signed'
    | 'sent'
    | 'included'
    | 'verified'
    | 'failed'
    | 'held_back';
  readonly message: string;
}

/** Something that an operator must see. `page`: income is at stake now. */
export interface ChainAlert {
  readonly code: AlertCode;
  readonly severity: 'warn' | 'page';
  readonly message: string;
}

export type AlertCode =
  | ChainProblemCode
  | 'unreachable'
  | 'wrong_genesis'
  | 'unknown_runtime'
  | 'call_passed_over'
  | 'not_verified_long'
  | 'stake_margin'
  | 'reveal_lost'
  | 'row_differs'
  | 'not_alone'
  | 'never_included'
  | 'stalled'
  | 'carried_over'
  | 'no_shares'
  | 'no_receiver'
  | 'inexact'
  | 'schedule'
  | 'signer';

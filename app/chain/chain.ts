/** The chain as the rest of this room sees it. `connection/` implements it over a WebSocket. */
import type { ApiDecoration } from '@polkadot/api/types';
import type { MetadataCall } from './calls.ts';
import type { WeightSigner } from './signer.ts';

/** A block of the finalized chain, and everything that can be read at it. */
export interface ChainView {
  readonly block: BlockRef;
  /** Unix milliseconds of the block (`Timestamp.Now`). */
  readonly timestampMs: number;
  readonly specVersion: number;
  /** The calls of SubtensorModule at this block; none when the runtime has no such pallet. */
  readonly calls: readonly MetadataCall[];
  /** Why nothing may be signed for this runtime; empty when all is known. */
  readonly runtimeProblems: readonly string[];
  /** Storage and runtime APIs of this very block. */
  readonly api: ApiDecoration<'promise'>;
}

export interface BlockRef {
  readonly number: number;
  /** `0x` and 64 digits. */
  readonly hash: string;
}

/**
 * An extrinsic that is signed and kept before it is sent: sending it again, also under another signature, can never set weights
 * twice.
 */
export interface SignedExtrinsic {
  /** `0x…`, as `author_submitExtrinsic` takes it. */
  readonly bytes: string;
  /** blake2-256 of the bytes. */
  readonly hash: string;
  readonly nonce: number;
  /** The block that the era begins with; it cannot be in an earlier one. */
  readonly birthBlock: number;
  /** It cannot be in this block or a later one. */
  readonly deathBlock: number;
}

export type SubmitAnswer =
  /** In the pool, or was already, or may be: only the chain can tell. */
  | { readonly kind: 'pending' }
  /** Not in the pool, which had these very bytes before and takes them no more for half an hour; a block may have them. */
  | { readonly kind: 'banned' }
  /** Refused for good as it is; never included. */
  | { readonly kind: 'refused'; readonly problem: ChainProblem };

/** What a finalized block says of an extrinsic in it. */
export interface Outcome extends Pick<SignedExtrinsic, 'bytes' | 'hash'> {
  readonly block: BlockRef;
  readonly index: number;
  /** Null when it succeeded; of a call behind a proxy, the inner one. */
  readonly problem: ChainProblem | null;
  /** `section.method` of its events, in order. */
  readonly events: readonly string[];
}

export interface Chain {
  readonly genesisHash: string;
  /** The newest finalized block. Rejects with `ChainError` while no endpoint answers. */
  finalized(): Promise<ChainView>;
  /** The finalized block of that number, with its state; `ChainError` `pruned` when the node forgot it. */
  viewAt(block: number): Promise<ChainView>;
  /** The nonce after everything in the pool (`system_accountNextIndex`). */
  nextNonce(account: string): Promise<number>;
  /** Signs call data for an era of 32 blocks that begins at the view's block. Rejects with `SignerError` or `ChainError`. */
  sign(
    view: ChainView,
    call: Uint8Array,
    by: { readonly account: string; readonly nonce: number; readonly signer: WeightSigner },
  ): Promise<SignedExtrinsic>;
  /**
   * The same transaction under another signature, for a pool that takes the first one's bytes no more. It has the same nonce and
   * era, so one of both is included at most. Rejects as `sign`, with `upgrading` where its runtime has given way to another.
   */
  signAgain(
    extrinsic: SignedExtrinsic,
    by: { readonly account: string; readonly signer: WeightSigner },
  ): Promise<SignedExtrinsic>;
  /** Sends the bytes. Idempotent. Rejects with a retryable `ChainError` when it is unknown whether they arrived. */
  submit(bytes: string): Promise<SubmitAnswer>;
  /** Looks for it, under whatever signature, in the finalized blocks `from` to `to`, both included; null when it is in none. */
  find(bytes: string, from: number, to: number): Promise<Outcome | null>;
  /** Events of a block's initialization that the pallet of weights made: `method` and its data as JSON. */
  initializationEvents(
    block: number,
  ): Promise<readonly { readonly method: string; readonly data: readonly unknown[] }[]>;
  status(): ChainStatus;
  close(): Promise<void>;
}

export interface ChainStatus {
  /** Null while there is no connection. */
  readonly endpoint: string | null;
  readonly specVersion: number | null;
  /** Unix milliseconds at which the last new head arrived; null before the first. */
  readonly headAt: number | null;
  readonly failovers: number;
}

/** A refusal in our own words; `code` is stable, for metrics, alerts and tests. */
export interface ChainProblem {
  readonly code: ChainProblemCode;
  readonly message: string;
}

export const CHAIN_PROBLEM_CODES = [
  'too_fast',
  'stake_too_low',
  'no_permit',
  'not_registered',
  'version_key',
  'commit_reveal_on',
  'commit_reveal_off',
  'commit_version',
  'round_too_early',
  'too_many_commits',
  'commit_too_large',
  'row_length',
  'row_uids',
  'row_too_short',
  'row_too_high',
  'no_subnet',
  'no_mechanism',
  'root_subnet',
  'consensus_mode',
  'coldkey_swap',
  'proxy',
  'bad_signature',
  'outdated',
  'payment',
  'unknown',
] as const;
export type ChainProblemCode = (typeof CHAIN_PROBLEM_CODES)[number];

export type ChainErrorCode =
  | 'unreachable'
  | 'timed_out'
  | 'wrong_genesis'
  | 'unknown_runtime'
  /** The newest block has another runtime than the finalized one; both agree in a minute. */
  | 'upgrading'
  | 'pruned'
  | 'closed'
  | 'protocol';

/** The chain gave no answer, or none that may be used. `retryable` ones pass by themselves. */
export class ChainError extends Error {
  override readonly name = 'ChainError';
  readonly retryable: boolean;
  constructor(
    readonly code: ChainErrorCode,
    readonly userMessage: string,
    cause?: unknown,
  ) {
    super(`${code}: ${userMessage}`, { cause });
    this.retryable =
      code === 'unreachable' || code === 'timed_out' || code === 'upgrading' || code === 'pruned';
  }
}

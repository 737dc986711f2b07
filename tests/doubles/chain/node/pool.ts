/** Transactions that wait for a block. */

import { invalid, priorityTooLow, RpcError } from '../rpc/rpc-error.ts';
import type { SignedExtrinsic } from './extrinsic.ts';

/** What happens to a transaction that somebody watches, as `author_extrinsicUpdate` says it. */
export type PoolStatus =
  | 'ready'
  | 'dropped'
  | 'invalid'
  | { readonly inBlock: string }
  | { readonly retracted: string }
  | { readonly finalized: string };

export interface Pooled {
  readonly extrinsic: SignedExtrinsic;
  /** The first block that it cannot be in any more; null for never. */
  readonly death: number | null;
  readonly watch: (status: PoolStatus) => void;
}

/** Blocks of chain time, half an hour, in which a node takes no transaction again that was in a block or was refused. */
const BAN_BLOCKS = 150;

export class Pool {
  #waiting: Pooled[] = [];
  readonly #bannedUntil = new Map<string, number>();

  /** Throws `RpcError` 1012 or 1013 for one that needs no look. */
  checkUnknown(hash: string, block: number): void {
    if (this.#waiting.some(({ extrinsic }) => extrinsic.hash === hash))
      throw new RpcError(1013, 'Transaction Already Imported', hash);
    if ((this.#bannedUntil.get(hash) ?? 0) > block)
      throw new RpcError(1012, 'Transaction is temporarily banned');
  }

  /** Throws `RpcError` 1010 for a nonce that is used, 1014 for one that another transaction waits with. */
  add(pooled: Pooled, usedNonces: number): void {
    const { signer, nonce } = pooled.extrinsic;
    if (nonce < usedNonces) throw invalid('Transaction is outdated');
    if (this.of(signer).some(({ extrinsic }) => extrinsic.nonce === nonce)) throw priorityTooLow();
    this.#waiting.push(pooled);
  }

  of(signer: string): Pooled[] {
    return this.#waiting.filter(({ extrinsic }) => extrinsic.signer === signer);
  }

  get waiting(): readonly SignedExtrinsic[] {
    return this.#waiting.map(({ extrinsic }) => extrinsic);
  }

  /** Those that a block may take, each account's in the order of its nonces and none after a gap. */
  ready(usedNonces: (signer: string) => number): Pooled[] {
    const signers = [...new Set(this.#waiting.map(({ extrinsic }) => extrinsic.signer))];
    return signers.flatMap((signer) => {
      const used = usedNonces(signer);
      return this.of(signer)
        .sort((a, b) => a.extrinsic.nonce - b.extrinsic.nonce)
        .filter(({ extrinsic }, at) => extrinsic.nonce === used + at);
    });
  }

  remove({ extrinsic }: Pooled): void {
    this.#waiting = this.#waiting.filter((each) => each.extrinsic.hash !== extrinsic.hash);
  }

  /** Takes one back whose block is none any more. */
  putBack(pooled: Pooled): void {
    this.#bannedUntil.delete(pooled.extrinsic.hash);
    this.#waiting.push(pooled);
  }

  ban(hash: string, block: number): void {
    this.#bannedUntil.set(hash, block + BAN_BLOCKS);
  }

  /** Forgets everything, as a node does that restarts. */
  drop(): void {
    for (const { watch } of this.#waiting) watch('dropped');
    this.#waiting = [];
    this.#bannedUntil.clear();
  }
}

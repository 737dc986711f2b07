/** The blocks, which of them are final, and which still have their state. */

import { RpcError } from '../rpc/rpc-error.ts';
import type { Block } from './block.ts';

export class Ledger {
  readonly #byNumber = new Map<number, Block>();
  readonly #byHash = new Map<string, Block>();
  #head: Block;
  #finalized: Block;
  finalityLag: number;
  finalityStalled = false;
  /** Blocks behind the head whose state is kept; null for all of them. */
  keptStates: number | null = null;

  constructor(
    readonly genesis: Block,
    finalityLag: number,
  ) {
    this.finalityLag = finalityLag;
    this.#head = genesis;
    this.#finalized = genesis;
    this.append(genesis);
  }

  get head(): Block {
    return this.#head;
  }

  get finalized(): Block {
    return this.#finalized;
  }

  append(block: Block): void {
    this.#byNumber.set(block.number, block);
    this.#byHash.set(block.hash, block);
    this.#head = block;
  }

  /** Forgets the blocks after that one, which must not be final. */
  rewind(number: number): void {
    const block = this.#byNumber.get(number);
    if (block === undefined || number < this.#finalized.number)
      throw new RangeError(`block ${this.#finalized.number} is final: the chain cannot go back to ${number}`);
    for (let later = number + 1; later <= this.#head.number; later++) {
      this.#byHash.delete(this.hashOf(later) ?? '');
      this.#byNumber.delete(later);
    }
    this.#head = block;
  }

  /** The blocks that became final by this, oldest first. */
  finalize(): Block[] {
    if (this.finalityStalled) return [];
    const target = this.#head.number - this.finalityLag;
    const fresh: Block[] = [];
    for (let number = this.#finalized.number + 1; number <= target; number++) {
      const block = this.#byNumber.get(number);
      if (block !== undefined) fresh.push(block);
    }
    this.#finalized = fresh.at(-1) ?? this.#finalized;
    return fresh;
  }

  hashOf(number: number): string | null {
    return this.#byNumber.get(number)?.hash ?? null;
  }

  /** A block by its hash, the head for none. Throws `RpcError` as a node does. */
  block(hash: unknown): Block {
    if (hash === undefined || hash === null) return this.#head;
    const block = this.#byHash.get(String(hash));
    if (block === undefined)
      throw new RpcError(4003, `Client error: UnknownBlock: Header was not found in the database: ${hash}`);
    return block;
  }

  /** The same, where its state is wanted. */
  blockWithState(hash: unknown): Block {
    const block = this.block(hash);
    if (this.keptStates !== null && block.number < this.#head.number - this.keptStates)
      throw new RpcError(4003, `Client error: UnknownBlock: State already discarded for ${block.hash}`);
    return block;
  }
}

/** Hands signed weights to a pool, and signs them once more for one that takes their bytes no more. */
import type { Chain, ChainProblem, SignedExtrinsic } from '../chain.ts';
import type { WeightSigner } from '../signer.ts';
import type { WeightSet } from './weight-set.ts';

/**
 * Blocks after a signature until another one is made for bytes that the pool does not take: enough for a block that has them to
 * be final, and few enough for several in an era.
 */
const SIGN_AGAIN_BLOCKS = 8;

export interface Sending {
  /** The finalized block that is looked at. */
  readonly head: number;
  readonly signingAccount: string;
  readonly signer: WeightSigner;
  /** Hears what became of each submission, for people. */
  readonly say: (message: string) => void;
}

/** One for each setter. A new process that forgot what this one remembers makes a signature more, and nothing else. */
export class Sender {
  readonly #chain: Chain;
  /** By id: a pool says it once, and then only that it knows the bytes. */
  readonly #refusals = new Map<number, ChainProblem>();
  /** By id: the block at which another signature was made last. */
  readonly #signedAgain = new Map<number, number>();
  constructor(chain: Chain) {
    this.#chain = chain;
  }

  /** Why a pool refused it and none has it since; null otherwise. */
  refusalOf({ id }: WeightSet): ChainProblem | null {
    return this.#refusals.get(id) ?? null;
  }

  /**
   * A pool that refused bytes, or dropped them, bans them for half an hour. The same transaction under another signature is no
   * other attempt: the nonce lets one of both into a block, and whichever it is, it is found. Rejects with `SignerError` or
   * `ChainError`; it may be repeated at any time.
   */
  async send({ id, extrinsic, plannedBlock }: WeightSet, sending: Sending): Promise<void> {
    const { head, signingAccount, signer, say } = sending;
    if (extrinsic === null || (await this.#submit(id, extrinsic, say))) return;
    if (head - (this.#signedAgain.get(id) ?? plannedBlock) < SIGN_AGAIN_BLOCKS) return;
    this.#signedAgain.set(id, head);
    const again = await this.#chain.signAgain(extrinsic, { account: signingAccount, signer });
    await this.#submit(id, again, say);
  }

  /** Whether the pool has it now. */
  async #submit(id: number, { bytes, hash }: SignedExtrinsic, say: Sending['say']): Promise<boolean> {
    const answer = await this.#chain.submit(bytes);
    switch (answer.kind) {
      case 'pending':
        this.#refusals.delete(id);
        say(`${hash} is in the pool`);
        return true;
      case 'banned':
        say(`the pool had ${hash} before and takes it no more`);
        return false;
      case 'refused': {
        const { code, message } = answer.problem;
        say(`the pool refused ${hash}: ${message}`);
        // a nonce that is used already is what a block that is not final yet looks like from here
        if (code !== 'outdated' && code !== 'too_fast') this.#refusals.set(id, answer.problem);
        return false;
      }
    }
  }
}

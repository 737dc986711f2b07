/** The chain itself: takes transactions, makes blocks of them, and keeps the state of each. */
import type { TestBeacon } from '../beacon.ts';
import type { Faults } from '../faults.ts';
import type { GuardRules } from '../pallet/guards.ts';
import { ChainRecord } from '../record.ts';
import { RpcError } from '../rpc/rpc-error.ts';
import { admit, check } from './admission.ts';
import { type Block, sealBlock } from './block.ts';
import { executeBlock } from './block-execution.ts';
import { ChainState } from './chain-state.ts';
import { readExtrinsic } from './extrinsic.ts';
import { Ledger } from './ledger.ts';
import { Pool, type Pooled, type PoolStatus } from './pool.ts';
import type { Runtime } from './runtime.ts';
import { Storage } from './storage.ts';

export interface NodeOptions extends GuardRules {
  readonly runtime: Runtime;
  readonly chainName: string;
  /** Number of the first block after genesis: the ones between never were. */
  readonly firstBlock: number;
  /** Unix milliseconds of the first block. */
  readonly startAtMs: number;
  readonly blockSeconds: number;
  readonly finalityLag: number;
  readonly beacon: TestBeacon;
  readonly faults: Faults;
}

const NO_PARENT = `0x${'00'.repeat(32)}`;

/** Told of every new block, and of every block that became final. */
export interface NodeListener {
  newHead(block: Block): void;
  finalized(block: Block): void;
  runtimeChanged(runtime: Runtime): void;
}

export class ChainNode {
  readonly record = new ChainRecord();
  readonly pool = new Pool();
  readonly storage = new Storage();
  readonly ledger: Ledger;
  readonly state: ChainState;
  readonly netuids: number[] = [];
  readonly listeners: NodeListener[] = [];
  #runtime: Runtime;
  #upgrade: Runtime | null = null;
  /** Transactions in blocks that are not final yet. */
  #unfinal: { readonly block: Block; readonly pooled: Pooled }[] = [];
  #forks = 0;

  constructor(readonly options: NodeOptions) {
    this.#runtime = options.runtime;
    const genesis = sealBlock(0, NO_PARENT, {
      extrinsics: [],
      seed: options.chainName,
      runtime: options.runtime,
    });
    this.ledger = new Ledger(genesis, options.finalityLag);
    const node = this;
    this.state = new ChainState(this.storage, {
      get runtime() {
        return node.#runtime;
      },
      get number() {
        return node.nextBlock;
      },
    });
  }

  get runtime(): Runtime {
    return this.#runtime;
  }

  get nextBlock(): number {
    const { number } = this.ledger.head;
    return number === 0 ? this.options.firstBlock : number + 1;
  }

  /** Unix milliseconds of a block. */
  timeOf(block: number): number {
    const { startAtMs, firstBlock, blockSeconds } = this.options;
    return startAtMs + (block - firstBlock) * blockSeconds * 1_000;
  }

  nonceOf(account: string): number {
    return this.state.json<{ nonce: number }>('System.Account', account).nonce;
  }

  /** The nonce after everything that waits without a gap. */
  nextNonce(account: string): number {
    return (
      this.nonceOf(account) +
      this.pool
        .ready((signer) => this.nonceOf(signer))
        .filter(({ extrinsic }) => extrinsic.signer === account).length
    );
  }

  /** Takes a transaction into the pool and answers with its hash. Throws `RpcError`. */
  submit(bytes: unknown, watch: (status: PoolStatus) => void = () => {}): string {
    const extrinsic = readExtrinsic(bytes, this.#runtime);
    const { hash, signer } = extrinsic;
    const noted = (answer: string) =>
      this.record.submissions.push({ hash, bytes: extrinsic.bytes, signer, answer });
    try {
      this.pool.checkUnknown(hash, this.nextBlock);
      admit(this, extrinsic, watch);
    } catch (error) {
      if (error instanceof RpcError) {
        if (error.code === 1010) this.pool.ban(hash, this.nextBlock);
        noted([error.code, error.message, ...(error.data === undefined ? [] : [error.data])].join(': '));
      }
      throw error;
    }
    noted('accepted');
    return hash;
  }

  /** Another runtime from the block after the next one on. */
  upgrade(runtime: Runtime): void {
    this.#upgrade = runtime;
  }

  makeBlock(): Block {
    const number = this.nextBlock;
    const candidates = this.pool.ready((signer) => this.nonceOf(signer));
    const { extrinsics, included } = executeBlock(this, candidates, (pooled) => this.#isStillGood(pooled));
    const upgraded = this.#upgrade;
    if (upgraded !== null) this.#runtime = upgraded;
    this.#upgrade = null;
    const block = sealBlock(number, this.ledger.head.hash, {
      extrinsics,
      seed: `${number} ${this.#forks} ${this.#runtime.specVersion} ${this.timeOf(number)}`,
      runtime: this.#runtime,
    });
    this.ledger.append(block);
    for (const pooled of included) {
      this.pool.ban(pooled.extrinsic.hash, number);
      pooled.watch({ inBlock: block.hash });
      this.#unfinal.push({ block, pooled });
    }
    this.#dropOutdated(upgraded !== null);
    if (upgraded !== null) for (const listener of this.listeners) listener.runtimeChanged(upgraded);
    for (const listener of this.listeners) listener.newHead(block);
    this.finalize();
    return block;
  }

  /** Makes final what may be by now. */
  finalize(): void {
    const fresh = this.ledger.finalize();
    for (const block of fresh) for (const listener of this.listeners) listener.finalized(block);
    const done = this.#unfinal.filter(({ block }) => block.number <= this.ledger.finalized.number);
    this.#unfinal = this.#unfinal.filter((each) => !done.includes(each));
    for (const { block, pooled } of done) pooled.watch({ finalized: block.hash });
  }

  /** Another branch, longer by one, takes the place of the last blocks; their transactions wait again, or are `lost`. */
  reorganise(depth: number, lost: boolean): void {
    const { number } = this.ledger.head;
    const base = number - depth;
    this.ledger.rewind(base);
    this.storage.rewind(base);
    this.record.rewind(base);
    this.#forks += 1;
    const retracted = this.#unfinal.filter(({ block }) => block.number > base);
    this.#unfinal = this.#unfinal.filter(({ block }) => block.number <= base);
    for (const { block, pooled } of retracted) {
      pooled.watch({ retracted: block.hash });
      if (!lost) this.pool.putBack(pooled);
    }
    while (this.ledger.head.number <= number) this.makeBlock();
  }

  #isStillGood(pooled: Pooled): boolean {
    try {
      check(this, pooled.extrinsic);
      return true;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      this.#discard(pooled);
      return false;
    }
  }

  #dropOutdated(allBefore: boolean): void {
    for (const { signer } of this.pool.waiting)
      for (const pooled of this.pool.of(signer)) {
        const { death, extrinsic } = pooled;
        const dead = death !== null && this.nextBlock >= death;
        if (allBefore || dead || extrinsic.nonce < this.nonceOf(signer)) this.#discard(pooled);
      }
  }

  #discard(pooled: Pooled): void {
    this.pool.remove(pooled);
    this.pool.ban(pooled.extrinsic.hash, this.nextBlock);
    pooled.watch('invalid');
  }
}

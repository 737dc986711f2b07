/**
 * A small chain in memory, for every order of events that a real one could produce: pool, finality, nonces, eras, epochs,
 * rate limit, plain and timelocked weights. It counts by itself what was included for which epoch.
 */
import { createHash } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { decodeAddress } from '@polkadot/util-crypto/address';
import { blake2AsHex } from '@polkadot/util-crypto/blake2';
import { runtimeCalls } from '../../../app/chain/calls.ts';
import { decodeCall, type WeightCall } from '../../../app/chain/calls-bytes.ts';
import { ScaleReader } from '../../../app/chain/calls-scale.ts';
import {
  type Chain,
  ChainError,
  type ChainProblem,
  type ChainView,
  type Outcome,
  type SubmitAnswer,
} from '../../../app/chain/chain.ts';
import { roundPoint } from '../../../app/chain/drand.ts';
import type { SubnetState } from '../../../app/chain/subnet.ts';
import { timelockDecrypt } from '../../../app/chain/timelock.ts';
import type { Hotkey } from '../../../app/ids.ts';
import { SPEC_393 } from '../runtimes.ts';

export const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY' as Hotkey;
export const BOB = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty' as Hotkey;
export const OWNER = '5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y' as Hotkey;
export const GENESIS = `0x${'9'.repeat(64)}`;
export const NETUID = 7;
const SECRET = 1_234_567_890_123_456_789n;
/** A beacon whose pulses the model makes itself. */
export const BEACON = {
  genesisSeconds: 1_600_000_000,
  periodSeconds: 3,
  publicKey: bls12_381.G2.Point.BASE.multiply(SECRET).toHex(true),
};
export const START_SECONDS = 1_700_000_000;
export const BLOCK_SECONDS = 12;
const ERA = 32;
const CALLS = runtimeCalls(SPEC_393);

interface Commit {
  readonly epoch: number;
  readonly block: number;
  readonly round: number;
  readonly bytes: Uint8Array;
  readonly commitHash: string;
  /** The chain neither opens it nor takes it away. */
  readonly isStuck?: boolean;
}

interface Tx {
  readonly nonce: number;
  readonly birth: number;
  readonly spec: number;
  /** Null for another tool's transaction of the same account. */
  readonly call: string | null;
  /** No two signatures are equal, also of the same call. */
  readonly signature: number;
}

interface State {
  spec: number;
  nonce: number;
  tempo: number;
  lastEpochBlock: number;
  index: number;
  commitReveal: boolean;
  rateLimit: number;
  lastUpdate: number;
  permit: boolean;
  row: readonly (readonly [number, number])[];
  commits: readonly Commit[];
}

interface Included {
  readonly tx: Tx;
  readonly problem: ChainProblem | null;
}

interface Block {
  readonly state: State;
  readonly included: readonly Included[];
  readonly reveals: number;
}

/** One successful inclusion, as the chain itself counts it. */
export interface Counted {
  readonly block: number;
  readonly epoch: number;
  readonly hash: string;
}

export class ModelChain {
  readonly blocks: Block[] = [];
  pool: Tx[] = [];
  readonly counted: Counted[] = [];
  #signatures = 0;
  readonly #registeredAt: number;
  /** Blocks from the finalized one to the head. What was final stays final when it grows. */
  lag = 2;
  finalizedNumber = 0;
  /** Blocks for which nothing of the pool is included. */
  stalled = 0;
  readonly missingPulses = new Set<number>();
  allPulsesMissing = false;
  /** Blocks before the finalized one of which the node still knows something. */
  memory = 256;
  next: Partial<State> = {};

  constructor(more: Partial<State> = {}) {
    const state: State = {
      spec: 393,
      nonce: 0,
      tempo: 100,
      lastEpochBlock: 0,
      index: 0,
      commitReveal: false,
      rateLimit: 20,
      lastUpdate: 0,
      permit: true,
      row: [],
      commits: [],
      ...more,
    };
    this.#registeredAt = state.lastUpdate;
    this.blocks.push({ state, included: [], reveals: 0 });
  }

  get head(): number {
    return this.blocks.length - 1;
  }
  get now(): State {
    return (this.blocks.at(-1) as Block).state;
  }

  step(blocks = 1): void {
    for (let left = blocks; left > 0; left -= 1) this.#block();
  }

  #block(): void {
    const number = this.head + 1;
    const state = { ...this.now, ...this.next };
    this.next = {};
    const due = number - state.lastEpochBlock >= state.tempo;
    const reveals = this.#reveal(state, number, state.index + (due ? 1 : 0));
    if (due) {
      state.lastEpochBlock = number;
      state.index += 1;
    }
    const included: Included[] = [];
    if (this.stalled > 0) this.stalled -= 1;
    else
      for (const tx of this.pool.toSorted((a, b) => a.nonce - b.nonce))
        this.#apply(tx, state, number, included);
    this.pool = this.pool.filter((tx) => tx.nonce >= state.nonce && number + 1 < tx.birth + ERA);
    this.blocks.push({ state, included, reveals });
    this.finalizedNumber = Math.max(this.finalizedNumber, number - this.lag);
  }

  #reveal(state: State, number: number, current: number): number {
    let reveals = 0;
    const kept: Commit[] = [];
    for (const commit of state.commits) {
      if (commit.isStuck) kept.push(commit);
      else if (commit.epoch < current - 1) continue;
      else if (commit.epoch > current - 1 || !this.#hasPulse(commit.round, number)) kept.push(commit);
      else {
        const row = opened(commit);
        if (row === null) continue;
        state.row = row;
        reveals += 1;
      }
    }
    state.commits = kept;
    return reveals;
  }

  #hasPulse(round: number, block: number): boolean {
    return !this.allPulsesMissing && !this.missingPulses.has(round) && round <= storedRound(block);
  }

  #apply(tx: Tx, state: State, number: number, included: Included[]) {
    if (tx.nonce !== state.nonce || number >= tx.birth + ERA || tx.spec !== state.spec) return;
    state.nonce += 1;
    if (tx.call === null) return;
    const problem = this.#dispatch(tx.call, state, number);
    included.push({ tx, problem });
    if (problem === null) this.counted.push({ block: number, epoch: state.index, hash: hashOf(tx) });
  }

  #dispatch(call: string, state: State, block: number): ChainProblem | null {
    const decoded = decodeCall(Buffer.from(call, 'hex'), CALLS);
    if (!decoded.ok) return { code: 'unknown', message: decoded.why };
    const { content } = decoded;
    if (!state.permit) return { code: 'no_permit', message: 'no permit' };
    if (state.commitReveal !== (content.kind === 'timelocked'))
      return { code: state.commitReveal ? 'commit_reveal_on' : 'commit_reveal_off', message: 'the flag' };
    if (state.lastUpdate !== 0 && block - state.lastUpdate < state.rateLimit)
      return { code: 'too_fast', message: 'too fast' };
    state.lastUpdate = block;
    this.#set(content, state, block);
    return null;
  }

  #set(content: WeightCall, state: State, block: number): void {
    if (content.kind === 'plain') {
      state.row = content.row.uids.map((uid, at) => [uid, content.row.values[at] ?? 0]);
      return;
    }
    const { commit: bytes, revealRound: round } = content;
    const commitHash = blake2AsHex(bytes, 256);
    state.commits = [...state.commits, { epoch: state.index, block, round, bytes, commitHash }];
  }

  /** What the pool says of these bytes. */
  take(bytes: string): SubmitAnswer {
    const tx = txOf(bytes);
    const refused = (code: ChainProblem['code']): SubmitAnswer => ({
      kind: 'refused',
      problem: { code, message: code },
    });
    if (tx.spec !== this.now.spec) return refused('bad_signature');
    if (tx.nonce < this.now.nonce || this.head + 1 >= tx.birth + ERA) return refused('outdated');
    const same = this.pool.find(({ nonce }) => nonce === tx.nonce);
    if (same === undefined) this.pool.push(tx);
    return { kind: 'pending' };
  }

  /** The commits that wait now are never looked at again. */
  forgetCommits(): void {
    this.next = {
      ...this.next,
      commits: this.now.commits.map((commit) => ({ ...commit, isStuck: true })),
    };
  }

  /** Another tool of the operator, such as one that announces an axon. */
  foreign(): void {
    this.pool.push({
      nonce: this.nextNonce(),
      birth: this.head,
      spec: this.now.spec,
      call: null,
      signature: 0,
    });
  }

  nextNonce(): number {
    return Math.max(this.now.nonce, ...this.pool.map(({ nonce }) => nonce + 1));
  }

  chain(): Chain {
    return {
      genesisHash: GENESIS,
      finalized: async () => this.view(this.finalizedNumber),
      viewAt: async (number) => this.view(number),
      nextNonce: async () => this.nextNonce(),
      sign: async (view, call, { nonce }) => {
        this.#signatures += 1;
        const tx: Tx = {
          nonce,
          birth: view.block.number,
          spec: view.specVersion,
          call: Buffer.from(call).toString('hex'),
          signature: this.#signatures,
        };
        return {
          bytes: bytesOf(tx),
          hash: hashOf(tx),
          nonce,
          birthBlock: tx.birth,
          deathBlock: tx.birth + ERA,
        };
      },
      signAgain: async (extrinsic) => {
        const tx = txOf(extrinsic.bytes);
        if (tx.spec !== this.now.spec) throw new ChainError('upgrading', 'another runtime makes blocks now');
        this.#signatures += 1;
        const again = { ...tx, signature: this.#signatures };
        return { ...extrinsic, bytes: bytesOf(again), hash: hashOf(again) };
      },
      submit: async (bytes) => this.take(bytes),
      find: async (bytes, from, to) => this.#find(txOf(bytes), from, to),
      initializationEvents: async (block) =>
        Array.from({ length: this.#known(block).reveals }, () => ({
          method: 'TimelockedWeightsRevealed',
          data: [NETUID, ALICE],
        })),
      status: () => ({ endpoint: 'model', specVersion: this.now.spec, headAt: 0, failovers: 0 }),
      close: async () => {},
    };
  }

  #known(number: number): Block {
    const block = this.blocks[number];
    if (block === undefined) throw new ChainError('unreachable', `no block ${number}`);
    if (number < this.finalizedNumber - this.memory)
      throw new ChainError('pruned', `block ${number} is gone`);
    return block;
  }

  #find(wanted: Tx, from: number, to: number): Outcome | null {
    for (let number = from; number <= to; number += 1) {
      const { included } = this.#known(number);
      const index = included.findIndex(({ tx }) => unsigned(tx) === unsigned(wanted));
      const found = included[index];
      if (found === undefined) continue;
      const { tx, problem } = found;
      return { block: refOf(number), index, bytes: bytesOf(tx), hash: hashOf(tx), problem, events: [] };
    }
    return null;
  }

  view(number: number): ChainView {
    const { state } = this.#known(number);
    const api = { call: { accountNonceApi: { accountNonce: async () => state.nonce } }, query: {} };
    return {
      block: refOf(number),
      timestampMs: (START_SECONDS + number * BLOCK_SECONDS) * 1_000,
      specVersion: state.spec,
      calls: SPEC_393,
      runtimeProblems: [],
      api: api as unknown as ChainView['api'],
    };
  }

  readonly readSubnet = async ({ block, timestampMs, specVersion }: ChainView): Promise<SubnetState> => {
    const { state } = this.#known(block.number);
    return {
      block,
      timestampMs,
      specVersion,
      netuid: NETUID,
      exists: true,
      size: 9,
      uidOf: new Map([
        [OWNER, 0],
        [ALICE, 1],
        [BOB, 2],
      ]),
      ownerHotkey: OWNER,
      ownerUid: 0,
      minAllowedWeights: 0,
      rateLimitBlocks: state.rateLimit,
      versionKey: 0n,
      commitReveal: state.commitReveal,
      commitRevealVersion: 4,
      revealPeriodEpochs: 1,
      mechanisms: 1,
      stakeThresholdRao: 0n,
      activityCutoffBlocks: 5_000,
      consensus: 'Yuma',
      schedule: {
        form: 'stateful',
        head: block.number,
        tempo: state.tempo,
        lastEpochBlock: state.lastEpochBlock,
        pendingEpochAt: 0,
        subnetEpochIndex: state.index,
        blocksSinceLastStep: block.number - state.lastEpochBlock,
      },
      lastStoredRound: storedRound(block.number),
      own: {
        hotkey: ALICE,
        uid: 1,
        permit: state.permit,
        stakeRao: 10n,
        lastUpdate: state.lastUpdate,
        registeredAt: this.#registeredAt,
        row: state.row,
        commits: state.commits,
      },
    };
  };
}

function refOf(number: number) {
  return { number, hash: `0x${number.toString(16).padStart(64, '0')}` };
}

function storedRound(block: number): number {
  return Math.floor((START_SECONDS + block * BLOCK_SECONDS - BEACON.genesisSeconds) / BEACON.periodSeconds);
}

function bytesOf(tx: Tx): string {
  return `0x${Buffer.from(JSON.stringify(tx)).toString('hex')}`;
}

function txOf(bytes: string): Tx {
  return JSON.parse(Buffer.from(bytes.slice(2), 'hex').toString());
}

function unsigned({ signature: _, ...tx }: Tx): string {
  return JSON.stringify(tx);
}

function hashOf(tx: Tx): string {
  return `0x${createHash('sha256').update(bytesOf(tx)).digest('hex')}`;
}

/** Null where the chain would say nothing and set nothing. */
function opened({ bytes, round }: Commit): (readonly [number, number])[] | null {
  try {
    const pulse = roundPoint(round).multiply(SECRET).toBytes(true);
    const reader = new ScaleReader(timelockDecrypt(bytes, pulse));
    const hotkey = reader.value('Bytes') as Uint8Array;
    const [uids, values] = [reader.value('Vec<u16>') as number[], reader.value('Vec<u16>') as number[]];
    if (!Buffer.from(hotkey).equals(decodeAddress(ALICE))) return null;
    return uids.map((uid, at) => [uid, values[at] ?? 0] as const);
  } catch {
    return null;
  }
}

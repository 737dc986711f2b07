/** A Bittensor chain in this process, for tests and the demo: see README.md. */
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { TEST_BEACON, type TestBeacon } from './beacon.ts';
import { Faults } from './faults.ts';
import type { RuntimeForm, RuntimeShape } from './metadata/author.ts';
import type { Block } from './node/block.ts';
import { ChainNode } from './node/node.ts';
import { Runtime } from './node/runtime.ts';
import { setProxies } from './pallet/proxies.ts';
import type { ChainRecord } from './record.ts';
import { serve } from './rpc/server.ts';
import { type SubnetHandle, subnetHandle } from './subnet-handle.ts';
import { addSubnet, type SubnetSetup } from './subnet-setup.ts';

export type { SubnetHandle };

export interface ChainDoubleOptions {
  readonly subnets?: readonly SubnetSetup[];
  /** `today` by default. */
  readonly runtime?: RuntimeForm;
  readonly specVersion?: number;
  /** Any free one by default. */
  readonly port?: number;
  /** Blocks that finality is behind the head; 0 by default. */
  readonly finalityLag?: number;
  /** Makes a block every so many milliseconds; none by itself when left out. */
  readonly blockMs?: number;
  /** Number of the first block; 1,000 by default. Only genesis is before it. */
  readonly firstBlock?: number;
  /** Unix milliseconds of chain time at the first block. */
  readonly startAtMs?: number;
  /** Chains of other names have another genesis. */
  readonly chainName?: string;
  /** `StakeThreshold`, in rao. */
  readonly stakeThreshold?: number | bigint;
  /** Whether the pool holds commits to the rate limit too, as the newest runtimes do; true by default. */
  readonly commitsRateLimitedInPool?: boolean;
}

export interface BlockAt {
  readonly number: number;
  readonly hash: string;
}

export interface RuntimeChange {
  readonly specVersion: number;
  readonly changedCalls?: readonly string[];
  readonly unknownExtension?: string | null;
  readonly transactionVersion?: number;
}

export interface ChainDouble {
  /** `ws://127.0.0.1:…` */
  readonly url: string;
  readonly genesisHash: string;
  /** What commits are to be encrypted with. */
  readonly beacon: TestBeacon;
  readonly faults: Faults;
  readonly record: ChainRecord;
  /** Makes blocks, one by default; the last one. Chain time moves by 12 s with each. */
  mine(blocks?: number): Promise<BlockAt>;
  /** Makes blocks until the head has that number. */
  mineTo(block: number): Promise<BlockAt>;
  head(): BlockAt;
  finalized(): BlockAt;
  /** Unix milliseconds of a block, the head by default. */
  timeOf(block?: number): number;
  subnet(netuid: number): SubnetHandle;
  /** Writes any storage entry, such as `SubtensorModule.StakeThreshold`; null removes it. In the state from the next block on. */
  set(item: string, keys: readonly unknown[], value: unknown): void;
  /** Makes these accounts, and no others, the `NonFungible` proxies of `real`. */
  setProxies(real: string, delegates: readonly string[]): void;
  /** Starts, changes or (null) ends the making of blocks by itself. */
  autoBlocks(everyMs: number | null): void;
  /** Finality stays where it is, and with `false` catches up at once. */
  stallFinality(stalled?: boolean): void;
  /**
   * The last blocks, none of them final, give way to another branch that is longer by one. What was in them is in its first
   * block, or nowhere when it is `lost`.
   */
  reorganise(depth: number, fate?: 'kept' | 'lost'): void;
  /** State of blocks that are more than so many behind the head is gone; null: nothing is gone. */
  keepStates(blocks: number | null): void;
  /** Another runtime from the next block's end on. Transactions that were signed for the last one are worth nothing then. */
  upgrade(change: RuntimeChange): void;
  /** Forgets all waiting transactions. */
  dropPool(): void;
  /** Cuts all connections now. */
  cut(): void;
  close(): Promise<void>;
}

const SPEC_VERSIONS: Readonly<Record<RuntimeForm, number>> = { today: 475, spec293: 293 };
const BLOCK_SECONDS = 12;
const BLOCKS_WITHOUT_A_PAUSE = 20;
/** 2026-11-21T11:13:24Z: a fixed time, so that rounds are the same in every run. */
const START_AT_MS = 1_795_223_604_000;

export async function startChainDouble(options: ChainDoubleOptions = {}): Promise<ChainDouble> {
  await cryptoWaitReady();
  const { runtime: form = 'today', specVersion = SPEC_VERSIONS[form], subnets = [] } = options;
  const shape: RuntimeShape = {
    form,
    changedCalls: [],
    unknownExtension: null,
    transactionVersion: 1,
  };
  const faults = new Faults();
  const node = new ChainNode({
    runtime: new Runtime(specVersion, shape),
    firstBlock: options.firstBlock ?? 1_000,
    startAtMs: options.startAtMs ?? START_AT_MS,
    blockSeconds: BLOCK_SECONDS,
    chainName: options.chainName ?? 'Chain double',
    finalityLag: options.finalityLag ?? 0,
    commitsRateLimitedInPool: options.commitsRateLimitedInPool ?? true,
    beacon: TEST_BEACON,
    faults,
  });
  const { state, ledger } = node;
  for (const subnet of subnets) {
    addSubnet(state, subnet);
    node.netuids.push(subnet.netuid);
  }
  if (options.stakeThreshold !== undefined)
    state.write('SubtensorModule.StakeThreshold', [], options.stakeThreshold);
  // the first block is final at once, so that whoever connects finds the subnets
  for (let block = 0; block <= ledger.finalityLag; block++) node.makeBlock();
  const server = await serve(node, faults, options.port ?? 0);

  let timer: NodeJS.Timeout | null = null;
  const autoBlocks = (everyMs: number | null) => {
    if (timer !== null) clearInterval(timer);
    timer = everyMs === null ? null : setInterval(() => node.makeBlock(), everyMs);
  };
  autoBlocks(options.blockMs ?? null);

  const mine = async (blocks = 1) => {
    let last = ledger.head;
    for (let made = 1; made <= blocks; made++) {
      last = node.makeBlock();
      if (made % BLOCKS_WITHOUT_A_PAUSE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return at(last);
  };
  return {
    url: server.url,
    genesisHash: ledger.genesis.hash,
    beacon: TEST_BEACON,
    faults,
    record: node.record,
    mine,
    mineTo: (block) => mine(block - ledger.head.number),
    head: () => at(ledger.head),
    finalized: () => at(ledger.finalized),
    timeOf: (block = ledger.head.number) => node.timeOf(block),
    subnet: (netuid) => subnetHandle(state, netuid),
    set: (item, keys, value) => (value === null ? state.remove(item, keys) : state.write(item, keys, value)),
    setProxies: (real, delegates) => setProxies(state, real, delegates),
    autoBlocks,
    stallFinality: (stalled = true) => {
      ledger.finalityStalled = stalled;
      node.finalize();
    },
    reorganise: (depth, fate = 'kept') => node.reorganise(depth, fate === 'lost'),
    keepStates: (blocks) => {
      ledger.keptStates = blocks;
    },
    upgrade: ({ specVersion: spec, ...change }) => node.upgrade(new Runtime(spec, { ...shape, ...change })),
    dropPool: () => node.pool.drop(),
    cut: server.cut,
    close: () => {
      autoBlocks(null);
      return server.close();
    },
  };
}

function at({ number, hash }: Block): BlockAt {
  return { number, hash };
}

/** Opens one connection: the right chain first, then heads, then a polkadot-js that was made for it alone. */
import { ApiPromise } from '@polkadot/api';
import type { ApiOptions } from '@polkadot/api/types';
import { rpcDefinitions } from '@polkadot/types';
import { ChainError } from '../chain.ts';
import { asChainError } from './as-chain-error.ts';
import { endpointName } from './endpoint-name.ts';
import { EndpointSocket } from './endpoint-socket.ts';
import { watchHeads } from './head-watch.ts';
import type { TimeLimits, Timers } from './timers.ts';

/** One endpoint, checked and ready. It is used until it fails and then never again. */
export interface Connection {
  /** How messages call it. */
  readonly endpoint: string;
  readonly api: ApiPromise;
  /** Of the newest block when it was opened. */
  readonly specVersion: number;
  /** One JSON-RPC request. Rejects with `ChainError`, whose cause is the `RpcRefusal` where the node answered with an error. */
  request<T>(method: string, params?: readonly unknown[]): Promise<T>;
  /** Unix milliseconds of the last new head; null before the first. */
  headAt(): number | null;
  /** Null while it lives. */
  ended(): ChainError | null;
  /** Runs once it has ended by itself. */
  onEnd(run: (why: ChainError) => void): void;
  /** Ends it for that reason. */
  end(why: ChainError): void;
}

export interface OpenOptions {
  readonly genesisHash: string;
  readonly limits: TimeLimits;
  readonly timers: Timers;
}

/**
 * Rejects with `ChainError`: `wrong_genesis` where the node is of another chain, which is asked before anything that it says
 * is used.
 */
export async function openConnection(
  url: string,
  { genesisHash, limits, timers }: OpenOptions,
): Promise<Connection> {
  const endpoint = endpointName(url);
  const socket = new EndpointSocket({ url, name: endpoint, limits, timers });
  const heads = watchHeads(timers, limits.headMs, () =>
    socket.end(
      new ChainError(
        'unreachable',
        `${endpoint} announced no new block for ${limits.headMs / 1000} s: it has lost its peers, or the chain stands still`,
      ),
    ),
  );
  socket.on('disconnected', () => heads.stop());
  try {
    await socket.connect();
    const genesis = await socket.request<unknown>('chain_getBlockHash', [0]);
    if (genesis !== genesisHash)
      throw new ChainError(
        'wrong_genesis',
        `${endpoint} is a node of another chain: its block 0 is ${String(genesis).slice(0, 80)}, not ${genesisHash}; correct the address or the genesis hash`,
      );
    await socket.subscribe('chain_newHead', 'chain_subscribeNewHeads', [], () => heads.seen());
    const api = await Promise.race([readyApi(socket, endpoint), socket.lost]);
    socket.started();
    return {
      endpoint,
      api,
      specVersion: api.runtimeVersion.specVersion.toNumber(),
      request: (method, params = []) => socket.request(method, params),
      headAt: heads.at,
      ended: () => socket.ended,
      onEnd(run) {
        if (socket.ended === null) socket.on('disconnected', run);
        else run(socket.ended);
      },
      end: (why) => socket.end(why),
    };
  } catch (error) {
    const why = socket.ended ?? asChainError(error, endpoint);
    socket.end(why);
    throw why;
  }
}

async function readyApi(provider: EndpointSocket, endpoint: string): Promise<ApiPromise> {
  try {
    return await ApiPromise.create({ provider, noInitWarn: true, throwOnConnect: true, rpc: QUIET });
  } catch (error) {
    throw new ChainError(
      'protocol',
      `${endpoint} answers, but polkadot-js cannot work with it: ${(error as Error).message.slice(0, 200)}`,
      error,
    );
  }
}

/** polkadot-js prints each refused request on the console; here it is an error that somebody gets. */
const QUIET = Object.fromEntries(
  (['author', 'chain', 'rpc', 'state', 'system'] as const).map((section) => [
    section,
    Object.fromEntries(
      Object.entries<object>(rpcDefinitions[section] ?? {}).map(([method, definition]) => [
        method,
        { ...definition, noErrorLog: true },
      ]),
    ),
  ]),
) as NonNullable<ApiOptions['rpc']>;

/** The chain over several endpoints: one connection at a time, replaced when it fails. */
import { type Chain, ChainError, type ChainStatus } from '../chain.ts';
import { asChainError } from './as-chain-error.ts';
import { eventsOf } from './block-events.ts';
import { finalizedHash, headOf } from './blocks.ts';
import { Elsewhere } from './elsewhere.ts';
import { checkEndpoints } from './endpoint-name.ts';
import { type ConnectionLog, Failover, type PutAside } from './failover.ts';
import { findExtrinsic } from './find.ts';
import { newestView } from './newest.ts';
import { type Connection, openConnection } from './open.ts';
import { refusalOf } from './rpc-refusal.ts';
import { runtimeVersion } from './runtime.ts';
import { patience } from './send-elsewhere.ts';
import { signAgain, signCall } from './sign.ts';
import { submitBytes } from './submit.ts';
import { systemTimers, TIME_LIMITS, type TimeLimits, type Timers } from './timers.ts';
import { viewOf } from './view.ts';

export interface ConnectOptions {
  /** `ws://` or `wss://`, the preferred one first. */
  readonly endpoints: readonly string[];
  /** Of the chain that is meant: `0x` and 64 lower-case digits. */
  readonly genesisHash: string;
  readonly limits?: Partial<TimeLimits>;
  readonly timers?: Timers;
  readonly log?: ConnectionLog;
}

export interface ConnectedChain extends Chain {
  status(): ConnectionStatus;
}

export interface ConnectionStatus extends ChainStatus {
  /** Endpoints of another chain. Each is worth an alert. */
  readonly putAside: readonly PutAside[];
}

/**
 * Opens nothing until something is asked for. What reads is tried over as many connections as there are endpoints and one more
 * before it rejects; what is submitted is sent once, for the caller to send again. Throws `RangeError` without a usable
 * endpoint.
 */
export function connectChain({
  endpoints,
  genesisHash,
  limits,
  timers = systemTimers,
  log = () => undefined,
}: ConnectOptions): ConnectedChain {
  checkEndpoints(endpoints);
  const open = { genesisHash, limits: { ...TIME_LIMITS, ...limits }, timers };
  const failover = new Failover({ urls: endpoints, open: (url) => openConnection(url, open), timers, log });

  const elsewhere = new Elsewhere({ open: (url) => failover.open(url), timers, log });

  const countSending = patience(endpoints.length);
  const newest = newestView((connection) => failover.renew(connection));
  const read = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
    for (let left = endpoints.length; ; left--) {
      const connection = await failover.connection();
      try {
        return await work(connection);
      } catch (error) {
        const why = asChainError(error, connection.endpoint);
        // the endpoint itself says that it does not want to serve
        if (why.code === 'unreachable' && refusalOf(why) !== null) connection.end(why);
        const ended = connection.ended();
        if (ended === null) throw why;
        if (left === 0) throw ended;
      }
    }
  };

  /** Of blocks that the endpoint in use may have forgotten. */
  const readPast = <T>(work: (connection: Connection) => Promise<T>): Promise<T> =>
    read(async (connection) => {
      try {
        return await work(connection);
      } catch (error) {
        const why = asChainError(error, connection.endpoint);
        if (why.code !== 'pruned') throw why;
        const kept = await elsewhere.ask(failover.others(), work);
        if (kept === null) throw why;
        return kept.answer;
      }
    });
  const viewAt = (block: number) =>
    readPast(async (connection) =>
      viewOf(connection, await headOf(connection, await finalizedHash(connection, block))),
    );

  return {
    genesisHash,
    finalized: () => read(newest),
    viewAt,
    nextNonce: (account) =>
      read(async (connection) => {
        const nonce = await connection.request<unknown>('system_accountNextIndex', [account]);
        if (typeof nonce === 'number' && Number.isSafeInteger(nonce) && nonce >= 0) return nonce;
        throw new ChainError('protocol', `${connection.endpoint} gave no nonce for ${account}`);
      }),
    async sign(view, call, by) {
      const runtime = await read((connection) => runtimeVersion(connection));
      return signCall({ view, call, ...by, genesisHash, runtime });
    },
    async signAgain(extrinsic, by) {
      const view = await viewAt(extrinsic.birthBlock);
      const runtime = await read((connection) => runtimeVersion(connection));
      return signAgain(extrinsic, { view, ...by, genesisHash, runtime });
    },
    async submit(bytes) {
      countSending(await failover.connection(), bytes);
      return submitBytes(await failover.connection(), bytes);
    },
    find: (bytes, from, to) => readPast((connection) => findExtrinsic(connection, bytes, from, to)),
    initializationEvents: (block) =>
      readPast(async (connection) => {
        const events = await eventsOf(await connection.api.at(await finalizedHash(connection, block)));
        return events
          .filter(({ phase, event }) => phase.isInitialization && event.section === 'subtensorModule')
          .map(({ event }) => ({ method: event.method, data: event.data.map((value) => value.toJSON()) }));
      }),
    status: () => {
      const { current, failovers, headAt } = failover;
      return {
        endpoint: current?.endpoint ?? null,
        specVersion: current?.specVersion ?? null,
        headAt,
        failovers,
        putAside: failover.putAside(),
      };
    },
    close: async () => {
      failover.close();
      elsewhere.close();
    },
  };
}

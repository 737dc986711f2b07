/**
 * One WebSocket to one node, as polkadot-js wants its provider. Not polkadot-js's own: that one leaves unanswered submissions
 * open for ever, reconnects without a look at the genesis, and lets a malformed message end the process.
 */
import type { ProviderInterface } from '@polkadot/rpc-provider/types';
import { ChainError } from '../chain.ts';
import { parseMessage } from './rpc-message.ts';
import { RpcRefusal, refusalError } from './rpc-refusal.ts';
import type { TimeLimits, Timers } from './timers.ts';
import { type OpenWebSocket, openWebSocket } from './web-socket.ts';

interface Pending {
  readonly method: string;
  settle(result: { readonly value: unknown } | { readonly error: ChainError }): void;
}
type Notify = (error: Error | null, result: unknown) => void;
type Event = Parameters<ProviderInterface['on']>[0];
type Listener = Parameters<ProviderInterface['on']>[1];

export interface EndpointSocketOptions {
  readonly url: string;
  /** How messages call it. */
  readonly name: string;
  readonly limits: TimeLimits;
  readonly timers: Timers;
}

/**
 * Every request is answered or rejects with a `ChainError` within its limit. One that is not answered in time ends the
 * connection: what keeps silent once is not asked again.
 */
export class EndpointSocket implements ProviderInterface {
  readonly hasSubscriptions = true;
  readonly isClonable = false;
  readonly #options: EndpointSocketOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #notify = new Map<string | number, Notify>();
  readonly #listeners = new Map<Event, Set<Listener>>();
  readonly #socket: OpenWebSocket;
  readonly #opened: Promise<void>;
  /** Rejects with the reason when the connection ends. */
  readonly lost: Promise<never>;
  #lastId = 0;
  #open = false;
  #starting = true;
  #ended: ChainError | null = null;

  constructor(options: EndpointSocketOptions) {
    this.#options = options;
    const { url, name, limits, timers } = options;
    this.#socket = openWebSocket(url, {
      open: () => {
        this.#open = true;
        this.#emit('connected');
      },
      text: (text) => this.#onMessage(text),
      end: (why) => this.end(this.#unreachable(why)),
    });
    this.lost = new Promise((_, reject) => {
      this.on('disconnected', reject);
    });
    this.lost.catch(() => undefined);
    const open = new Promise<void>((resolve) => {
      const late = timers.after(limits.connectMs, () =>
        this.end(
          new ChainError(
            'timed_out',
            `${name} did not open a connection within ${seconds(limits.connectMs)}: check the address, or add another endpoint`,
          ),
        ),
      );
      this.on('connected', () => {
        late();
        resolve();
      });
      this.on('disconnected', late);
    });
    this.#opened = Promise.race([open, this.lost]);
    this.#opened.catch(() => undefined);
  }

  get isConnected(): boolean {
    return this.#open && this.#ended === null;
  }

  /** Why the connection ended; null while it has not. */
  get ended(): ChainError | null {
    return this.#ended;
  }

  /** Until the connection is open; rejects with the `ChainError` that ended it before. */
  connect(): Promise<void> {
    return this.#opened;
  }

  async disconnect(): Promise<void> {
    this.end(new ChainError('closed', `the connection to ${this.#options.name} was closed`));
  }

  clone(): never {
    throw new Error('an endpoint has one socket');
  }

  on(event: Event, listener: Listener): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** One request: ours, and through `send` those of polkadot-js. */
  request<T>(method: string, params: readonly unknown[]): Promise<T> {
    return this.#request(method, params);
  }

  // biome-ignore lint/suspicious/noExplicitAny: the interface of polkadot-js
  send<T = any>(method: string, params: unknown[]): Promise<T> {
    return this.#request<T>(method, params).catch((error: unknown) => {
      // it would print on the console why it cannot start; whoever opens the connection knows and drops it
      if (this.#starting && this.#ended !== null) return new Promise<never>(() => undefined);
      throw error;
    });
  }

  /** polkadot-js is ready: from now on it too is told when the connection ends. */
  started(): void {
    this.#starting = false;
  }

  #request<T>(method: string, params: readonly unknown[], arrived?: (value: T) => void): Promise<T> {
    const { name, limits, timers } = this.#options;
    if (this.#ended !== null) return Promise.reject(this.#ended);
    const id = ++this.#lastId;
    const limit = method === 'author_submitExtrinsic' ? limits.submitMs : limits.readMs;
    return new Promise<T>((resolve, reject) => {
      const late = timers.after(limit, () =>
        this.end(
          new ChainError(
            'timed_out',
            `${name} did not answer ${method} within ${seconds(limit)}: it is left for the next endpoint`,
          ),
        ),
      );
      this.#pending.set(id, {
        method,
        settle: (result) => {
          late();
          this.#pending.delete(id);
          if ('error' in result) reject(result.error);
          else {
            arrived?.(result.value as T);
            resolve(result.value as T);
          }
        },
      });
      try {
        this.#socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
      } catch (error) {
        this.end(this.#unreachable((error as Error).message));
      }
    });
  }

  async subscribe(type: string, method: string, params: unknown[], notify: Notify): Promise<string | number> {
    // polkadot-js would swap other metadata into registries that are in use: a new runtime gets a new connection instead
    if (type === 'state_runtimeVersion') return type;
    // at once: the first notification may come in the same packet as the answer
    return this.#request<string | number>(method, params, (id) => this.#notify.set(id, notify));
  }

  async unsubscribe(_type: string, _method: string, id: string | number): Promise<boolean> {
    return this.#notify.delete(id);
  }

  /** Ends the connection for this reason, which every waiting request rejects with. Only the first reason counts. */
  end(why: ChainError): void {
    if (this.#ended !== null) return;
    this.#ended = why;
    this.#notify.clear();
    this.#socket.hangUp();
    for (const pending of [...this.#pending.values()]) pending.settle({ error: why });
    this.#emit('disconnected', why);
  }

  #onMessage(text: string): void {
    const message = parseMessage(text);
    if (message === null) {
      this.end(
        new ChainError(
          'unreachable',
          `${this.#options.name} does not speak JSON-RPC: check the address (it said ${text.slice(0, 80)})`,
        ),
      );
    } else if ('params' in message) {
      this.#notify.get(message.params.subscription)?.(null, message.params.result);
    } else {
      const pending = this.#pending.get(message.id);
      if (pending === undefined) return;
      if ('error' in message) {
        const { code, message: said, data } = message.error;
        const refusal = new RpcRefusal(code, said, data);
        pending.settle({ error: refusalError(this.#options.name, pending.method, refusal) });
      } else pending.settle({ value: message.result });
    }
  }

  #emit(event: Event, value?: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(value);
  }

  #unreachable(why: string): ChainError {
    return new ChainError(
      'unreachable',
      `${this.#options.name} cannot be reached (${why}): check the address and the network, or add another endpoint`,
    );
  }
}

const seconds = (ms: number): string => `${ms / 1000} s`;

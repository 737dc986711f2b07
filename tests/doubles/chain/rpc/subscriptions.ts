/** JSON-RPC methods that answer again and again. */

import type { Faults } from '../faults.ts';
import type { Block } from '../node/block.ts';
import type { ChainNode } from '../node/node.ts';
import type { PoolStatus } from '../node/pool.ts';
import type { Params } from './rpc-methods.ts';

interface Topic {
  /** Method name of its notifications. */
  readonly notification: string;
  readonly unsubscribe: string;
  /** Sent at once. */
  readonly first: (node: ChainNode) => unknown;
}

const newHeads: Omit<Topic, 'unsubscribe'> = {
  notification: 'chain_newHead',
  first: (node) => node.ledger.head.header,
};
const TOPICS: Readonly<Record<string, Topic>> = {
  state_subscribeRuntimeVersion: {
    notification: 'state_runtimeVersion',
    unsubscribe: 'state_unsubscribeRuntimeVersion',
    first: (node) => node.runtime.version(),
  },
  chain_subscribeNewHeads: { ...newHeads, unsubscribe: 'chain_unsubscribeNewHeads' },
  // the older name, which polkadot-js still uses
  chain_subscribeNewHead: { ...newHeads, unsubscribe: 'chain_unsubscribeNewHead' },
  chain_subscribeAllHeads: {
    notification: 'chain_allHead',
    unsubscribe: 'chain_unsubscribeAllHeads',
    first: (node) => node.ledger.head.header,
  },
  chain_subscribeFinalizedHeads: {
    notification: 'chain_finalizedHead',
    unsubscribe: 'chain_unsubscribeFinalizedHeads',
    first: (node) => node.ledger.finalized.header,
  },
};
const WATCH = 'author_submitAndWatchExtrinsic';
const WATCH_NOTIFICATION = 'author_extrinsicUpdate';
const UNWATCH = 'author_unwatchExtrinsic';

/** Somebody at the other end of a socket. */
export interface Client {
  send(message: object): void;
}

interface Subscription {
  readonly client: Client;
  readonly notification: string;
}

export class Subscriptions {
  readonly #open = new Map<string, Subscription>();
  readonly #node: ChainNode;
  #last = 0;

  constructor(node: ChainNode, faults: Faults) {
    this.#node = node;
    const heads = (notification: string, block: Block) => {
      if (!faults.headsStopped) this.#tell(notification, block.header);
    };
    node.listeners.push({
      newHead: (block) => {
        heads('chain_newHead', block);
        heads('chain_allHead', block);
      },
      finalized: (block) => heads('chain_finalizedHead', block),
      runtimeChanged: (runtime) => this.#tell('state_runtimeVersion', runtime.version()),
    });
  }

  static readonly methods: readonly string[] = [
    ...Object.entries(TOPICS).flatMap(([subscribe, { unsubscribe }]) => [subscribe, unsubscribe]),
    WATCH,
    UNWATCH,
  ];

  static answers(method: string): boolean {
    return Subscriptions.methods.includes(method);
  }

  /** What is to be answered, and what to send after that. Throws `RpcError`. */
  answer(
    client: Client,
    method: string,
    params: Params,
  ): { readonly result: unknown; readonly after: () => void } {
    const topic = TOPICS[method];
    if (topic !== undefined) {
      const id = this.#add(client, topic.notification);
      return { result: id, after: () => this.#notify(id, topic.first(this.#node)) };
    }
    if (method === WATCH) {
      const id = this.#add(client, WATCH_NOTIFICATION);
      try {
        this.#node.submit(params[0], (status) => this.#notifyLater(id, status));
      } catch (error) {
        this.#open.delete(id);
        throw error;
      }
      return { result: id, after: () => this.#notify(id, 'ready') };
    }
    return { result: this.#open.delete(String(params[0])), after: () => {} };
  }

  /** Forgets a client that is gone. */
  leave(client: Client): void {
    for (const [id, subscription] of this.#open) if (subscription.client === client) this.#open.delete(id);
  }

  #add(client: Client, notification: string): string {
    this.#last += 1;
    const id = `double-${this.#last}`;
    this.#open.set(id, { client, notification });
    return id;
  }

  #tell(notification: string, result: unknown): void {
    for (const [id, subscription] of this.#open)
      if (subscription.notification === notification) this.#notify(id, result);
  }

  /** In a turn of its own: polkadot-js forgets that one is in a block when it is final in the same. */
  #notifyLater(id: string, status: PoolStatus): void {
    setImmediate(() => this.#notify(id, status));
  }

  #notify(id: string, result: unknown): void {
    const subscription = this.#open.get(id);
    subscription?.client.send({
      jsonrpc: '2.0',
      method: subscription.notification,
      params: { subscription: id, result },
    });
  }
}

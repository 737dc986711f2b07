/** What one endpoint has forgotten another may keep: asks the others, beside the connection in use and without leaving it. */
import { ChainError } from '../chain.ts';
import { asChainError } from './as-chain-error.ts';
import { endpointName } from './endpoint-name.ts';
import type { ConnectionLog } from './failover.ts';
import type { Connection } from './open.ts';
import type { Timers } from './timers.ts';

export interface ElsewhereOptions {
  readonly open: (url: string) => Promise<Connection>;
  readonly timers: Timers;
  readonly log: ConnectionLog;
}

interface Held {
  readonly opened: Promise<Connection>;
  /** Null until it is open, and where it cannot be opened. */
  connection: Connection | null;
  /** Calls off that it is let go. */
  keep: () => void;
}

/**
 * For so long a connection is kept without use, for whoever asks once asks a dozen times, and a view is read after it was given.
 * As long an endpoint that cannot be connected to is left alone.
 */
const KEPT_MS = 60_000;

export class Elsewhere {
  readonly #options: ElsewhereOptions;
  /** By address. */
  readonly #held = new Map<string, Held>();
  #closed = false;
  constructor(options: ElsewhereOptions) {
    this.#options = options;
  }

  /** The first answer of these endpoints; null where none has one now. */
  async ask<T>(
    urls: readonly string[],
    work: (connection: Connection) => Promise<T>,
  ): Promise<{ readonly answer: T } | null> {
    for (const url of urls) {
      if (this.#closed) return null;
      try {
        return { answer: await work(await this.#connection(url)) };
      } catch (error) {
        const { code, userMessage } = asChainError(error, endpointName(url));
        this.#options.log('another endpoint does not have it either', {
          endpoint: endpointName(url),
          code,
          reason: userMessage,
        });
      }
    }
    return null;
  }

  close(): void {
    this.#closed = true;
    for (const url of [...this.#held.keys()]) this.#letGo(url);
  }

  #connection(url: string): Promise<Connection> {
    const before = this.#held.get(url);
    if (before !== undefined && !before.connection?.ended()) {
      if (before.connection !== null) {
        before.keep();
        before.keep = this.#options.timers.after(KEPT_MS, () => this.#letGo(url));
      }
      return before.opened;
    }
    before?.keep();
    const opened = this.#options.open(url);
    const keep = this.#options.timers.after(KEPT_MS, () => this.#letGo(url));
    const held: Held = { opened, connection: null, keep };
    this.#held.set(url, held);
    opened.then(
      (connection) => {
        held.connection = connection;
      },
      () => undefined,
    );
    return opened;
  }

  #letGo(url: string): void {
    const held = this.#held.get(url);
    this.#held.delete(url);
    held?.keep();
    held?.opened.then(
      (connection) =>
        connection.end(new ChainError('closed', `${connection.endpoint} is not needed any more`)),
      () => undefined,
    );
  }
}

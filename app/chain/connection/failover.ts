/** Which endpoint is used: the one that works, until it fails; then the next one. */
import { ChainError } from '../chain.ts';
import { endpointName } from './endpoint-name.ts';
import type { Connection } from './open.ts';
import type { Timers } from './timers.ts';

export type ConnectionLog = (message: string, fields: Readonly<Record<string, unknown>>) => void;

/** An endpoint that is not used although it answers: an operator must look. */
export interface PutAside {
  readonly endpoint: string;
  readonly problem: ChainError;
}

export interface FailoverOptions {
  /** Addresses, the preferred one first. */
  readonly urls: readonly string[];
  readonly open: (url: string) => Promise<Connection>;
  readonly timers: Timers;
  readonly log: ConnectionLog;
}

/** An endpoint of another chain is looked at again after that time: somebody may have corrected it. */
const ASIDE_MS = 600_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** Opens a connection when one is wanted and never in the background: who asks decides how long it is tried. */
export class Failover {
  readonly #options: FailoverOptions;
  /** By address: why, and until when. */
  readonly #aside = new Map<string, { readonly problem: ChainError; readonly until: number }>();
  #current: Connection | null = null;
  #opening: Promise<Connection> | null = null;
  #first = 0;
  #failedRounds = 0;
  #lastFailure: ChainError | null = null;
  #notBefore = 0;
  #failovers = 0;
  #headAt: number | null = null;
  #closed = false;

  constructor(options: FailoverOptions) {
    this.#options = options;
  }

  /**
   * The connection that lives, or a new one: each endpoint is tried once, beginning with the one after that which failed.
   * When none works, the next round waits (1 s, doubled up to 60 s), and until then this rejects at once.
   */
  connection(): Promise<Connection> {
    if (this.#closed)
      return Promise.reject(new ChainError('closed', 'the connection to the chain was closed'));
    if (this.#current !== null) return Promise.resolve(this.#current);
    this.#opening ??= this.#round().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** The same endpoint again, over a fresh connection: its runtime has changed. */
  renew(connection: Connection): void {
    if (this.#current !== connection) return;
    this.#current = null;
    connection.end(
      new ChainError('upgrading', `${connection.endpoint} has a new runtime and is connected to again`),
    );
  }

  get current(): Connection | null {
    return this.#current;
  }

  /** Addresses of the endpoints but for the one in use and those that are put aside. */
  others(): string[] {
    const used = this.#current === null ? null : this.#first;
    return this.#options.urls.filter((url, index) => index !== used && this.#problemOf(url) === null);
  }

  /** A connection beside the one in use, which is the caller's to end. Rejects with `ChainError`. */
  async open(url: string): Promise<Connection> {
    const opened = await this.#try(url);
    if (opened instanceof ChainError) throw opened;
    return opened;
  }

  /** Unix milliseconds of the last new head, over all connections. */
  get headAt(): number | null {
    return this.#current?.headAt() ?? this.#headAt;
  }

  /** Connections that failed while they were in use. */
  get failovers(): number {
    return this.#failovers;
  }

  putAside(): PutAside[] {
    return [...this.#aside.keys()].flatMap((url) => {
      const problem = this.#problemOf(url);
      return problem === null ? [] : [{ endpoint: endpointName(url), problem }];
    });
  }

  close(): void {
    const connection = this.#current;
    this.#closed = true;
    this.#current = null;
    connection?.end(new ChainError('closed', 'the connection to the chain was closed'));
  }

  async #round(): Promise<Connection> {
    const { urls, timers, log } = this.#options;
    const wait = this.#notBefore - timers.now();
    if (wait > 0 && this.#lastFailure !== null) throw this.#lastFailure;
    const failures: ChainError[] = [];
    for (let step = 0; step < urls.length; step++) {
      const index = (this.#first + step) % urls.length;
      const url = urls[index] as string;
      const aside = this.#problemOf(url);
      const opened = aside ?? (await this.#try(url));
      if (this.#closed) {
        if (!(opened instanceof ChainError))
          opened.end(new ChainError('closed', 'closed while it was opened'));
        throw new ChainError('closed', 'the connection to the chain was closed');
      }
      if (!(opened instanceof ChainError)) return this.#use(opened, index);
      failures.push(opened);
      if (aside !== null) continue;
      log('endpoint does not serve', {
        endpoint: endpointName(url),
        code: opened.code,
        reason: opened.userMessage,
      });
    }
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failedRounds++, LONGEST_PAUSE_MS);
    this.#notBefore = timers.now() + pauseMs;
    this.#lastFailure = together(failures);
    throw this.#lastFailure;
  }

  async #try(url: string): Promise<Connection | ChainError> {
    const { open, timers } = this.#options;
    try {
      return await open(url);
    } catch (error) {
      const problem = error as ChainError;
      if (problem.code === 'wrong_genesis') this.#aside.set(url, { until: timers.now() + ASIDE_MS, problem });
      return problem;
    }
  }

  /** Why it is put aside; null when it is not. */
  #problemOf(url: string): ChainError | null {
    const aside = this.#aside.get(url);
    return aside !== undefined && aside.until > this.#options.timers.now() ? aside.problem : null;
  }

  #use(connection: Connection, index: number): Connection {
    const { urls, log } = this.#options;
    this.#current = connection;
    this.#first = index;
    this.#failedRounds = 0;
    this.#lastFailure = null;
    log('connected to the chain', { endpoint: connection.endpoint, specVersion: connection.specVersion });
    connection.onEnd((why) => {
      this.#headAt = connection.headAt() ?? this.#headAt;
      if (this.#current !== connection) return;
      this.#current = null;
      this.#first = (index + 1) % urls.length;
      this.#failovers += 1;
      log('connection to the chain lost', {
        endpoint: connection.endpoint,
        code: why.code,
        reason: why.userMessage,
      });
    });
    return connection;
  }
}

/** One error for a round in which nothing worked: it passes by itself unless every endpoint is of another chain. */
function together(failures: readonly ChainError[]): ChainError {
  const [first] = failures as [ChainError];
  const telling =
    failures.find(({ retryable }) => retryable) ??
    failures.find(({ code }) => code !== 'wrong_genesis') ??
    first;
  if (failures.length === 1) return telling;
  const all = failures.map(({ userMessage }) => userMessage).join('; ');
  return new ChainError(telling.code, `no endpoint serves: ${all}`, telling);
}

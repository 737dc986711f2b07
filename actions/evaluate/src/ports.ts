/** What the Action needs of the world, so that tests can stand in for GitHub, the clock and the judge. */
import type { ChildProcess, SpawnOptions } from 'node:child_process';

/** The part of `@actions/core` that is used. */
export interface Core {
  getInput(name: string): string;
  /** Masks the token in the log. */
  getIDToken(audience: string): Promise<string>;
  info(message: string): void;
  warning(message: string): void;
  setFailed(message: string): void;
  summary: { addRaw(text: string, addEol?: boolean): { write(): Promise<unknown> } };
}

export interface Clock {
  /** Milliseconds that only rise. */
  now(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export type Spawn = (command: string, args: readonly string[], options: SpawnOptions) => ChildProcess;

export interface Ports {
  readonly core: Core;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly spawn: Spawn;
  /** A random word, for the stop-commands token. */
  readonly randomWord: () => string;
  /** The job's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted when the job is cancelled. */
  readonly cancelled: AbortSignal;
}

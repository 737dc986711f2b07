/** What a command has of the world: handed in, so that tests read what was printed and no command exits the process. */
import type { Readable } from 'node:stream';

export interface Io {
  /** What was asked for: figures, findings, JSON. Ends every line itself. */
  readonly out: (text: string) => void;
  /** What goes on, and what went wrong. */
  readonly err: (text: string) => void;
  /** Whether `err` goes to a terminal, which a started program may then draw on. */
  readonly terminal?: boolean;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable;
  readonly fetch: typeof fetch;
}

/** A command's exit code: 0 well, 1 found something, 2 usage or unreadable input; the judge's own codes pass through. */
export type Command = (argv: readonly string[], io: Io) => Promise<number>;

/** Wrong use: printed with the command's usage line, exit 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** It cannot be done as asked, and the message says what to do: printed alone, exit 1 unless `exitCode` says otherwise. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
  }
}

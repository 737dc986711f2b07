/** A command's world for tests: records what was printed. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { Io } from '../../app/cli/io.ts';

export interface TestIo extends Io {
  readonly printed: () => string;
  readonly said: () => string;
}

export function anIo(options: Partial<Io> & { stdinText?: string } = {}): TestIo {
  let printed = '';
  let said = '';
  return {
    out: (text) => {
      printed += text;
    },
    err: (text) => {
      said += text;
    },
    cwd: options.cwd ?? aFolder(),
    env: options.env ?? {},
    stdin: Readable.from([options.stdinText ?? '']),
    fetch:
      options.fetch ??
      (() => {
        throw new Error('no request is expected here');
      }),
    printed: () => printed,
    said: () => said,
  };
}

export function aFolder(): string {
  return mkdtempSync(path.join(tmpdir(), 'quasar-cli-'));
}

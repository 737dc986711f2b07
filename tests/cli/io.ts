/** A command's world for tests: records what was printed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll } from 'vitest';
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

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder that goes with the test file. */
export function aFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'quasar-cli-'));
  folders.push(folder);
  return folder;
}

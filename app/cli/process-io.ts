/** The real world of a command. */
import type { Io } from './io.ts';

export function processIo(): Io {
  // a reader that goes away (`… | head`) ends the command quietly
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    terminal: process.stderr.isTTY === true,
    cwd: process.cwd(),
    env: process.env,
    stdin: process.stdin,
    fetch: globalThis.fetch,
  };
}

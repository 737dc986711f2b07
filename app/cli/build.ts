/** `build`: what is built from the checkout and not committed. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { bundleAction, bundleCli } from './bundle.ts';
import { CHECKOUT } from './find-python.ts';
import type { Io } from './io.ts';

export const BUILD_HELP = `usage: build [--out DIR]

Writes the command file for miners (cli.mjs, served by the App) and the Action's bundle (evaluate/index.mjs) to DIR
(default: dist/ of the checkout) and prints their SHA-256.
`;

export async function buildCommand(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseArgs({ args: [...argv], options: { out: { type: 'string' } } });
  const out = values.out === undefined ? path.join(CHECKOUT, 'dist') : path.resolve(io.cwd, values.out);
  for (const [file, bundle] of [
    ['cli.mjs', bundleCli],
    ['evaluate/index.mjs', bundleAction],
  ] as const) {
    const { bytes, sha256 } = await bundle(path.join(out, file));
    io.out(`${sha256}  ${path.join(out, file)}  ${bytes} bytes\n`);
  }
  return 0;
}

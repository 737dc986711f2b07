/** Single files made by esbuild: the Action, which runs without `npm ci`, and the command that the App hands to miners. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { embedParsers } from './embed-parsers.ts';
import { embedTasks } from './embed-tasks.ts';
import { CHECKOUT } from './find-python.ts';
import { version } from './version.ts';

export interface Bundle {
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** CommonJS packages inside an ES module still ask for these; `banner` is the first line of the file. */
const COMMONJS = `import { createRequire as createRequireForBundle } from 'node:module';
const require = createRequireForBundle(import.meta.url);`;

/** The Action's `dist/index.mjs`. */
export function bundleAction(outfile: string): Promise<Bundle> {
  return bundle('actions/evaluate/src/main.ts', outfile, { banner: { js: COMMONJS } });
}

/** `cli.mjs`: `link` and `check`, the wasm parsers embedded, no native module; runs on plain Node 20 in any folder. */
export function bundleCli(outfile: string): Promise<Bundle> {
  return bundle('app/cli/miner-main.ts', outfile, {
    banner: { js: `#!/usr/bin/env node\n${COMMONJS}` },
    define: { BUNDLED_VERSION: JSON.stringify(version()) },
    plugins: [embedParsers(), embedTasks()],
  });
}

/** Written beside and renamed, so that a server never reads half a file. The same sources give the same bytes. */
async function bundle(entry: string, outfile: string, options: BuildOptions): Promise<Bundle> {
  const beside = `${outfile}.new`;
  mkdirSync(path.dirname(outfile), { recursive: true });
  await build({
    ...options,
    absWorkingDir: CHECKOUT,
    entryPoints: [entry],
    outfile: path.resolve(beside),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'inline',
    logLevel: 'silent',
  });
  const bytes = statSync(beside).size;
  const sha256 = createHash('sha256').update(readFileSync(beside)).digest('hex');
  renameSync(beside, outfile);
  return { bytes, sha256 };
}

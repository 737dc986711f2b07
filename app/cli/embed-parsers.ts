/** An esbuild plugin: `imports/installed-parsers.ts` reads wasm from node_modules; in a single file it is part of the file. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'esbuild';

const require = createRequire(import.meta.url);

const NAMESPACE = 'embedded-parsers';
const WASM: Readonly<Record<string, string>> = {
  'ruff.wasm': '@astral-sh/ruff-wasm-nodejs/ruff_wasm_bg.wasm',
  'tree-sitter.wasm': 'web-tree-sitter/web-tree-sitter.wasm',
  'python.wasm': 'tree-sitter-python/tree-sitter-python.wasm',
};

export function embedParsers(): Plugin {
  return {
    name: 'embed-parsers',
    setup(build) {
      build.onLoad({ filter: /[\\/]app[\\/]imports[\\/]installed-parsers\.ts$/ }, () => ({
        contents: REPLACEMENT,
        loader: 'js',
      }));
      build.onResolve({ filter: /^embedded:/ }, ({ path }) => ({
        path: path.slice('embedded:'.length),
        namespace: NAMESPACE,
      }));
      build.onLoad({ filter: /\.wasm$/, namespace: NAMESPACE }, ({ path }) => ({
        // every command of the file is read past it: a fifth of the bytes, and nothing is made of them before they are wanted
        contents: gzipSync(readFileSync(require.resolve(WASM[path] ?? path)), { level: 9 }),
        loader: 'base64',
      }));
      build.onLoad({ filter: /^ruff\.js$/, namespace: NAMESPACE }, () => ({
        contents: ruffFactory(),
        loader: 'js',
      }));
    },
  };
}

/** Same interface as the file that it replaces. */
const REPLACEMENT = `
import { gunzipSync } from 'node:zlib';
import makeRuff from 'embedded:ruff.js';
import ruffWasm from 'embedded:ruff.wasm';
import treeSitter from 'embedded:tree-sitter.wasm';
import python from 'embedded:python.wasm';
const unpacked = (packed) => gunzipSync(Buffer.from(packed, 'base64'));
export const installedParsers = () => {
  const wasm = unpacked(ruffWasm);
  return { ruff: () => makeRuff(wasm), treeSitter: unpacked(treeSitter), python: unpacked(python) };
};
`;

/** ruff's glue code instantiates its wasm when loaded: as a function it makes a fresh instance at every call. */
function ruffFactory(): string {
  const glue = readFileSync(require.resolve('@astral-sh/ruff-wasm-nodejs'), 'utf8');
  const read = "const wasmBytes = require('fs').readFileSync(wasmPath);";
  if (!glue.includes(read))
    throw new Error('ruff-wasm-nodejs reads its wasm in another way now: mend embed-parsers.ts');
  return `export default function makeRuff(wasmBytes) {
const exports = {};
const module = { exports };
${glue.replace(read, '').replace(/const wasmPath = .*;/, '')}
return module.exports;
}`;
}

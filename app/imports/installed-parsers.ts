/** The parsers as `npm ci` installed them. The single-file command line replaces this file: see `embed-parsers.ts`. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ParserSources, RuffModule } from './parsers.ts';

const require = createRequire(import.meta.url);

export function installedParsers(): ParserSources {
  const ruff = require.resolve('@astral-sh/ruff-wasm-nodejs');
  return {
    ruff: () => {
      delete require.cache[ruff];
      return require(ruff) as RuffModule;
    },
    treeSitter: readFileSync(require.resolve('web-tree-sitter/web-tree-sitter.wasm')),
    python: readFileSync(require.resolve('tree-sitter-python/tree-sitter-python.wasm')),
  };
}

/** The two parsers that the policy stands on, as it needs them from outside. */
import type { Workspace } from '@astral-sh/ruff-wasm-nodejs';

export interface RuffModule {
  readonly Workspace: typeof Workspace;
}

/** Where the wasm comes from: node_modules (`installed-parsers.ts`) or the single-file command line. */
export interface ParserSources {
  /** A fresh instance at every call: one that threw may be left with a broken stack. */
  readonly ruff: () => RuffModule;
  /** Bytes of `web-tree-sitter.wasm`. */
  readonly treeSitter: Uint8Array;
  /** Bytes of `tree-sitter-python.wasm`. */
  readonly python: Uint8Array;
}

/** Storage that remembers: every entry as it was at each block. */
import type { Hex } from './runtime.ts';

interface Version {
  readonly block: number;
  readonly value: Hex | null;
}

export class Storage {
  readonly #entries = new Map<string, Version[]>();

  put(key: string, value: Hex | null, block: number): void {
    const versions = this.#entries.get(key) ?? [];
    const last = versions.at(-1);
    if (last?.value === value) return;
    if (last?.block === block) versions.pop();
    versions.push({ block, value });
    this.#entries.set(key, versions);
  }

  at(key: string, block: number): Hex | null {
    return this.#entries.get(key)?.findLast((version) => version.block <= block)?.value ?? null;
  }

  /** Forgets what was written for later blocks. */
  rewind(block: number): void {
    for (const [key, versions] of this.#entries)
      this.#entries.set(
        key,
        versions.filter((version) => version.block <= block),
      );
  }

  /** Keys of what is stored at that block, sorted as a node sorts them. */
  keys(prefix: string, block: number): string[] {
    return [...this.#entries.keys()]
      .filter((key) => key.startsWith(prefix) && this.at(key, block) !== null)
      .sort();
  }
}

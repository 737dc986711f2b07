/** Finds a few paths in a commit's tree without believing that the tree is of an ordinary size. */
import type { z } from 'zod';
import type { Sha } from '../ids.ts';
import { refusedLocally } from './errors.ts';
import type { TreeEntry } from './github.ts';
import type { TreeItem } from './operations.ts';

export interface TreeListing {
  readonly tree: readonly z.infer<typeof TreeItem>[];
  readonly truncated: boolean;
}

/** Lists the tree of a commit or a tree, with or without the directories below it. */
export type ListTree = (sha: string, recursive: boolean) => Promise<TreeListing>;

/**
 * The entries at exactly these paths, an absent path has none. One call where the whole tree fits in an answer,
 * otherwise one per directory on the way. Throws `too_large` when a single directory does not fit either.
 */
export async function findEntries(list: ListTree, sha: Sha, paths: readonly string[]): Promise<TreeEntry[]> {
  const whole = await list(sha, true);
  if (!whole.truncated) {
    const wanted = new Set(paths);
    return whole.tree.filter((item) => wanted.has(item.path)).map((item) => toEntry(item, item.path));
  }
  const directories = new Map<string, Promise<TreeListing>>();
  const listOnce = (treeSha: string) => {
    const known = directories.get(treeSha) ?? list(treeSha, false);
    directories.set(treeSha, known);
    return known;
  };
  const found: TreeEntry[] = [];
  for (const path of paths) {
    const entry = await walk(listOnce, sha, path);
    if (entry) found.push(entry);
  }
  return found;
}

async function walk(
  list: (treeSha: string) => Promise<TreeListing>,
  root: Sha,
  path: string,
): Promise<TreeEntry | null> {
  const names = path.split('/');
  let treeSha: string = root;
  for (const [depth, name] of names.entries()) {
    const { tree, truncated } = await list(treeSha);
    const item = tree.find((candidate) => candidate.path === name);
    if (item === undefined && truncated) {
      const directory = names.slice(0, depth).join('/') || 'the root';
      throw refusedLocally('too_large', `directory ${directory} has too many entries for GitHub to list`);
    }
    if (item === undefined) return null;
    if (depth === names.length - 1) return toEntry(item, path);
    if (item.type !== 'tree') return null;
    treeSha = item.sha;
  }
  return null;
}

function toEntry(item: z.infer<typeof TreeItem>, path: string): TreeEntry {
  const size = typeof item.size === 'number' ? { size: item.size } : {};
  return { path, mode: item.mode, type: item.type, sha: item.sha as Sha, ...size };
}

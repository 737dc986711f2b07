/** Copies what a real `git push` changed from the bare repository into emulate's store, under git's own SHAs. */
import type { BareRepositories, GitObject } from './git.ts';
import { assertSha, blobRow, commitRow, treeRow } from './git-objects.ts';
import type { Store } from './rows.ts';

export const NO_COMMIT = '0'.repeat(40);

export interface RefChange {
  readonly ref: string;
  /** `NO_COMMIT` when the ref is new. */
  readonly before: string;
  /** `NO_COMMIT` when the ref was deleted. */
  readonly after: string;
}

export class Replay {
  readonly #store: Store;
  readonly #bare: BareRepositories;
  readonly #known = new Map<number, Set<string>>();

  constructor(store: Store, bare: BareRepositories) {
    this.#store = store;
    this.#bare = bare;
  }

  /** Brings the store in line with the bare repository and says which refs changed since last time. */
  async sync(repoId: number): Promise<RefChange[]> {
    const refs = await this.#bare.refs(repoId);
    const rows = new Map(this.#store.refs.findBy('repo_id', repoId).map((row) => [row.ref, row]));
    const known = this.#known.get(repoId) ?? new Set<string>();
    this.#known.set(repoId, known);
    const objects = await this.#bare.newObjects(repoId, [...new Set(refs.values())], (sha) => known.has(sha));
    this.#insert(repoId, objects);
    for (const object of objects) known.add(object.sha);

    const changes: RefChange[] = [];
    for (const [ref, after] of refs) {
      const row = rows.get(ref);
      if (row?.sha === after) continue;
      changes.push({ ref, before: row?.sha ?? NO_COMMIT, after });
      if (row) this.#store.refs.update(row.id, { sha: after });
      else this.#store.refs.insert({ repo_id: repoId, ref, sha: after, node_id: `REF_${repoId}_${ref}` });
      this.#setBranch(repoId, ref, after);
    }
    for (const [ref, row] of rows) {
      if (refs.has(ref)) continue;
      changes.push({ ref, before: row.sha, after: NO_COMMIT });
      this.#store.refs.delete(row.id);
      this.#setBranch(repoId, ref, null);
    }
    return changes;
  }

  #insert(repoId: number, objects: readonly GitObject[]): void {
    const sizes = new Map(this.#store.blobs.findBy('repo_id', repoId).map((blob) => [blob.sha, blob.size]));
    for (const object of objects) {
      assertSha(object);
      if (object.type === 'blob') sizes.set(object.sha, object.content.length);
    }
    for (const object of objects) {
      if (object.type === 'blob') this.#store.blobs.insert(blobRow(repoId, object));
      if (object.type === 'tree') this.#store.trees.insert(treeRow(repoId, object, (sha) => sizes.get(sha)));
      if (object.type === 'commit') this.#store.commits.insert(commitRow(repoId, object));
    }
  }

  #setBranch(repoId: number, ref: string, sha: string | null): void {
    if (!ref.startsWith('refs/heads/')) return;
    const name = ref.slice('refs/heads/'.length);
    const row = this.#store.branches.findBy('repo_id', repoId).find((branch) => branch.name === name);
    if (sha === null) {
      if (row) this.#store.branches.delete(row.id);
    } else if (row) this.#store.branches.update(row.id, { sha });
    else this.#store.branches.insert({ repo_id: repoId, name, sha, protected: false });
  }
}

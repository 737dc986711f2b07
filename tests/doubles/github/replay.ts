/** Copies what a real `git push` changed from the bare repository into emulate's store, under git's own SHAs. */
import type { BareRepositories, GitObject } from './git.ts';
import { assertSha, blobRow, commitRow, treeRow } from './git-objects.ts';
import type { Collection, NewRow, RepositoryOwned, Store } from './rows.ts';

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

  /**
   * Brings the store in line with the bare repository and says which refs changed since last time.
   * The `relatives` share its objects: on GitHub any SHA of a fork network resolves through each of its forks.
   */
  async sync(repoId: number, relatives: readonly number[]): Promise<RefChange[]> {
    const refs = await this.#bare.refs(repoId);
    const rows = new Map(this.#store.refs.findBy('repo_id', repoId).map((row) => [row.ref, row]));
    const known = this.#knownTo(repoId);
    const objects = await this.#bare.newObjects(repoId, [...new Set(refs.values())], (sha) => known.has(sha));
    for (const id of [repoId, ...relatives]) this.#insert(id, objects);

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

  /** Gives a new fork all objects of its network. */
  share(parentId: number, repoId: number): void {
    copyRows(this.#store.blobs, parentId, repoId);
    copyRows(this.#store.trees, parentId, repoId);
    copyRows(this.#store.commits, parentId, repoId);
    this.#known.set(repoId, new Set(this.#knownTo(parentId)));
  }

  #knownTo(repoId: number): Set<string> {
    const known = this.#known.get(repoId) ?? new Set<string>();
    this.#known.set(repoId, known);
    return known;
  }

  #insert(repoId: number, given: readonly GitObject[]): void {
    const known = this.#knownTo(repoId);
    const objects = given.filter(({ sha }) => !known.has(sha));
    for (const { sha } of objects) known.add(sha);
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

function copyRows<T extends RepositoryOwned>(table: Collection<T>, from: number, to: number): void {
  for (const row of table.all().filter(({ repo_id }) => repo_id === from)) {
    const { id: _, ...columns } = row;
    table.insert({ ...columns, repo_id: to } as unknown as NewRow<T>);
  }
}

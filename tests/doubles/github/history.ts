/** Branches and commits as the replayed pushes left them. */
import { NO_COMMIT } from './replay.ts';
import type { CommitRow, RepositoryRow, Store } from './rows.ts';

export class History {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  branchHead(repository: RepositoryRow, branch: string): string | undefined {
    return this.#branches(repository).find((row) => row.name === branch)?.sha;
  }

  /** A branch that has this head; the default branch where several or none have. */
  branchOf(repository: RepositoryRow, sha: string): string {
    const heads = this.#branches(repository).filter((row) => row.sha === sha);
    return heads.length === 1 && heads[0] ? heads[0].name : repository.default_branch;
  }

  commit(repository: RepositoryRow, sha: string): CommitRow | undefined {
    return this.#store.commits.findBy('repo_id', repository.id).find((row) => row.sha === sha);
  }

  /** Whether `ancestor` is `descendant` or one of its ancestors. */
  isAncestor(repository: RepositoryRow, ancestor: string, descendant: string): boolean {
    const seen = new Set<string>();
    const open = [descendant];
    for (let sha = open.pop(); sha; sha = open.pop()) {
      if (sha === ancestor) return true;
      if (seen.has(sha) || sha === NO_COMMIT) continue;
      seen.add(sha);
      open.push(...(this.commit(repository, sha)?.parent_shas ?? []));
    }
    return false;
  }

  #branches(repository: RepositoryRow) {
    return this.#store.branches.findBy('repo_id', repository.id);
  }
}

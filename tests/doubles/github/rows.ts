/** The rows of emulate's in-memory store that the double reads and writes; not public API there, hence its exact pin. */
export interface Row {
  readonly id: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface AccountRow extends Row {
  readonly login: string;
  readonly node_id: string;
}

export type AccountType = 'User' | 'Organization';

export interface RepositoryRow extends Row {
  readonly node_id: string;
  readonly name: string;
  readonly full_name: string;
  readonly owner_id: number;
  readonly owner_type: AccountType;
  readonly private: boolean;
  readonly visibility: string;
  readonly fork: boolean;
  readonly forked_from_id: number | null;
  readonly default_branch: string;
  readonly pushed_at: string | null;
}

export interface AppRow extends Row {
  readonly app_id: number;
  readonly slug: string;
  readonly name: string;
  readonly private_key: string;
  readonly permissions: Record<string, string>;
  readonly events: readonly string[];
}

export interface InstallationRow extends Row {
  readonly installation_id: number;
  readonly app_id: number;
  readonly account_type: AccountType;
  readonly account_id: number;
  readonly account_login: string;
  readonly repository_selection: 'all' | 'selected';
  readonly repository_ids: readonly number[];
  readonly permissions: Record<string, string>;
  readonly events: readonly string[];
  readonly suspended_at: string | null;
}

export interface RepositoryOwned extends Row {
  readonly repo_id: number;
}

export interface BlobRow extends RepositoryOwned {
  readonly sha: string;
  readonly size: number;
}

export interface TreeRow extends RepositoryOwned {
  readonly sha: string;
  readonly tree: readonly {
    readonly path: string;
    readonly mode: string;
    readonly type: 'blob' | 'tree' | 'commit';
    readonly sha: string;
    readonly size?: number;
  }[];
}

export interface CommitRow extends RepositoryOwned {
  readonly sha: string;
  readonly message: string;
  readonly author_name: string;
  readonly author_email: string;
  readonly author_date: string;
  readonly committer_name: string;
  readonly committer_email: string;
  readonly committer_date: string;
  readonly tree_sha: string;
  readonly parent_shas: readonly string[];
}

export interface RefRow extends RepositoryOwned {
  readonly ref: string;
  readonly sha: string;
}

export interface BranchRow extends RepositoryOwned {
  readonly name: string;
  readonly sha: string;
}

/** New rows also carry columns that only emulate reads. */
export type NewRow<T extends Row> = Omit<T, keyof Row> & { readonly id?: number } & Record<string, unknown>;

export interface Collection<T extends Row> {
  autoId: number;
  insert(row: NewRow<T>): T;
  update(id: number, patch: Partial<Omit<T, keyof Row>> & Record<string, unknown>): T | undefined;
  get(id: number): T | undefined;
  delete(id: number): boolean;
  findBy<K extends keyof T & string>(field: K, value: T[K]): T[];
  findOneBy<K extends keyof T & string>(field: K, value: T[K]): T | undefined;
  all(): T[];
}

export interface Store {
  readonly users: Collection<AccountRow>;
  readonly orgs: Collection<AccountRow>;
  readonly repos: Collection<RepositoryRow>;
  readonly apps: Collection<AppRow>;
  readonly appInstallations: Collection<InstallationRow>;
  readonly blobs: Collection<BlobRow>;
  readonly trees: Collection<TreeRow>;
  readonly commits: Collection<CommitRow>;
  readonly refs: Collection<RefRow>;
  readonly branches: Collection<BranchRow>;
}

/** What a bearer token stands for. */
export interface TokenOwner {
  readonly login: string;
  readonly id: number;
  readonly scopes: readonly string[];
  readonly installation?: {
    readonly installationId: number;
    readonly appId: number;
    readonly accountId: number;
    readonly accountType: AccountType;
    readonly permissions: Record<string, string>;
    readonly repositoryIds: readonly number[];
    readonly repositorySelection: 'all' | 'selected';
  };
}

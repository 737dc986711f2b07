/** Repositories: rows in emulate's store, a bare git repository each, and the life that names and owners lead. */
import type { Account, Accounts } from './accounts.ts';
import type { Emulator } from './emulator.ts';
import type { BareRepositories } from './git.ts';
import { History } from './history.ts';
import type { RefChange, Replay } from './replay.ts';
import { REPOSITORY_DEFAULTS } from './repository-defaults.ts';
import type { RepositoryRow } from './rows.ts';

export type Json = Record<string, unknown>;

export interface RepositoryOptions {
  readonly owner: string;
  readonly name: string;
  readonly private?: boolean;
  readonly defaultBranch?: string;
}

export class Repositories {
  readonly #emulator: Emulator;
  readonly #accounts: Accounts;
  readonly #bare: BareRepositories;
  readonly #replay: Replay;
  readonly #origin: string;
  /** Former full names, which GitHub redirects. */
  readonly #formerNames = new Map<string, number>();
  #lastSync: Promise<unknown> = Promise.resolve();
  readonly history: History;

  constructor(
    emulator: Emulator,
    accounts: Accounts,
    bare: BareRepositories,
    replay: Replay,
    origin: string,
  ) {
    this.#emulator = emulator;
    this.#accounts = accounts;
    this.#bare = bare;
    this.#replay = replay;
    this.#origin = origin;
    this.history = new History(emulator.store);
  }

  /** An empty repository; push to it with git. */
  async create(options: RepositoryOptions): Promise<RepositoryRow> {
    const repository = this.#insert(options, null);
    await this.#bare.create(repository.id, repository.default_branch);
    return repository;
  }

  /** As the Fork button does: all branches of the parent, and no push event. */
  async fork(parent: RepositoryRow, owner: string, name = parent.name): Promise<RepositoryRow> {
    const options = { owner, name, private: parent.private, defaultBranch: parent.default_branch };
    const repository = this.#insert(options, parent.id);
    await this.#bare.clone(parent.id, repository.id);
    this.#replay.share(parent.id, repository.id);
    await this.sync(repository);
    return repository;
  }

  find(fullName: string): RepositoryRow | undefined {
    const wanted = fullName.toLowerCase();
    return this.#emulator.store.repos.all().find((row) => row.full_name.toLowerCase() === wanted);
  }

  get(id: number): RepositoryRow | undefined {
    return this.#emulator.store.repos.get(id);
  }

  all(): RepositoryRow[] {
    return this.#emulator.store.repos.all();
  }

  /** The repository that used to have this name, when no other has taken it since. */
  renamedFrom(fullName: string): RepositoryRow | undefined {
    const id = this.#formerNames.get(fullName.toLowerCase());
    return id === undefined ? undefined : this.get(id);
  }

  /** Throws when there is none. */
  named(fullName: string): RepositoryRow {
    const repository = this.find(fullName);
    if (!repository) throw new Error(`no repository ${fullName}; create it first`);
    return repository;
  }

  owner(repository: RepositoryRow): Account {
    const owner = this.#accounts.byId(repository.owner_id);
    if (!owner) throw new Error(`repository ${repository.full_name} has no owner`);
    return owner;
  }

  rename(repository: RepositoryRow, name: string): RepositoryRow {
    return this.#move(repository, { name, full_name: `${this.owner(repository).login}/${name}` });
  }

  transfer(repository: RepositoryRow, newOwner: string): RepositoryRow {
    const { id, type, login } = this.#accounts.get(newOwner);
    return this.#move(repository, {
      owner_id: id,
      owner_type: type,
      full_name: `${login}/${repository.name}`,
    });
  }

  setPrivate(repository: RepositoryRow, isPrivate: boolean): RepositoryRow {
    return this.#update(repository, {
      private: isPrivate,
      visibility: isPrivate ? 'private' : 'public',
    });
  }

  delete(repository: RepositoryRow): void {
    this.#emulator.store.repos.delete(repository.id);
  }

  /** Takes over what a push left in the bare repository; call after every write to it. One push at a time. */
  sync(repository: RepositoryRow): Promise<RefChange[]> {
    const synced = this.#lastSync.then(async () => {
      const relatives = this.network(repository).map(({ id }) => id);
      const changes = await this.#replay.sync(repository.id, relatives);
      if (changes.length > 0) this.#update(repository, { pushed_at: new Date().toISOString() });
      return changes;
    });
    this.#lastSync = synced.catch(() => {});
    return synced;
  }

  /** All repositories that share one object store with this one on GitHub, without itself. */
  network(repository: RepositoryRow): RepositoryRow[] {
    const root = this.#rootId(repository);
    return this.all().filter((other) => other.id !== repository.id && this.#rootId(other) === root);
  }

  /** GitHub's `repository`; forks of a readable parent name it when `withParent`. */
  async json(repository: RepositoryRow, withParent = false): Promise<Json> {
    const authorization = this.readerFor(repository);
    const response = await this.#emulator.ask('GET', `/repositories/${repository.id}`, { authorization });
    if (!response.ok) throw new Error(`emulate answered ${response.status} for ${repository.full_name}`);
    const page = `${this.#origin}/${repository.full_name}`;
    const host = this.#origin.replace(/^https?:\/\//, '');
    const json: Json = {
      ...((await response.json()) as Json),
      owner: this.#accounts.json(this.owner(repository)),
      html_url: page,
      clone_url: `${page}.git`,
      svn_url: page,
      git_url: `git://${host}/${repository.full_name}.git`,
      ssh_url: `git@${host}:${repository.full_name}.git`,
      web_commit_signoff_required: false,
    };
    const parent = repository.forked_from_id === null ? undefined : this.get(repository.forked_from_id);
    if (withParent && parent) json.parent = json.source = await this.json(parent);
    return json;
  }

  /** Authorisation by which emulate lets the front read this repository; the front has checked the caller. */
  readerFor(repository: RepositoryRow): string {
    return this.#emulator.readAs(this.owner(repository));
  }

  #rootId(repository: RepositoryRow): number {
    const parent = repository.forked_from_id === null ? undefined : this.get(repository.forked_from_id);
    return parent ? this.#rootId(parent) : (repository.forked_from_id ?? repository.id);
  }

  #move(
    repository: RepositoryRow,
    patch: { full_name: string; name?: string; owner_id?: number; owner_type?: Account['type'] },
  ): RepositoryRow {
    if (this.find(patch.full_name)) throw new Error(`there is a repository ${patch.full_name} already`);
    this.#formerNames.set(repository.full_name.toLowerCase(), repository.id);
    this.#formerNames.delete(patch.full_name.toLowerCase());
    return this.#update(repository, patch);
  }

  #update(repository: RepositoryRow, patch: Partial<RepositoryRow>): RepositoryRow {
    const updated = this.#emulator.store.repos.update(repository.id, patch);
    if (!updated) throw new Error(`repository ${repository.full_name} is deleted`);
    return updated;
  }

  #insert(options: RepositoryOptions, parentId: number | null): RepositoryRow {
    const owner = this.#accounts.get(options.owner);
    const fullName = `${owner.login}/${options.name}`;
    if (this.find(fullName)) throw new Error(`there is a repository ${fullName} already`);
    this.#formerNames.delete(fullName.toLowerCase());
    return this.#emulator.store.repos.insert({
      ...REPOSITORY_DEFAULTS,
      node_id: `R_${fullName}`,
      name: options.name,
      full_name: fullName,
      owner_id: owner.id,
      owner_type: owner.type,
      private: options.private ?? false,
      visibility: options.private ? 'private' : 'public',
      fork: parentId !== null,
      forked_from_id: parentId,
      default_branch: options.defaultBranch ?? 'main',
      pushed_at: new Date().toISOString(),
    });
  }
}

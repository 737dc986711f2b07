/** What people do to accounts and repositories on github.com, with the events that Apps hear of it. */
import type { Accounts } from './accounts.ts';
import type { Apps, InstallationOptions } from './apps.ts';
import type { Json, Repositories, RepositoryOptions } from './repositories.ts';
import type { InstallationRow, RepositoryRow } from './rows.ts';
import type { Webhooks } from './webhooks.ts';

interface Parts {
  readonly accounts: Accounts;
  readonly apps: Apps;
  readonly repositories: Repositories;
  readonly webhooks: Webhooks;
}

export class Happenings {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Creates an empty repository; an App installed on all repositories of the owner hears of it. */
  async createRepository(options: RepositoryOptions): Promise<RepositoryRow> {
    const repository = await this.#parts.repositories.create(options);
    await this.#repositoryEvent(repository, 'created');
    this.#added(repository);
    return repository;
  }

  /** Presses Fork. GitHub sends `fork` to the parent and no push. */
  async fork(parentName: string, owner: string, name?: string): Promise<RepositoryRow> {
    const { repositories, accounts, webhooks } = this.#parts;
    const parent = repositories.named(parentName);
    const repository = await repositories.fork(parent, owner, name);
    const payload = {
      forkee: { ...(await repositories.json(repository)), public: !repository.private },
      repository: await repositories.json(parent),
      sender: accounts.json(accounts.get(owner)),
    };
    webhooks.emit({ name: 'fork', repository: parent, payload });
    this.#added(repository);
    return repository;
  }

  /** Installs an App; `installation.created` lists the repositories it now sees. */
  install(options: InstallationOptions): InstallationRow {
    const installation = this.#parts.apps.install(options);
    this.#installationEvent('created', installation);
    return installation;
  }

  uninstall(installation: InstallationRow): void {
    this.#installationEvent('deleted', installation);
    this.#parts.apps.uninstall(installation);
  }

  suspend(installation: InstallationRow): InstallationRow {
    this.#installationEvent('suspend', installation);
    return this.#parts.apps.update(installation, { suspended_at: new Date().toISOString() });
  }

  unsuspend(installation: InstallationRow): InstallationRow {
    const updated = this.#parts.apps.update(installation, { suspended_at: null });
    this.#installationEvent('unsuspend', updated);
    return updated;
  }

  /** Changes which repositories an installation on selected repositories sees. */
  selectRepositories(installation: InstallationRow, fullNames: readonly string[]): InstallationRow {
    const { apps, repositories, webhooks } = this.#parts;
    const before = apps.repositories(installation);
    const ids = fullNames.map((name) => repositories.named(name).id);
    const updated = apps.update(installation, { repository_selection: 'selected', repository_ids: ids });
    const after = apps.repositories(updated);
    const added = after.filter((repository) => !before.includes(repository));
    const removed = before.filter((repository) => !after.includes(repository));
    for (const action of ['added', 'removed'] as const) {
      if ((action === 'added' ? added : removed).length === 0) continue;
      webhooks.emit({
        name: 'installation_repositories',
        action,
        installation: updated,
        payload: this.#repositoriesPayload(updated, action, added, removed),
      });
    }
    return updated;
  }

  async rename(fullName: string, name: string): Promise<RepositoryRow> {
    const before = this.#parts.repositories.named(fullName);
    const changes = { repository: { name: { from: before.name } } };
    const repository = this.#parts.repositories.rename(before, name);
    await this.#repositoryEvent(repository, 'renamed', { changes });
    return repository;
  }

  /** The new owner's installation hears `transferred`; the old one no longer sees the repository. */
  async transfer(fullName: string, newOwner: string): Promise<RepositoryRow> {
    const { accounts, repositories } = this.#parts;
    const before = repositories.named(fullName);
    const owner = repositories.owner(before);
    const from = { [owner.type === 'User' ? 'user' : 'organization']: accounts.json(owner) };
    const repository = repositories.transfer(before, newOwner);
    await this.#repositoryEvent(repository, 'transferred', { changes: { owner: { from } } });
    return repository;
  }

  async setPrivate(fullName: string, isPrivate: boolean): Promise<RepositoryRow> {
    const { repositories } = this.#parts;
    const repository = repositories.setPrivate(repositories.named(fullName), isPrivate);
    await this.#repositoryEvent(repository, isPrivate ? 'privatized' : 'publicized');
    return repository;
  }

  async delete(fullName: string): Promise<void> {
    const repository = this.#parts.repositories.named(fullName);
    await this.#repositoryEvent(repository, 'deleted');
    this.#parts.repositories.delete(repository);
  }

  async #repositoryEvent(repository: RepositoryRow, action: string, more: Json = {}): Promise<void> {
    const { accounts, repositories, webhooks } = this.#parts;
    webhooks.emit({
      name: 'repository',
      action,
      repository,
      payload: {
        action,
        ...more,
        repository: await repositories.json(repository),
        sender: accounts.json(repositories.owner(repository)),
      },
    });
  }

  #added(repository: RepositoryRow): void {
    const { apps, webhooks } = this.#parts;
    for (const app of apps.all()) {
      const installation = apps.installationFor(app, repository);
      if (!installation) continue;
      const payload = this.#repositoriesPayload(installation, 'added', [repository], []);
      webhooks.emit({ name: 'installation_repositories', action: 'added', installation, payload });
    }
  }

  #installationEvent(action: string, installation: InstallationRow): void {
    const { apps, webhooks } = this.#parts;
    const repositories = apps.repositories(installation).map(brief);
    webhooks.emit({
      name: 'installation',
      action,
      installation,
      payload: {
        action,
        installation: apps.installationJson(installation),
        repositories,
        requester: null,
        sender: this.#sender(installation),
      },
    });
  }

  #repositoriesPayload(
    installation: InstallationRow,
    action: 'added' | 'removed',
    added: readonly RepositoryRow[],
    removed: readonly RepositoryRow[],
  ): Json {
    return {
      action,
      installation: this.#parts.apps.installationJson(installation),
      repository_selection: installation.repository_selection,
      repositories_added: action === 'added' ? added.map(brief) : [],
      repositories_removed: action === 'removed' ? removed.map(brief) : [],
      requester: null,
      sender: this.#sender(installation),
    };
  }

  #sender(installation: InstallationRow): Json {
    const { accounts } = this.#parts;
    return accounts.json(accounts.get(installation.account_login));
  }
}

function brief({ id, node_id, name, full_name, private: isPrivate }: RepositoryRow): Json {
  return { id, node_id, name, full_name, private: isPrivate };
}

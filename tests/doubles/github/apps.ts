/** GitHub Apps and their installations. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Accounts } from './accounts.ts';
import type { Json } from './repositories.ts';
import type { InstallationRow, RepositoryRow, Store, TokenOwner } from './rows.ts';

export interface AppOptions {
  readonly slug: string;
  /** Default: all permissions that watcher and operator need. */
  readonly permissions?: Record<string, string>;
  readonly events?: readonly string[];
  /** Default: a random one. */
  readonly webhookSecret?: string;
  /** Where events go; may be set later, events before that are recorded as failed deliveries. */
  readonly webhookUrl?: string;
}

export interface App {
  readonly id: number;
  readonly slug: string;
  readonly permissions: Record<string, string>;
  readonly events: readonly string[];
  /** PEM, PKCS#1, as GitHub hands it out. */
  readonly privateKey: string;
  readonly webhookSecret: string;
  webhookUrl: string | null;
}

export interface InstallationOptions {
  readonly app: string;
  readonly account: string;
  /** Names of repositories of that account; default: all of them, also later ones. */
  readonly repositories?: readonly string[];
}

const FIRST_APP_ID = 4242;
const FIRST_INSTALLATION_ID = 31_001;

export const WATCHER_PERMISSIONS = { contents: 'read', checks: 'write', metadata: 'read' };
export const WATCHER_EVENTS = ['push', 'check_run', 'check_suite', 'repository', 'create', 'delete', 'fork'];
export const OPERATOR_PERMISSIONS = {
  actions: 'write',
  administration: 'read',
  contents: 'read',
  metadata: 'read',
};
export const OPERATOR_EVENTS = ['workflow_run', 'workflow_job', 'repository'];

export class Apps {
  readonly #store: Store;
  readonly #tokens: Map<string, TokenOwner>;
  readonly #accounts: Accounts;
  readonly #origin: string;
  readonly #apps: App[] = [];
  #nextInstallation = FIRST_INSTALLATION_ID;

  constructor(store: Store, tokens: Map<string, TokenOwner>, accounts: Accounts, origin: string) {
    this.#store = store;
    this.#tokens = tokens;
    this.#accounts = accounts;
    this.#origin = origin;
  }

  add(options: AppOptions): App {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
      publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
    });
    const app: App = {
      id: FIRST_APP_ID + this.#apps.length,
      slug: options.slug,
      permissions: options.permissions ?? { ...WATCHER_PERMISSIONS, ...OPERATOR_PERMISSIONS },
      events: options.events ?? [...new Set([...WATCHER_EVENTS, ...OPERATOR_EVENTS])],
      privateKey,
      webhookSecret: options.webhookSecret ?? randomBytes(20).toString('hex'),
      webhookUrl: options.webhookUrl ?? null,
    };
    this.#apps.push(app);
    this.#store.apps.insert({
      app_id: app.id,
      slug: app.slug,
      name: app.slug,
      private_key: privateKey,
      permissions: app.permissions,
      events: app.events,
      webhook_url: null,
      webhook_secret: null,
      description: null,
    });
    return app;
  }

  all(): readonly App[] {
    return this.#apps;
  }

  /** Throws when there is no such App. */
  get(slug: string): App {
    const app = this.#apps.find((candidate) => candidate.slug === slug);
    if (!app) throw new Error(`no App ${slug}: name it in startOfflineGitHub({ apps })`);
    return app;
  }

  byId(id: number): App | undefined {
    return this.#apps.find((app) => app.id === id);
  }

  install(options: InstallationOptions): InstallationRow {
    const app = this.get(options.app);
    const account = this.#accounts.get(options.account);
    return this.#store.appInstallations.insert({
      installation_id: this.#nextInstallation++,
      app_id: app.id,
      account_type: account.type,
      account_id: account.id,
      account_login: account.login,
      repository_selection: options.repositories ? 'selected' : 'all',
      repository_ids: (options.repositories ?? []).map((name) => this.#repositoryId(account.login, name)),
      permissions: app.permissions,
      events: app.events,
      suspended_at: null,
    });
  }

  uninstall(installation: InstallationRow): void {
    this.#store.appInstallations.delete(installation.id);
    for (const [token, owner] of this.#tokens)
      if (owner.installation?.installationId === installation.installation_id) this.#tokens.delete(token);
  }

  update(installation: InstallationRow, patch: Partial<InstallationRow>): InstallationRow {
    const updated = this.#store.appInstallations.update(installation.id, patch);
    if (!updated) throw new Error(`installation ${installation.installation_id} is gone`);
    return updated;
  }

  installations(app: App): InstallationRow[] {
    return this.#store.appInstallations.findBy('app_id', app.id);
  }

  installation(id: number): InstallationRow | undefined {
    return this.#store.appInstallations.all().find((row) => row.installation_id === id);
  }

  /** The App's installation that sees this repository. */
  installationFor(app: App, repository: RepositoryRow): InstallationRow | undefined {
    return this.installations(app).find((row) => reaches(row, repository));
  }

  repositories(installation: InstallationRow): RepositoryRow[] {
    return this.#store.repos.all().filter((repository) => reaches(installation, repository));
  }

  /** GitHub's `installation`. */
  installationJson(installation: InstallationRow): Json {
    const id = installation.installation_id;
    const type = installation.account_type;
    const account = { id: installation.account_id, login: installation.account_login, type };
    return {
      id,
      account: this.#accounts.json(account),
      repository_selection: installation.repository_selection,
      access_tokens_url: `${this.#origin}/api/v3/app/installations/${id}/access_tokens`,
      repositories_url: `${this.#origin}/api/v3/installation/repositories`,
      html_url: `${this.#origin}/settings/installations/${id}`,
      app_id: installation.app_id,
      app_slug: this.byId(installation.app_id)?.slug,
      target_id: installation.account_id,
      target_type: type,
      permissions: installation.permissions,
      events: installation.events,
      created_at: installation.created_at,
      updated_at: installation.updated_at,
      single_file_name: null,
      suspended_by: null,
      suspended_at: installation.suspended_at,
    };
  }

  /** GitHub's `integration`. */
  appJson(app: App): Json {
    const now = this.#store.apps.findOneBy('app_id', app.id)?.created_at;
    const [owner] = this.#store.users.all();
    return {
      id: app.id,
      slug: app.slug,
      node_id: `APP_${app.id}`,
      name: app.slug,
      description: null,
      external_url: `${this.#origin}/apps/${app.slug}`,
      html_url: `${this.#origin}/apps/${app.slug}`,
      created_at: now,
      updated_at: now,
      permissions: app.permissions,
      events: app.events,
      owner: owner && this.#accounts.json({ ...owner, type: 'User' }),
      installations_count: this.installations(app).length,
    };
  }

  #repositoryId(owner: string, name: string): number {
    const repository = this.#store.repos.findOneBy('full_name', `${owner}/${name}`);
    if (!repository) throw new Error(`no repository ${owner}/${name} to install an App on`);
    return repository.id;
  }
}

function reaches(installation: InstallationRow, repository: RepositoryRow): boolean {
  return (
    installation.account_id === repository.owner_id &&
    (installation.repository_selection === 'all' || installation.repository_ids.includes(repository.id))
  );
}

/** The offline GitHub: everything the product needs of GitHub, in this process, on a port of its own. See README.md. */
import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Accounts } from './accounts.ts';
import { actionRoutes } from './actions/action-routes.ts';
import { Actions } from './actions/actions.ts';
import type { Executor } from './actions/executor.ts';
import { RunEvents } from './actions/run-events.ts';
import { appRoutes } from './app-routes.ts';
import { type AppOptions, Apps, type InstallationOptions } from './apps.ts';
import { Authenticator } from './authenticate.ts';
import { checkRunRoutes } from './check-run-routes.ts';
import { CheckRuns } from './check-runs.ts';
import { Contract } from './contract.ts';
import { startEmulator } from './emulator.ts';
import { Faults } from './faults.ts';
import { openFront } from './front.ts';
import { BareRepositories } from './git.ts';
import { GitHttp } from './git-http.ts';
import { Happenings } from './happenings.ts';
import { OidcIssuer } from './oidc.ts';
import type { PublicReads } from './permissions.ts';
import { PushEvents } from './push-event.ts';
import { Replay } from './replay.ts';
import { Repositories, type RepositoryOptions } from './repositories.ts';
import { Rest } from './rest.ts';
import type { AccountType } from './rows.ts';
import { loadValidator } from './validator.ts';
import { Webhooks } from './webhooks.ts';

export interface OfflineGitHubOptions {
  /** A plain name is a user. */
  readonly accounts: readonly (string | { readonly login: string; readonly type: AccountType })[];
  readonly apps: readonly AppOptions[];
  readonly repositories?: readonly RepositoryOptions[];
  readonly installations?: readonly InstallationOptions[];
  /** Runs dispatched workflows; without one they stay queued. */
  readonly executor?: Executor;
  /** How many jobs run at once; default 1. */
  readonly runners?: number;
  /** Environment of every job, as the `.env` file of a self-hosted runner. */
  readonly runnerEnv?: Readonly<Record<string, string>>;
  /** Entries above which a recursive tree is truncated; default 100,000, as GitHub. */
  readonly treeLimit?: number;
  /** Default `covered`: stricter than GitHub, so that a wrong token is noticed; `anyToken` is as GitHub. */
  readonly publicReads?: PublicReads;
  /** Default: one that the machine has free. */
  readonly port?: number;
  /** Hears of failures inside the double; default: stderr. */
  readonly onError?: (error: unknown) => void;
}

export type OfflineGitHub = Awaited<ReturnType<typeof startOfflineGitHub>>;

/** Resolves when it listens; `close` ends its servers and every process it started and removes its files. */
export async function startOfflineGitHub(options: OfflineGitHubOptions) {
  const onError = options.onError ?? ((error: unknown) => console.error('offline GitHub:', error));
  const validator = loadValidator();
  const directory = mkdtempSync(path.join(tmpdir(), 'offline-github-'));
  // Sandboxed workers run as another user and must be able to pass through.
  chmodSync(directory, 0o755);
  for (const folder of ['git', 'runs']) mkdirSync(path.join(directory, folder));
  const front = await openFront(onError, options.port);
  const { origin } = front;
  const emulator = await startEmulator(`${origin}/api/v3`);
  const { store, tokens } = emulator;

  const contract = new Contract(validator);
  const faults = new Faults();
  const bare = new BareRepositories(path.join(directory, 'git'));
  const accounts = new Accounts(store, tokens, origin);
  const repositories = new Repositories(emulator, accounts, bare, new Replay(store, bare), origin);
  const apps = new Apps(store, tokens, accounts, origin);
  const webhooks = new Webhooks(apps, (event, payload) => contract.webhook(event, payload));
  const checks = new CheckRuns(apps, repositories, accounts, webhooks, origin);
  const authenticator = new Authenticator(accounts, apps, tokens);
  const oidc = await OidcIssuer.start(origin);
  const events = new RunEvents(repositories, webhooks, origin);
  const actions = new Actions({
    repositories,
    bare,
    oidc,
    events,
    origin,
    directory: path.join(directory, 'runs'),
    executor: options.executor ?? null,
    runners: options.runners ?? 1,
    runnerEnv: options.runnerEnv ?? {},
    onError,
  });
  const pushes = new PushEvents(repositories, accounts, bare, webhooks, origin);
  const gitHttp = new GitHttp(repositories, accounts, bare, tokens, async (repository, pusher) => {
    const changes = await repositories.sync(repository);
    await actions.workflows.discover(repository);
    await pushes.emit(repository, changes, pusher);
  });
  const rest = new Rest({
    emulator,
    repositories,
    authenticator,
    contract,
    faults,
    origin,
    treeLimit: options.treeLimit ?? 100_000,
    publicReads: options.publicReads ?? 'covered',
    routes: [
      ...appRoutes(apps, repositories, webhooks, origin),
      ...checkRunRoutes(checks, repositories, origin),
      ...actionRoutes({ actions, events, accounts, repositories, origin }),
    ],
  });
  front.serve({ rest, gitHttp, oidc });

  for (const account of options.accounts)
    if (typeof account === 'string') accounts.add(account);
    else accounts.add(account.login, account.type);
  for (const repository of options.repositories ?? []) await repositories.create(repository);
  for (const app of options.apps) apps.add(app);
  for (const installation of options.installations ?? []) apps.install(installation);

  return {
    /** `http://127.0.0.1:PORT`; for Probot: `GHE_PROTOCOL=http`, `GHE_HOST` = `host`. */
    origin,
    host: origin.replace('http://', ''),
    apiUrl: `${origin}/api/v3`,
    accounts,
    apps,
    repositories,
    checks,
    actions,
    webhooks,
    faults,
    oidc,
    contract,
    authenticator,
    /** Things that people do, with the events they cause. */
    people: new Happenings({ accounts, apps, repositories, webhooks }),

    /** Address for git with the rights of `login`, the owner by default. */
    cloneUrl(fullName: string, login = fullName.split('/')[0] ?? ''): string {
      const { token } = accounts.get(login);
      return `${origin.replace('http://', `http://x-access-token:${token}@`)}/${fullName}.git`;
    },

    /** Resolves when no run is active and no delivery under way. */
    async settled(): Promise<void> {
      await actions.settled();
      await webhooks.settled();
    },

    async close(): Promise<void> {
      await actions.close();
      await webhooks.close();
      await front.close();
      await emulator.close();
      await rm(directory, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

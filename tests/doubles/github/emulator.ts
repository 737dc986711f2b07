/**
 * Starts npm `emulate` and reaches inside it: its store, its token map and its request handler.
 * None of that is public, so the chunk that holds the GitHub plugin is found by content and the version is pinned.
 */
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createEmulator } from 'emulate';
import type { AccountType, Store, TokenOwner } from './rows.ts';

interface EmulatedApp {
  fetch(request: Request): Promise<Response>;
}

interface Dispatcher {
  dispatch(...event: unknown[]): Promise<void>;
}

interface GitHubPlugin {
  register(
    app: EmulatedApp,
    store: unknown,
    webhooks: Dispatcher,
    baseUrl: string,
    tokens: Map<string, TokenOwner>,
  ): void;
}

interface GitHubChunk {
  readonly githubPlugin: GitHubPlugin;
  readonly getGitHubStore: (store: unknown) => Store;
}

export interface Emulator {
  readonly store: Store;
  readonly tokens: Map<string, TokenOwner>;
  /** Answers a request in this process, without a socket; `target` is a path with its query. */
  ask(method: string, target: string, init: { authorization?: string; body?: string }): Promise<Response>;
  /** Authorisation that reads all that an account owns; for the front, which has checked the caller. */
  readAs(account: Account): string;
  close(): Promise<void>;
}

interface Account {
  readonly id: number;
  readonly login: string;
  readonly type: AccountType;
}

/** No caller may use these: the authenticator knows none of them. */
export const INTERNAL_TOKEN = 'internal-';

/** Ids start far apart, so that a repository id taken for an owner's or an installation's never fits by luck. */
const FIRST_IDS = { users: 5001, orgs: 9001, repos: 700_001 } as const;

async function loadChunk(): Promise<GitHubChunk> {
  const dist = realpathSync(path.dirname(fileURLToPath(import.meta.resolve('emulate'))));
  const chunk = readdirSync(dist).find(
    (file) =>
      /^dist-.*\.js$/.test(file) && readFileSync(path.join(dist, file), 'utf8').includes('githubPlugin'),
  );
  if (!chunk) throw new Error(`emulate has changed: no file of ${dist} holds githubPlugin; install the pin`);
  return (await import(pathToFileURL(path.join(dist, chunk)).href)) as GitHubChunk;
}

/** `baseUrl` is what emulate writes into its links; it also tells several emulators of one process apart. */
export async function startEmulator(baseUrl: string): Promise<Emulator> {
  const { githubPlugin, getGitHubStore } = await loadChunk();
  let app: EmulatedApp | undefined;
  let store: Store | undefined;
  let tokens: Map<string, TokenOwner> | undefined;
  const register = githubPlugin.register;
  githubPlugin.register = (ownApp, ownStore, webhooks, ownBaseUrl, ownTokens) => {
    register(ownApp, ownStore, webhooks, ownBaseUrl, ownTokens);
    if (ownBaseUrl !== baseUrl) return;
    [app, store, tokens] = [ownApp, getGitHubStore(ownStore), ownTokens];
    for (const [table, first] of Object.entries(FIRST_IDS))
      store[table as keyof typeof FIRST_IDS].autoId = first;
    // Its webhooks lack fields and delivery ids: the double sends all events itself.
    webhooks.dispatch = async () => {};
  };
  const server = await createEmulator({
    service: 'github',
    port: 0,
    hostname: '127.0.0.1',
    baseUrl,
    seed: { tokens: {}, github: {} },
  });
  if (!app || !store || !tokens) throw new Error('emulate did not register its GitHub plugin');
  const handler = app;
  const ownTokens = tokens;
  return {
    store,
    tokens,
    ask: (method, target, init) => {
      const headers: Record<string, string> = { 'content-type': 'application/json' };
      if (init.authorization) headers.authorization = init.authorization;
      return handler.fetch(
        new Request(`http://emulate${target}`, { method, headers, ...(init.body && { body: init.body }) }),
      );
    },
    readAs: (account) => {
      const token = `${INTERNAL_TOKEN}${account.id}`;
      ownTokens.set(token, readerOf(account));
      return `Bearer ${token}`;
    },
    close: () => server.close(),
  };
}

function readerOf({ id, login, type }: Account): TokenOwner {
  const installation = {
    installationId: 0,
    appId: 0,
    accountId: id,
    accountType: type,
    permissions: { contents: 'read', metadata: 'read' },
    repositoryIds: [],
    repositorySelection: 'all' as const,
  };
  return { login, id, scopes: [], installation };
}

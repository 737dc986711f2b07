/** Users and organisations, each with one token that stands for its owner: for git pushes and for a test's own REST calls. */
import { randomBytes } from 'node:crypto';
import type { AccountRow, AccountType, Store, TokenOwner } from './rows.ts';

export interface Account {
  readonly id: number;
  readonly login: string;
  readonly type: AccountType;
  readonly token: string;
}

export class Accounts {
  readonly #store: Store;
  readonly #origin: string;
  readonly #tokens: Map<string, TokenOwner>;
  readonly #byLogin = new Map<string, Account>();

  constructor(store: Store, tokens: Map<string, TokenOwner>, origin: string) {
    this.#store = store;
    this.#tokens = tokens;
    this.#origin = origin;
  }

  add(login: string, type: AccountType = 'User'): Account {
    if (this.#byLogin.has(login)) throw new Error(`there is an account ${login} already`);
    const table = type === 'User' ? this.#store.users : this.#store.orgs;
    const row = table.insert({ ...newAccountColumns(login, type), login, node_id: `A_${login}` });
    const account = { id: row.id, login, type, token: `gho_${randomBytes(18).toString('hex')}` };
    this.#byLogin.set(login, account);
    this.#tokens.set(account.token, { login, id: row.id, scopes: ['repo'] });
    return account;
  }

  /** Throws when nobody has this login. */
  get(login: string): Account {
    const account = this.#byLogin.get(login);
    if (!account)
      throw new Error(`no account ${login}: name it in startOfflineGitHub({ accounts }) or add it`);
    return account;
  }

  byToken(token: string): Account | undefined {
    return [...this.#byLogin.values()].find((account) => account.token === token);
  }

  byId(id: number): Account | undefined {
    return [...this.#byLogin.values()].find((account) => account.id === id);
  }

  /** GitHub's `simple-user`, also for the bot user of an App. */
  json({
    id,
    login,
    type,
  }: {
    id: number;
    login: string;
    type: AccountType | 'Bot';
  }): Record<string, unknown> {
    const name = encodeURIComponent(login);
    const url = `${this.#origin}/api/v3/users/${name}`;
    return {
      login,
      id,
      node_id: `A_${login}`,
      avatar_url: `${this.#origin}/avatars/u/${id}`,
      gravatar_id: '',
      url,
      html_url: `${this.#origin}/${name}`,
      followers_url: `${url}/followers`,
      following_url: `${url}/following{/other_user}`,
      gists_url: `${url}/gists{/gist_id}`,
      starred_url: `${url}/starred{/owner}{/repo}`,
      subscriptions_url: `${url}/subscriptions`,
      organizations_url: `${url}/orgs`,
      repos_url: `${url}/repos`,
      events_url: `${url}/events{/privacy}`,
      received_events_url: `${url}/received_events`,
      type,
      site_admin: false,
      user_view_type: 'public',
    };
  }
}

function newAccountColumns(
  login: string,
  type: AccountType,
): Omit<AccountRow, 'login' | 'node_id' | 'id' | 'created_at' | 'updated_at'> & Record<string, unknown> {
  return {
    type,
    avatar_url: '',
    gravatar_id: '',
    site_admin: false,
    name: login,
    company: null,
    blog: '',
    location: null,
    email: `${login}@users.noreply.github.com`,
    hireable: null,
    bio: null,
    description: null,
    twitter_username: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
  };
}

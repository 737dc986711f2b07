/** What GitHub tells about a push: `push`, and `create` or `delete` when a branch or tag comes or goes. */
import { spawn } from 'node:child_process';
import type { Account, Accounts } from './accounts.ts';
import { type BareRepositories, GIT_ENVIRONMENT, git } from './git.ts';
import { NO_COMMIT, type RefChange } from './replay.ts';
import type { Json, Repositories } from './repositories.ts';
import type { CommitRow, RepositoryRow } from './rows.ts';
import type { Webhooks } from './webhooks.ts';

/** Docs, Webhook events and payloads: push. */
const MOST_TAGS = 3;
const MOST_BRANCHES = 5000;
const MOST_COMMITS = 2048;

interface ChangedFiles {
  readonly added: string[];
  readonly removed: string[];
  readonly modified: string[];
}

export class PushEvents {
  readonly #repositories: Repositories;
  readonly #accounts: Accounts;
  readonly #bare: BareRepositories;
  readonly #webhooks: Webhooks;
  readonly #origin: string;

  constructor(
    repositories: Repositories,
    accounts: Accounts,
    bare: BareRepositories,
    webhooks: Webhooks,
    origin: string,
  ) {
    this.#repositories = repositories;
    this.#accounts = accounts;
    this.#bare = bare;
    this.#webhooks = webhooks;
    this.#origin = origin;
  }

  async emit(repository: RepositoryRow, changes: readonly RefChange[], pusher: Account): Promise<void> {
    const tags = changes.filter(({ ref }) => ref.startsWith('refs/tags/'));
    const branches = changes.filter(({ ref }) => ref.startsWith('refs/heads/'));
    if (branches.length > MOST_BRANCHES) return;
    for (const change of tags.length > MOST_TAGS ? branches : [...branches, ...tags]) {
      const sender = this.#accounts.json(pusher);
      const json = await this.#repositories.json(repository);
      const name = change.before === NO_COMMIT ? 'create' : change.after === NO_COMMIT ? 'delete' : null;
      const payload = await this.#push(repository, json, change, pusher);
      this.#webhooks.emit({ name: 'push', repository, payload: { ...payload, sender } });
      if (name)
        this.#webhooks.emit({ name, repository, payload: createOrDelete(name, change, json, sender) });
    }
  }

  async #push(repository: RepositoryRow, json: Json, change: RefChange, pusher: Account): Promise<Json> {
    const { ref, before, after } = change;
    const [created, deleted] = [before === NO_COMMIT, after === NO_COMMIT];
    const commits = deleted ? [] : await this.#commits(repository, change);
    const page = `${this.#origin}/${repository.full_name}`;
    const range = created
      ? ref.replace(/^refs\/(heads|tags)\//, '')
      : `${before.slice(0, 12)}...${after.slice(0, 12)}`;
    const head = deleted ? null : await this.#headCommit(repository, after, commits);
    return {
      ref,
      before,
      after,
      created,
      deleted,
      forced: !created && !deleted && !this.#repositories.history.isAncestor(repository, before, after),
      base_ref: null,
      compare: `${page}/compare/${range}`,
      commits,
      head_commit: head,
      pusher: { name: pusher.login, email: `${pusher.login}@users.noreply.github.com` },
      repository: {
        ...json,
        created_at: unixSeconds(repository.created_at),
        pushed_at: unixSeconds(repository.pushed_at ?? repository.updated_at),
        master_branch: repository.default_branch,
        stargazers: 0,
        custom_properties: {},
      },
    };
  }

  async #commits(repository: RepositoryRow, { ref, before, after }: RefChange): Promise<Json[]> {
    const directory = this.#bare.directory(repository.id);
    // What no other branch holds; the name is a pattern there.
    const name = ref.replace(/^refs\/heads\//, '').replace(/[*?[\\]/g, '?');
    const excluded = before === NO_COMMIT ? ['--not', `--exclude=${name}`, '--branches'] : [`^${before}`];
    const listed = await git(
      directory,
      'rev-list',
      `--max-count=${MOST_COMMITS}`,
      '--reverse',
      after,
      ...excluded,
    );
    const shas = listed.split('\n').filter(Boolean);
    const files = await changedFiles(directory, shas);
    return shas.flatMap((sha) => {
      const row = this.#repositories.history.commit(repository, sha);
      return row ? [this.#commitJson(repository, row, files.get(sha))] : [];
    });
  }

  /** The tip may have been pushed before, on another branch: then it is no part of `commits`. */
  async #headCommit(repository: RepositoryRow, sha: string, commits: readonly Json[]): Promise<Json | null> {
    const listed = commits.find(({ id }) => id === sha);
    if (listed) return listed;
    const tip = (await git(this.#bare.directory(repository.id), 'rev-parse', `${sha}^{commit}`)).trim();
    const row = this.#repositories.history.commit(repository, tip);
    const files = await changedFiles(this.#bare.directory(repository.id), [tip]);
    return row ? this.#commitJson(repository, row, files.get(tip)) : null;
  }

  #commitJson(repository: RepositoryRow, row: CommitRow, files: ChangedFiles = NO_FILES): Json {
    return {
      id: row.sha,
      tree_id: row.tree_sha,
      distinct: true,
      message: row.message,
      timestamp: row.committer_date,
      url: `${this.#origin}/${repository.full_name}/commit/${row.sha}`,
      author: { name: row.author_name, email: row.author_email },
      committer: { name: row.committer_name, email: row.committer_email },
      ...files,
    };
  }
}

const NO_FILES: ChangedFiles = { added: [], removed: [], modified: [] };

function createOrDelete(name: 'create' | 'delete', { ref }: RefChange, repository: Json, sender: Json): Json {
  const common = {
    ref: ref.replace(/^refs\/(heads|tags)\//, ''),
    ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    pusher_type: 'user',
    repository,
    sender,
  };
  if (name === 'delete') return common;
  return { ...common, master_branch: repository.default_branch, description: repository.description };
}

/** The files of each commit against its parent; merges have none, as in a diff without `-m`. */
async function changedFiles(directory: string, shas: readonly string[]): Promise<Map<string, ChangedFiles>> {
  const files = new Map<string, ChangedFiles>();
  if (shas.length === 0) return files;
  const options = ['--stdin', '--root', '-r', '-z', '--name-status', '--no-renames'];
  const child = spawn('git', ['-C', directory, 'diff-tree', ...options], {
    env: GIT_ENVIRONMENT,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(`${shas.join('\n')}\n`);
  let output = '';
  for await (const part of child.stdout.setEncoding('utf8')) output += part;
  const fields = output.split('\0');
  let current: ChangedFiles = NO_FILES;
  for (let at = 0; at < fields.length - 1; at++) {
    const field = fields[at] ?? '';
    if (field.length === 40) {
      current = { added: [], removed: [], modified: [] };
      files.set(field, current);
      continue;
    }
    const list = field === 'A' ? current.added : field === 'D' ? current.removed : current.modified;
    list.push(fields[++at] ?? '');
  }
  return files;
}

function unixSeconds(date: string): number {
  return Math.floor(Date.parse(date) / 1000);
}

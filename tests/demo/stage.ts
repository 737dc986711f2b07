/**
 * The whole system on one machine: the offline GitHub, the App in a process of its own, the operator repository pushed
 * by git, and runners that execute the real Action. The demo plays on it, and so do the end-to-end tests.
 */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { initOperatorRepository } from '../../app/cli/operator-init.ts';
import { hotkeyOf, signLink } from '../../app/miners/link.ts';
import type { Executor } from '../doubles/github/actions/executor.ts';
import {
  OPERATOR_EVENTS,
  OPERATOR_PERMISSIONS,
  WATCHER_EVENTS,
  WATCHER_PERMISSIONS,
} from '../doubles/github/apps.ts';
import { type OfflineGitHub, startOfflineGitHub } from '../doubles/github/offline-github.ts';
import type { RepositoryRow } from '../doubles/github/rows.ts';
import { WorkingCopy } from '../doubles/github/working-copy.ts';
import { commitMiniature } from '../fixtures/miniature.ts';
import { AppProcess } from './app-process.ts';
import { chainEnvironment, type StageChain } from './chain.ts';

export const NETWORK = { network: 'demo', netuid: 383 } as const;
export const TASK = 'quasar_demo';
const UPSTREAM = 'upstream/flash-linear-attention';
const OPERATOR = 'operator/arena';

export interface StageOptions {
  readonly executor: Executor;
  /** Absolute path of a Python with PyTorch, where the executor judges. */
  readonly python?: string;
  /** Default: an SQLite file that goes with the stage. */
  readonly databaseUrl?: string;
  /** More environment of the App. */
  readonly env?: Readonly<Record<string, string>>;
  readonly runners?: number;
  readonly port?: number;
  /** Where weights go; none unless told. Whoever started it ends it. */
  readonly chain?: StageChain;
  readonly log: (line: string) => void;
}

export interface Fork {
  readonly miner: string;
  readonly repository: RepositoryRow;
  readonly fullName: string;
  readonly hotkey: string;
  readonly signature: string;
  readonly copy: WorkingCopy;
}

export class Stage {
  #app: AppProcess | null = null;
  private constructor(
    readonly github: OfflineGitHub,
    readonly directory: string,
    readonly port: number,
    readonly operatorCommit: string,
    private readonly options: StageOptions,
  ) {}

  static async open(options: StageOptions): Promise<Stage> {
    const directory = mkdtempSync(path.join(tmpdir(), 'quasar-stage-'));
    const github = await startOfflineGitHub({
      accounts: ['upstream', 'operator'],
      apps: [
        { slug: 'quasar-referee', permissions: WATCHER_PERMISSIONS, events: WATCHER_EVENTS },
        { slug: 'quasar-operator', permissions: OPERATOR_PERMISSIONS, events: OPERATOR_EVENTS },
      ],
      repositories: [
        { owner: 'upstream', name: 'flash-linear-attention' },
        { owner: 'operator', name: 'arena', private: true },
      ],
      installations: [{ app: 'quasar-operator', account: 'operator' }],
      executor: options.executor,
      runners: options.runners ?? 1,
      runnerEnv: {
        PATH: [
          ...(options.python ? [path.dirname(options.python)] : []),
          process.env.PATH ?? '/usr/bin:/bin',
        ].join(':'),
        XDG_CACHE_HOME: path.join(directory, 'cache'),
      },
    });
    try {
      const upstream = await WorkingCopy.clone(github.cloneUrl(UPSTREAM));
      const { commit } = commitMiniature(path.join(upstream.directory, '.git'));
      await upstream.git('push', '-q', 'origin', `${commit}:refs/heads/main`);
      upstream.remove();
      const arena = await WorkingCopy.clone(github.cloneUrl(OPERATOR));
      const quiet = { cwd: arena.directory, out: () => {}, err: () => {} };
      await initOperatorRepository(arena.directory, quiet);
      const operatorCommit = await arena.push({}, 'Operator repository');
      arena.remove();
      const port = options.port ?? (await freePort());
      const url = `http://127.0.0.1:${port}/api/github/webhooks`;
      github.apps.get('quasar-referee').webhookUrl = url;
      github.apps.get('quasar-operator').webhookUrl = `${url}/operator`;
      return new Stage(github, directory, port, operatorCommit, options);
    } catch (error) {
      await github.close();
      throw error;
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the App and waits until it is healthy. */
  async startApp(more: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.#app !== null) throw new Error('the App runs already');
    this.#app = AppProcess.spawn(this.environment(more), this.appLog);
    await this.#app.healthy();
  }

  get databaseUrl(): string {
    return this.options.databaseUrl ?? `sqlite:///${path.join(this.directory, 'referee.sqlite')}`;
  }

  /** Where the App writes its log. */
  get appLog(): string {
    return path.join(this.directory, 'app.log');
  }

  /** Ends the App: `SIGKILL` as a crash would, `SIGTERM` cleanly. */
  async stopApp(signal: 'SIGKILL' | 'SIGTERM' = 'SIGTERM'): Promise<void> {
    const app = this.#app;
    this.#app = null;
    await app?.stop(signal);
  }

  get chain(): StageChain | null {
    return this.options.chain ?? null;
  }

  get netuid(): number {
    return this.chain?.netuid ?? NETWORK.netuid;
  }

  /** Everything that the App is told; `more` on top. */
  environment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    const watcher = this.github.apps.get('quasar-referee');
    const operator = this.github.apps.get('quasar-operator');
    return {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      HOME: process.env.HOME ?? this.directory,
      HOST: '127.0.0.1',
      PORT: String(this.port),
      PUBLIC_URL: this.url,
      DATABASE_URL: this.databaseUrl,
      SUBTENSOR_NETWORK: NETWORK.network,
      NETUID: String(this.netuid),
      APP_ID: String(watcher.id),
      PRIVATE_KEY: watcher.privateKey,
      WEBHOOK_SECRET: watcher.webhookSecret,
      OPERATOR_APP_ID: String(operator.id),
      OPERATOR_PRIVATE_KEY: operator.privateKey,
      OPERATOR_WEBHOOK_SECRET: operator.webhookSecret,
      OPERATOR_REPOSITORY: OPERATOR,
      OPERATOR_COMMITS: this.operatorCommit,
      SERVER_KEY_FILE: path.join(this.directory, 'server-key.pem'),
      OPERATOR_COMMITS_FILE: path.join(this.directory, 'operator-commits.json'),
      GHE_HOST: this.github.host,
      GHE_PROTOCOL: 'http',
      OIDC_ISSUER: this.github.oidc.issuer,
      TASKS: TASK,
      RUNNER_LABELS: 'self-hosted',
      DEBOUNCE_MS: '500',
      RECONCILE_INTERVAL_MS: '2000',
      LOG_LEVEL: 'info',
      ...(this.chain === null ? {} : chainEnvironment(this.chain, this.directory)),
      ...this.options.env,
      ...more,
    };
  }

  /** A person forks upstream under an account of its own and installs the App there; seed 1 to 255 makes the hotkey. */
  async fork(miner: string, seed: number, install = true): Promise<Fork> {
    this.github.accounts.add(miner);
    const repository = await this.github.people.fork(UPSTREAM, miner);
    if (install) this.github.people.install({ app: 'quasar-referee', account: miner });
    return this.enter(miner, seed, repository);
  }

  /** What a person needs to push to a repository as a fork that is linked. */
  async enter(miner: string, seed: number, repository: RepositoryRow): Promise<Fork> {
    const secret = new Uint8Array(32).fill(seed);
    const { hotkey } = hotkeyOf(secret);
    const subject = {
      ...NETWORK,
      netuid: this.netuid,
      repoId: repository.id,
      ownerId: repository.owner_id,
      hotkey,
    };
    return {
      miner,
      repository,
      fullName: repository.full_name,
      hotkey,
      signature: signLink(subject, secret),
      copy: await WorkingCopy.clone(this.github.cloneUrl(repository.full_name)),
    };
  }

  async close(): Promise<void> {
    await this.stopApp();
    await this.github.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** The `quasar.yml` of a fork. */
export function quasarYml(
  fork: Fork,
  values: {
    readonly targetSequenceLength: number;
    readonly claimedTokensPerSec?: number;
    readonly branch?: string;
  },
): string {
  const lines = [
    `task: ${TASK}`,
    `hotkey: ${fork.hotkey}`,
    ...(values.branch === undefined ? [] : [`branch: ${values.branch}`]),
    `target_sequence_length: ${values.targetSequenceLength}`,
    ...(values.claimedTokensPerSec === undefined
      ? []
      : [`claimed_tokens_per_sec: ${values.claimedTokensPerSec}`]),
    `signature: "${fork.signature}"`,
  ];
  return `${lines.join('\n')}\n`;
}

/**
 * A port that nobody listens on now, below those that Linux gives to connections and to whoever asks for any: so nobody gets
 * it by chance before the App opens it, or between its death and its restart.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * The stage of the demo, wired for tests: every word between the App, GitHub and the runners goes over a wire that can
 * be watched and cut, jobs are played by script, and the App's database can be read.
 */
import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadTask } from '../../app/evaluations/task.ts';
import { type Database, openDatabase } from '../../db/connection.ts';
import { type EvaluationRow, evaluationsOf } from '../../db/evaluations.ts';
import type { SubmissionRow } from '../../db/submissions.ts';
import { type Fork, quasarYml, Stage, TASK } from '../demo/stage.ts';
import { concluded, type Outcome } from '../demo/watch.ts';
import type { Executor } from '../doubles/github/actions/executor.ts';
import type { InstallationRow } from '../doubles/github/rows.ts';
import type { WorkingCopy } from '../doubles/github/working-copy.ts';
import { MINIATURE_DIR } from '../fixtures/miniature.ts';
import { Gate } from './gate.ts';
import { accept, ScriptedRunner } from './scripted-runner.ts';
import { type Exchange, Wire } from './wire.ts';

/**
 * A case that takes longer is stuck: the longest waits are a lease, a settling write and the write throttle, on a machine
 * that other suites want too.
 */
const CASE_MS = 180_000;
const POLL_MS = 50;
export const LEASE_MS = 4_000;
const { upstream, targetFiles } = loadTask(TASK);
export const TARGET_FILES = targetFiles;
const CHUNK = 'fla/ops/quasar/chunk.py';

export interface ArenaOptions {
  readonly databaseUrl?: string;
  readonly runners?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Real runs instead of scripted ones; they need a Python with PyTorch. */
  readonly real?: { readonly executor: Executor; readonly python: string };
}

export interface PushOptions {
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  /** `null`: a commit without quasar.yml. */
  readonly yml?: string | null;
  readonly message?: string;
  readonly branch?: string;
  /** Done to the working copy before the commit. */
  readonly prepare?: () => void;
}

export class Arena {
  #kernels = 0;
  #seeds = 0;
  readonly #copies: WorkingCopy[] = [];
  #db: Database | null = null;
  /** Where the door leads; replicas take turns. */
  #targets: readonly string[] = [];
  #turn = 0;
  private constructor(
    readonly stage: Stage,
    readonly runner: ScriptedRunner,
    /** What the App says to GitHub. */
    readonly hub: Wire,
    /** What GitHub, runners and people say to the App. */
    readonly door: Wire,
  ) {}

  /** Without the App: `startApp` runs it. */
  static async open({ databaseUrl, runners = 10, env = {}, real }: ArenaOptions = {}): Promise<Arena> {
    let arena: Arena | null = null;
    const opened = () => {
      if (arena === null) throw new Error('the arena is not open yet');
      return arena;
    };
    const runner = new ScriptedRunner((evaluation) => opened().repoOf(evaluation));
    const door = await Wire.open(() => opened().#nextTarget());
    const stage = await Stage.open({
      ...(real ?? { executor: { kind: 'direct', run: runner.run } }),
      runners,
      log: () => {},
      env: {
        PUBLIC_URL: door.origin,
        LEASE_MS: String(LEASE_MS),
        DEBOUNCE_MS: '300',
        LOG_LEVEL: 'debug',
        ...env,
      },
      ...(databaseUrl === undefined ? {} : { databaseUrl }),
    });
    const hub = await Wire.open(() => stage.github.origin);
    stage.github.apps.get('quasar-referee').webhookUrl = `${door.origin}/api/github/webhooks`;
    stage.github.apps.get('quasar-operator').webhookUrl = `${door.origin}/api/github/webhooks/operator`;
    arena = new Arena(stage, runner, hub, door);
    arena.leadTo(stage.url);
    return arena;
  }

  get github() {
    return this.stage.github;
  }

  /** A connection of the test's own to the App's database. */
  get db(): Database {
    this.#db ??= openDatabase(this.stage.databaseUrl);
    return this.#db;
  }

  startApp(): Promise<void> {
    return this.stage.startApp({ GHE_HOST: this.hub.host });
  }

  /** What a further App is told. */
  environment(more: Readonly<Record<string, string>>): Record<string, string> {
    return this.stage.environment({ GHE_HOST: this.hub.host, ...more });
  }

  /** Addresses of the replicas. */
  leadTo(...origins: string[]): void {
    this.#targets = origins;
  }

  async close(): Promise<void> {
    for (const copy of this.#copies) copy.remove();
    await this.stage.close();
    await Promise.all([this.hub.close(), this.door.close(), this.#db?.destroy()]);
  }

  /** A fork of somebody new, with the App installed and its head taken in, so that no push is met by the welcome. */
  async fork(name: string, install = true): Promise<Fork> {
    const fork = await this.stage.fork(`miner-${name}`, ++this.#seeds, install);
    this.#copies.push(fork.copy);
    if (install) {
      const { installation_id: installationId } = this.installation(fork);
      const heard = { event: 'installation', state: 'done', installationId };
      await eventually('the installation is processed', () => this.db('inbox').where(heard).first());
    }
    return fork;
  }

  /** The watcher App's, on the account of a fork. */
  installation({ miner }: Fork): InstallationRow {
    const { apps } = this.github;
    const found = apps
      .installations(apps.get('quasar-referee'))
      .find(({ account_login }) => account_login === miner);
    if (found === undefined) throw new Error(`${miner} has not installed the App`);
    return found;
  }

  /** A private repository that holds upstream's files without being a fork of it, with the App installed. */
  async mirror(name: string): Promise<Fork> {
    const miner = `miner-${name}`;
    const { accounts, people } = this.github;
    accounts.add(miner);
    const repository = await people.createRepository({ owner: miner, name: 'mirror', private: true });
    people.install({ app: 'quasar-referee', account: miner });
    const fork = await this.stage.enter(miner, ++this.#seeds, repository);
    this.#copies.push(fork.copy);
    cpSync(MINIATURE_DIR, fork.copy.directory, { recursive: true });
    return fork;
  }

  /** Target files like nobody's before. */
  kernel(): Record<string, string> {
    const text = readFileSync(path.join(MINIATURE_DIR, CHUNK), 'utf8');
    return { [CHUNK]: text.replace('EPS = 1e-8', `EPS = 1e-8\nVARIANT = ${++this.#kernels}`) };
  }

  /** One that breaks the import policy on each of `count` lines. */
  kernelWithFindings(count: number): Record<string, string> {
    const lines = Array.from({ length: count }, (_, at) => `import socket as s${at}\n`);
    const files = Object.entries(this.kernel());
    return Object.fromEntries(files.map(([file, text]) => [file, `${text}\n${lines.join('')}`]));
  }

  /** Pushes a linked commit with a kernel of its own, unless told otherwise; returns its sha. */
  async push(fork: Fork, options: PushOptions = {}): Promise<string> {
    const { files = this.kernel(), yml, message = 'Kernel', branch = 'main', prepare } = options;
    const text = yml === undefined ? quasarYml(fork, { targetSequenceLength: 1024 }) : yml;
    fork.copy.write({ ...files, ...(text === null ? {} : { 'quasar.yml': text }) });
    prepare?.();
    return fork.copy.push({}, message, branch);
  }

  /** Pushes a commit whose judgement ends only when it is cancelled: the next push supersedes it, however late it comes. */
  async pushUnending(fork: Fork): Promise<string> {
    const pushed = new Gate<string>();
    this.runner.plays(fork.repository.id, async (job) => {
      const { submissionId } = await this.db('evaluations').where({ id: job.evaluation }).first();
      const { headSha } = await this.db('submissions').where({ id: submissionId }).first();
      if (headSha !== (await pushed.opened)) return accept()(job);
      await job.aborted();
      return 'failure';
    });
    const sha = await this.push(fork);
    pushed.open(sha);
    return sha;
  }

  /** Waits until the three check-runs of a commit are completed. */
  concluded(fork: Fork, sha: string, timeoutMs = CASE_MS): Promise<Outcome> {
    return concluded(this.stage, this.nameOf(fork), sha, timeoutMs);
  }

  /** The fork's name today. */
  nameOf(fork: Fork): string {
    return this.github.repositories.get(fork.repository.id)?.full_name ?? fork.fullName;
  }

  async submission(fork: Fork, sha: string): Promise<SubmissionRow> {
    const row = await this.find(fork, sha);
    if (row === null) throw new Error(`there is no submission of ${fork.fullName} ${sha}`);
    return row;
  }

  async find(fork: Fork, sha: string): Promise<SubmissionRow | null> {
    return (await this.db('submissions').where({ repoId: fork.repository.id, headSha: sha }).first()) ?? null;
  }

  async evaluations(fork: Fork, sha: string): Promise<EvaluationRow[]> {
    return evaluationsOf(this.db, (await this.submission(fork, sha)).id);
  }

  /** Lets the waits between attempts pass. */
  async skipBackoff(fork: Fork): Promise<void> {
    const { id: repoId } = fork.repository;
    const submissions = this.db('submissions').where({ repoId }).select('id');
    await this.db('evaluations')
      .whereIn('submissionId', submissions)
      .where({ state: 'planned' })
      .update({ notBefore: 0 });
    await this.db('submissions')
      .where({ repoId })
      .update({ nextLookAt: 0, wakeSeq: this.db.raw('wake_seq + 1') });
  }

  /** Whether an exchange on the hub writes a check-run of this fork, other than those that welcome its installation. */
  writesCheck(fork: Fork, method?: 'POST' | 'PATCH') {
    const prefix = `/repos/${this.nameOf(fork)}/check-runs`;
    return (exchange: Exchange): boolean =>
      exchange.method !== 'GET' &&
      (method === undefined || exchange.method === method) &&
      exchange.path.includes(prefix) &&
      !exchange.body.includes(`"head_sha":"${upstream.commit}"`);
  }

  /** Whether an exchange on the hub reads the files of a commit of this fork that is not upstream's. */
  readsTree(fork: Fork) {
    const prefix = `/repos/${this.nameOf(fork)}/git/trees/`;
    return (exchange: Exchange): boolean =>
      exchange.path.includes(prefix) && !exchange.path.includes(upstream.commit);
  }

  /** Whether an exchange on the hub dispatches an evaluation of this fork. */
  dispatches(fork: Fork) {
    return async ({ method, path: address, body }: Exchange): Promise<boolean> =>
      method === 'POST' &&
      address.endsWith('/dispatches') &&
      (await this.repoOf(Number(JSON.parse(body).inputs.evaluation))) === fork.repository.id;
  }

  /** Whether an exchange at the door delivers a push of this fork. */
  delivers(fork: Fork, event = 'push') {
    return ({ headers, body }: Exchange): boolean =>
      headers['x-github-event'] === event && JSON.parse(body).repository?.id === fork.repository.id;
  }

  private async repoOf(evaluation: number): Promise<number> {
    const row = await this.db('evaluations')
      .join('submissions', 'submissions.id', 'evaluations.submissionId')
      .where({ 'evaluations.id': evaluation })
      .first('repoId');
    return row?.repoId ?? 0;
  }

  #nextTarget(): string {
    const target = this.#targets[this.#turn++ % this.#targets.length];
    if (target === undefined) throw new Error('no App to lead to');
    return target;
  }
}

/** Polls until `find` gives something; says what it waited for when it does not. */
export async function eventually<T>(
  what: string,
  find: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  timeoutMs = CASE_MS,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const found = await find();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

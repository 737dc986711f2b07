/** Check-runs and their suites: GitHub's limits, appended annotations, and the events that Apps hear. */
import type { Accounts } from './accounts.ts';
import { notFound, Refusal } from './api.ts';
import type { App, Apps } from './apps.ts';
import { botUser } from './bot-user.ts';
import { annotationsJson, checkRunJson, checkSuiteJson } from './check-run-json.ts';
import { type CheckRunInput, checkLimits } from './check-run-limits.ts';
import { apply, type CheckRun } from './check-run-record.ts';
import type { Json, Repositories } from './repositories.ts';
import type { RepositoryRow } from './rows.ts';
import type { Webhooks } from './webhooks.ts';

export type { CheckRun };

const FIRST_CHECK_RUN = 44_000_001;
const FIRST_SUITE = 66_000_001;

export class CheckRuns {
  readonly #runs: CheckRun[] = [];
  readonly #suites = new Map<string, number>();
  readonly #apps: Apps;
  readonly #repositories: Repositories;
  readonly #accounts: Accounts;
  readonly #webhooks: Webhooks;
  readonly #origin: string;

  constructor(
    apps: Apps,
    repositories: Repositories,
    accounts: Accounts,
    webhooks: Webhooks,
    origin: string,
  ) {
    this.#apps = apps;
    this.#repositories = repositories;
    this.#accounts = accounts;
    this.#webhooks = webhooks;
    this.#origin = origin;
  }

  /** Oldest first. */
  all(repository: RepositoryRow): readonly CheckRun[] {
    return this.#runs.filter((run) => run.repositoryId === repository.id);
  }

  /** Throws 404 when this repository has no such check-run. */
  get(repository: RepositoryRow, id: number): CheckRun {
    const run = this.all(repository).find((candidate) => candidate.id === id);
    if (!run) throw notFound();
    return run;
  }

  async create(repository: RepositoryRow, app: App, input: CheckRunInput): Promise<CheckRun> {
    checkLimits(input, 'create');
    const { name = '', head_sha: headSha = '' } = input;
    if (!this.#repositories.history.commit(repository, headSha))
      throw new Refusal(422, `No commit found for SHA: ${headSha}`);
    const run: CheckRun = {
      id: FIRST_CHECK_RUN + this.#runs.length,
      suiteId: this.#suite(repository, app, headSha),
      repositoryId: repository.id,
      app,
      name,
      headSha,
      externalId: '',
      detailsUrl: `${this.#origin}/apps/${app.slug}`,
      status: 'queued',
      conclusion: null,
      startedAt: new Date().toISOString(),
      completedAt: null,
      output: { title: null, summary: null, text: null },
      annotations: [],
      actions: [],
    };
    this.#runs.push(run);
    apply(run, input);
    await this.#emit(repository, run, 'created', app);
    if (run.status === 'completed') await this.#emit(repository, run, 'completed', app);
    return run;
  }

  async update(repository: RepositoryRow, app: App, id: number, input: CheckRunInput): Promise<CheckRun> {
    const run = this.get(repository, id);
    if (run.app !== app)
      throw new Refusal(
        403,
        `Invalid app_id \`${app.id}\` - check run can only be modified by the GitHub App that created it.`,
      );
    checkLimits(input, 'update');
    const wasCompleted = run.status === 'completed';
    apply(run, input);
    if (!wasCompleted && run.status === 'completed') await this.#emit(repository, run, 'completed', app);
    return run;
  }

  /** As a person presses "Re-run": the run itself does not change. */
  async rerequest(repository: RepositoryRow, id: number, sender: string): Promise<void> {
    await this.#emit(repository, this.get(repository, id), 'rerequested', sender);
  }

  /** As a person presses one of the check-run's own buttons. */
  async requestAction(
    repository: RepositoryRow,
    id: number,
    identifier: string,
    sender: string,
  ): Promise<void> {
    const requested_action = { identifier };
    await this.#emit(repository, this.get(repository, id), 'requested_action', sender, { requested_action });
  }

  /** As a person presses "Re-run all checks" on a commit. */
  async rerequestSuite(repository: RepositoryRow, headSha: string, sender: string): Promise<void> {
    for (const app of this.#apps.all()) {
      const runs = this.all(repository).filter((run) => run.app === app && run.headSha === headSha);
      if (runs.length === 0) continue;
      this.#webhooks.emit({
        name: 'check_suite',
        action: 'rerequested',
        repository,
        payload: {
          action: 'rerequested',
          check_suite: this.#suiteJson(repository, app, headSha),
          repository: await this.#repositories.json(repository),
          sender: this.#accounts.json(this.#accounts.get(sender)),
        },
      });
    }
  }

  /** GitHub's `check-run`. */
  json(repository: RepositoryRow, run: CheckRun): Json {
    return checkRunJson(run, repository, this.#apps.appJson(run.app), this.#origin);
  }

  annotationsJson(repository: RepositoryRow, run: CheckRun): Json[] {
    return annotationsJson(run, repository, this.#origin);
  }

  #suiteJson(repository: RepositoryRow, app: App, headSha: string): Json {
    const id = this.#suite(repository, app, headSha);
    const runs = this.all(repository).filter((run) => run.suiteId === id);
    const commit = this.#repositories.history.commit(repository, headSha);
    const branch = this.#repositories.history.branchOf(repository, headSha);
    const suite = { id, headSha, branch, commit, runs, app: this.#apps.appJson(app) };
    return checkSuiteJson(suite, repository, this.#origin);
  }

  #suite(repository: RepositoryRow, app: App, headSha: string): number {
    const key = `${repository.id} ${app.id} ${headSha}`;
    const id = this.#suites.get(key) ?? FIRST_SUITE + this.#suites.size;
    this.#suites.set(key, id);
    return id;
  }

  async #emit(
    repository: RepositoryRow,
    run: CheckRun,
    action: string,
    sender: App | string,
    more: Json = {},
  ): Promise<void> {
    const check_run = this.json(repository, run);
    this.#webhooks.emit({
      name: 'check_run',
      action,
      repository,
      payload: {
        action,
        ...more,
        check_run: { ...check_run, check_suite: this.#suiteJson(repository, run.app, run.headSha) },
        repository: await this.#repositories.json(repository),
        sender: this.#accounts.json(
          typeof sender === 'string' ? this.#accounts.get(sender) : botUser(sender),
        ),
      },
    });
  }
}

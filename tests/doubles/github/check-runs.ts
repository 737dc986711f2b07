/** Check-runs and their suites: GitHub's limits, appended annotations, and the events that Apps hear. */
import type { Accounts } from './accounts.ts';
import { notFound, Refusal } from './api.ts';
import type { App, Apps } from './apps.ts';
import { botUser } from './bot-user.ts';
import { type CheckRunInput, checkLimits, type InputAnnotation } from './check-run-limits.ts';
import type { Json, Repositories } from './repositories.ts';
import type { RepositoryRow } from './rows.ts';
import type { Webhooks } from './webhooks.ts';

export interface CheckRun {
  readonly id: number;
  readonly suiteId: number;
  readonly repositoryId: number;
  readonly app: App;
  readonly name: string;
  readonly headSha: string;
  externalId: string;
  detailsUrl: string;
  status: string;
  conclusion: string | null;
  startedAt: string | null;
  completedAt: string | null;
  output: { title: string | null; summary: string | null; text: string | null };
  readonly annotations: InputAnnotation[];
  actions: readonly Json[];
}

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
    if (!this.#repositories.hasCommit(repository, headSha))
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
          check_suite: this.suiteJson(repository, app, headSha),
          repository: await this.#repositories.json(repository),
          sender: this.#accounts.json(this.#accounts.get(sender)),
        },
      });
    }
  }

  /** GitHub's `check-run`. */
  json(repository: RepositoryRow, run: CheckRun): Json {
    const url = `${this.#origin}/api/v3/repos/${repository.full_name}/check-runs/${run.id}`;
    return {
      id: run.id,
      node_id: `CR_${run.id}`,
      name: run.name,
      head_sha: run.headSha,
      external_id: run.externalId,
      url,
      html_url: `${this.#origin}/${repository.full_name}/runs/${run.id}`,
      details_url: run.detailsUrl,
      status: run.status,
      conclusion: run.conclusion,
      started_at: run.startedAt,
      completed_at: run.completedAt,
      output: {
        ...run.output,
        annotations_count: run.annotations.length,
        annotations_url: `${url}/annotations`,
      },
      check_suite: { id: run.suiteId },
      app: this.#apps.appJson(run.app),
      pull_requests: [],
    };
  }

  annotationsJson(repository: RepositoryRow, run: CheckRun): Json[] {
    return run.annotations.map((annotation) => ({
      start_column: null,
      end_column: null,
      title: null,
      raw_details: null,
      ...annotation,
      blob_href: `${this.#origin}/${repository.full_name}/blob/${run.headSha}/${annotation.path}`,
    }));
  }

  /** GitHub's `check-suite` as webhooks carry it. */
  suiteJson(repository: RepositoryRow, app: App, headSha: string): Json {
    const id = this.#suite(repository, app, headSha);
    const runs = this.all(repository).filter((run) => run.suiteId === id);
    const commit = this.#repositories.commit(repository, headSha);
    const done = runs.every((run) => run.status === 'completed');
    return {
      id,
      node_id: `CS_${id}`,
      head_branch: repository.default_branch,
      head_sha: headSha,
      status: done ? 'completed' : 'queued',
      conclusion: done ? (runs.find((run) => run.conclusion !== 'success')?.conclusion ?? 'success') : null,
      url: `${this.#origin}/api/v3/repos/${repository.full_name}/check-suites/${id}`,
      before: commit?.parent_shas[0] ?? null,
      after: headSha,
      pull_requests: [],
      app: this.#apps.appJson(app),
      created_at: runs[0]?.startedAt ?? new Date().toISOString(),
      updated_at: new Date().toISOString(),
      rerequestable: true,
      runs_rerequestable: true,
      latest_check_runs_count: runs.length,
      check_runs_url: `${this.#origin}/api/v3/repos/${repository.full_name}/check-suites/${id}/check-runs`,
      head_commit: {
        id: headSha,
        tree_id: commit?.tree_sha ?? '',
        message: commit?.message ?? '',
        timestamp: commit?.committer_date ?? '',
        author: { name: commit?.author_name ?? '', email: commit?.author_email ?? '' },
        committer: { name: commit?.committer_name ?? '', email: commit?.committer_email ?? '' },
      },
    };
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
        check_run: { ...check_run, check_suite: this.suiteJson(repository, run.app, run.headSha) },
        repository: await this.#repositories.json(repository),
        sender: this.#accounts.json(
          typeof sender === 'string' ? this.#accounts.get(sender) : botUser(sender),
        ),
      },
    });
  }
}

function apply(run: CheckRun, input: CheckRunInput): void {
  if (input.external_id !== undefined) run.externalId = input.external_id;
  if (input.details_url !== undefined) run.detailsUrl = input.details_url;
  if (input.started_at !== undefined) run.startedAt = input.started_at;
  if (input.actions !== undefined) run.actions = input.actions;
  if (input.output) {
    const { title, summary, text, annotations = [] } = input.output;
    run.output = {
      title: title ?? run.output.title,
      summary: summary ?? run.output.summary,
      text: text ?? run.output.text,
    };
    run.annotations.push(...annotations);
  }
  // A conclusion completes the run even when the status says otherwise (docs, Update a check run).
  if (input.conclusion !== undefined) {
    run.status = 'completed';
    run.conclusion = input.conclusion;
    run.completedAt = input.completed_at ?? new Date().toISOString();
  } else if (input.status !== undefined && input.status !== run.status) {
    run.status = input.status;
    run.conclusion = null;
    run.completedAt = null;
  }
}

/** GitHub Actions: workflows found in pushed files, runs queued for a few runners, and their events. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { notFound, Refusal } from '../api.ts';
import { type BareRepositories, git } from '../git.ts';
import type { OidcIssuer } from '../oidc.ts';
import type { Json, Repositories } from '../repositories.ts';
import type { RepositoryRow } from '../rows.ts';
import { runAct } from './act.ts';
import { parseDispatch, resolveInputs } from './dispatch-request.ts';
import { type Executor, type JobResult, type RunContext, RunProcesses } from './executor.ts';
import { jobEnvironment, oidcClaims } from './job-identity.ts';
import type { RunEvents } from './run-events.ts';
import type { Run, Workflow } from './run-record.ts';
import { expand, labelsOf, parseWorkflow } from './workflow-file.ts';

export interface ActionsParts {
  readonly repositories: Repositories;
  readonly bare: BareRepositories;
  readonly oidc: OidcIssuer;
  readonly events: RunEvents;
  readonly origin: string;
  /** Where runs have their folders. */
  readonly directory: string;
  readonly executor: Executor | null;
  /** How many jobs run at once. */
  readonly runners: number;
  /** Environment that every job inherits from its runner. */
  readonly runnerEnv: Readonly<Record<string, string>>;
  readonly onError: (error: unknown) => void;
}

interface Execution {
  readonly processes: RunProcesses;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

const FIRST_WORKFLOW_ID = 161_001;
const FIRST_RUN_ID = 9_000_001;
const FIRST_JOB_ID = 27_000_001;
/** Between the polite and the final signal of a cancellation; GitHub gives 7.5 s. */
const CANCEL_GRACE_MS = 2_000;

export class Actions {
  /** Oldest first. */
  readonly runs: Run[] = [];
  readonly #parts: ActionsParts;
  readonly #workflows: Workflow[] = [];
  readonly #waiting: Run[] = [];
  readonly #executions = new Map<number, Execution>();
  readonly #ending = new Set<Promise<void>>();
  #online: boolean;
  #closed = false;

  constructor(parts: ActionsParts) {
    this.#parts = parts;
    this.#online = parts.executor !== null;
  }

  get runners(): { total: number; online: boolean; busy: number } {
    return { total: this.#parts.runners, online: this.#online, busy: this.#executions.size };
  }

  /** Offline runners take no job; queued runs wait. */
  setOnline(online: boolean): void {
    this.#online = online;
    this.#pump();
  }

  workflows(repository: RepositoryRow): Workflow[] {
    return this.#workflows.filter((workflow) => workflow.repositoryId === repository.id);
  }

  run(repository: RepositoryRow, id: number): Run {
    const run = this.runs.find((each) => each.id === id && each.repositoryId === repository.id);
    if (!run) throw notFound();
    return run;
  }

  /** Registers the workflow files of the default branch; call after each push. */
  async discover(repository: RepositoryRow): Promise<void> {
    const head = this.#parts.repositories.branchHead(repository, repository.default_branch);
    if (!head) return;
    const directory = this.#parts.bare.directory(repository.id);
    const listed = await git(directory, 'ls-tree', '-r', '-z', '--name-only', head, '.github/workflows/');
    for (const file of listed.split('\0').filter((name) => /\.ya?ml$/.test(name))) {
      const known = this.workflows(repository).find((workflow) => workflow.path === file);
      const name = parseWorkflow(await git(directory, 'show', `${head}:${file}`)).name ?? file;
      if (known) known.name = name;
      else
        this.#workflows.push({
          id: FIRST_WORKFLOW_ID + this.#workflows.length,
          repositoryId: repository.id,
          path: file,
          name,
        });
    }
  }

  /** By id, file name or path; throws 404. */
  workflow(repository: RepositoryRow, key: string): Workflow {
    const found = this.workflows(repository).find(
      ({ id, path: file }) => String(id) === key || file === key || path.basename(file) === key,
    );
    if (!found) throw notFound();
    return found;
  }

  /** Throws a `Refusal` as GitHub answers a bad dispatch. */
  async dispatch(repository: RepositoryRow, workflow: Workflow, body: unknown, actor: Json): Promise<Run> {
    const { ref, inputs: given } = parseDispatch(body);
    const branch = ref.replace(/^refs\/heads\//, '');
    const headSha = this.#parts.repositories.branchHead(repository, branch);
    if (!headSha) throw new Refusal(422, `No ref found for: ${ref}`);
    const directory = this.#parts.bare.directory(repository.id);
    const file = parseWorkflow(await git(directory, 'show', `${headSha}:${workflow.path}`));
    const inputs = resolveInputs(file, given);
    const now = new Date().toISOString();
    const jobs = Object.entries(file.jobs).map(([key, job], at) => ({
      id: FIRST_JOB_ID + this.runs.length * 100 + at,
      key,
      name: job.name ?? key,
      labels: labelsOf(job, { inputs }),
      status: 'queued' as const,
      conclusion: null,
      createdAt: now,
      startedAt: now,
      completedAt: null,
      runnerName: null,
      steps: [],
    }));
    const run: Run = {
      id: FIRST_RUN_ID + this.runs.length,
      number: this.runs.filter((each) => each.workflow === workflow).length + 1,
      repositoryId: repository.id,
      workflow,
      file,
      branch,
      ref: `refs/heads/${branch}`,
      headSha,
      title: file['run-name'] === undefined ? workflow.name : expand(file['run-name'], { inputs }),
      inputs,
      actor,
      jobs,
      status: 'queued',
      conclusion: null,
      createdAt: now,
      updatedAt: now,
      log: [],
    };
    this.runs.push(run);
    this.#parts.events.run(run, 'requested');
    for (const job of run.jobs) this.#parts.events.job(run, job, 'queued');
    this.#waiting.push(run);
    this.#pump();
    return run;
  }

  /** Ends the run's processes: politely first, or at once when forced. Throws 409 when the run is over. */
  cancel(run: Run, force: boolean): void {
    if (run.status === 'completed') throw new Refusal(409, 'Cannot cancel a workflow run that is completed.');
    const execution = this.#executions.get(run.id);
    if (!execution) {
      const at = this.#waiting.indexOf(run);
      if (at >= 0) this.#waiting.splice(at, 1);
      this.#complete(run, 'cancelled');
      return;
    }
    execution.abort.abort('cancelled');
    if (force) {
      execution.processes.signal('SIGKILL');
      return;
    }
    execution.processes.signal('SIGINT');
    const timer = setTimeout(() => execution.processes.signal('SIGKILL'), CANCEL_GRACE_MS);
    void execution.done.then(() => clearTimeout(timer));
  }

  /**
   * The runner's host dies in the middle of a job: its processes end, GitHub hears nothing.
   * The run stays in progress until `loseRunner` of a later call with `failure`, as GitHub's own timeout does it.
   */
  async loseRunner(runId: number, then: 'staysInProgress' | 'failure'): Promise<void> {
    const run = this.runs.find(({ id }) => id === runId);
    if (!run) throw new Error(`no run ${runId}`);
    const execution = this.#executions.get(runId);
    if (execution) {
      execution.abort.abort('lost');
      execution.processes.signal('SIGKILL');
      await execution.done;
    }
    if (then === 'failure') this.#complete(run, 'failure');
  }

  /** Resolves when no run is waiting or running and all events are handed over. */
  async settled(): Promise<void> {
    while (this.#ending.size > 0) await Promise.all(this.#ending);
    await this.#parts.events.settled();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { abort, processes } of this.#executions.values()) {
      abort.abort('lost');
      processes.signal('SIGKILL');
    }
    await this.settled();
  }

  #pump(): void {
    const { executor, runners } = this.#parts;
    while (executor && this.#online && !this.#closed && this.#executions.size < runners) {
      const run = this.#waiting.shift();
      if (!run) return;
      this.#start(run, executor);
    }
  }

  #start(run: Run, executor: Executor): void {
    const processes = new RunProcesses();
    const abort = new AbortController();
    const slot = this.#executions.size + 1;
    const done = this.#execute(run, executor, processes, abort.signal, `offline-runner-${slot}`).then(
      (result) => {
        this.#executions.delete(run.id);
        this.#ending.delete(done);
        if (abort.signal.reason === 'cancelled') this.#complete(run, 'cancelled');
        else if (abort.signal.reason !== 'lost') this.#complete(run, result);
        this.#pump();
      },
    );
    this.#executions.set(run.id, { processes, abort, done });
    this.#ending.add(done);
  }

  async #execute(
    run: Run,
    executor: Executor,
    processes: RunProcesses,
    signal: AbortSignal,
    runner: string,
  ): Promise<JobResult> {
    const { repositories, oidc, bare, origin, runnerEnv, onError } = this.#parts;
    const repository = repositories.get(run.repositoryId);
    if (!repository) return 'failure';
    run.status = 'in_progress';
    this.#parts.events.run(run, 'in_progress');
    for (const job of run.jobs) {
      Object.assign(job, { status: 'in_progress', startedAt: new Date().toISOString(), runnerName: runner });
      this.#parts.events.job(run, job, 'in_progress');
    }
    const identity = oidc.open(oidcClaims(run, repository));
    try {
      const temp = path.join(this.#parts.directory, String(run.id));
      const workdir = path.join(temp, 'work');
      mkdirSync(temp, { recursive: true });
      await git(temp, 'clone', '-q', '--no-checkout', bare.directory(repository.id), workdir);
      await git(workdir, 'checkout', '-q', '--detach', run.headSha);
      const context: RunContext = {
        runId: run.id,
        runNumber: run.number,
        inputs: run.inputs,
        env: {
          ...jobEnvironment(run, repository, { origin, workdir, temp, runner }, identity),
          ...runnerEnv,
        },
        workdir,
        temp,
        workflow: run.file,
        workflowPath: run.workflow.path,
        actor: String(run.actor.login),
        signal,
        spawn: (command, args, options) => processes.spawn(command, args, options),
        step: (report) => {
          for (const job of run.jobs) job.steps.push({ ...report, at: new Date().toISOString() });
        },
        log: (line) => run.log.push(line),
      };
      return await (executor.kind === 'act' ? runAct(executor.actBinary, context) : executor.run(context));
    } catch (error) {
      run.log.push(String(error));
      if (!signal.aborted) onError(error);
      return 'failure';
    } finally {
      identity.close();
      processes.signal('SIGKILL');
    }
  }

  #complete(run: Run, conclusion: 'success' | 'failure' | 'cancelled'): void {
    if (run.status === 'completed') return;
    const now = new Date().toISOString();
    Object.assign(run, { status: 'completed', conclusion, updatedAt: now });
    for (const job of run.jobs) {
      Object.assign(job, { status: 'completed', conclusion, completedAt: now });
      this.#parts.events.job(run, job, 'completed');
    }
    this.#parts.events.run(run, 'completed');
  }
}

/** GitHub Actions: workflows found in pushed files, runs queued for a few runners, and their events. */
import { notFound, Refusal } from '../api.ts';
import { git } from '../git.ts';
import type { Json, Repositories } from '../repositories.ts';
import type { RepositoryRow } from '../rows.ts';
import { parseDispatch, resolveInputs } from './dispatch-request.ts';
import { type Executor, type JobResult, RunProcesses } from './executor.ts';
import { newRun } from './new-run.ts';
import type { RunEvents } from './run-events.ts';
import { type RunnerParts, runOnRunner } from './run-on-runner.ts';
import type { Run, Workflow } from './run-record.ts';
import { runnerName } from './run-record.ts';
import { parseWorkflow, type WorkflowFile } from './workflow-file.ts';
import { Workflows } from './workflows.ts';

export interface ActionsParts extends RunnerParts {
  readonly repositories: Repositories;
  readonly events: RunEvents;
  readonly executor: Executor | null;
  /** How many jobs run at once. */
  readonly runners: number;
}

interface Execution {
  readonly runner: string;
  readonly processes: RunProcesses;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/** Between the polite and the final signal of a cancellation, as on GitHub. */
const CANCEL_GRACE_MS = 7_500;

export class Actions {
  /** Oldest first. */
  readonly runs: Run[] = [];
  readonly workflows: Workflows;
  readonly #parts: ActionsParts;
  readonly #waiting: Run[] = [];
  readonly #executions = new Map<number, Execution>();
  readonly #ending = new Set<Promise<void>>();
  #online: boolean;
  #closed = false;

  constructor(parts: ActionsParts) {
    this.#parts = parts;
    this.#online = parts.executor !== null;
    this.workflows = new Workflows(parts.repositories, parts.bare);
  }

  get runners(): { total: number; online: boolean; busy: number } {
    return { total: this.#parts.runners, online: this.#online, busy: this.#executions.size };
  }

  /** Offline runners take no job; queued runs wait. */
  setOnline(online: boolean): void {
    this.#online = online;
    this.#pump();
  }

  run(repository: RepositoryRow, id: number): Run {
    const run = this.runs.find((each) => each.id === id && each.repositoryId === repository.id);
    if (!run) throw notFound();
    return run;
  }

  /** Throws a `Refusal` as GitHub answers a bad dispatch. */
  async dispatch(repository: RepositoryRow, workflow: Workflow, body: unknown, actor: Json): Promise<Run> {
    const { ref, inputs: given } = parseDispatch(body);
    const branch = ref.replace(/^refs\/heads\//, '');
    const headSha = this.#parts.repositories.history.branchHead(repository, branch);
    if (!headSha) throw new Refusal(422, `No ref found for: ${ref}`);
    const directory = this.#parts.bare.directory(repository.id);
    const file = readWorkflow(await git(directory, 'show', `${headSha}:${workflow.path}`));
    const inputs = resolveInputs(file, given);
    const serial = this.runs.length;
    const number = this.runs.filter((each) => each.workflow === workflow).length + 1;
    const run = newRun({ serial, number, workflow, file, branch, headSha, inputs, actor });
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
    const runner = this.#freeRunner();
    this.#begin(run, runner);
    const repository = this.#parts.repositories.get(run.repositoryId);
    const handles = { processes, signal: abort.signal, runner };
    const result: Promise<JobResult> = repository
      ? runOnRunner(run, repository, executor, handles, this.#parts)
      : Promise.resolve('failure');
    const done = result.then((conclusion) => {
      this.#executions.delete(run.id);
      this.#ending.delete(done);
      if (abort.signal.reason === 'cancelled') this.#complete(run, 'cancelled');
      else if (abort.signal.reason !== 'lost') this.#complete(run, conclusion);
      this.#pump();
    });
    this.#executions.set(run.id, { runner, processes, abort, done });
    this.#ending.add(done);
  }

  #freeRunner(): string {
    const taken = new Set([...this.#executions.values()].map(({ runner }) => runner));
    let number = 1;
    while (taken.has(runnerName(number))) number++;
    return runnerName(number);
  }

  #begin(run: Run, runner: string): void {
    run.status = 'in_progress';
    this.#parts.events.run(run, 'in_progress');
    for (const job of run.jobs) {
      Object.assign(job, { status: 'in_progress', startedAt: new Date().toISOString(), runnerName: runner });
      this.#parts.events.job(run, job, 'in_progress');
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

function readWorkflow(text: string): WorkflowFile {
  try {
    return parseWorkflow(text);
  } catch (error) {
    throw new Refusal(422, `failed to parse workflow: ${error instanceof Error ? error.message : error}`);
  }
}

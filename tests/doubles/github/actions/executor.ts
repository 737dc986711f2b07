/** How a job is really run: by nektos/act, or by a function of the test or demo. */
import { type ChildProcess, spawn } from 'node:child_process';
import { signalTree } from './process-tree.ts';
import type { WorkflowFile } from './workflow-file.ts';

export type JobResult = 'success' | 'failure';

export interface StepReport {
  readonly name: string;
  readonly conclusion: 'success' | 'failure' | 'skipped';
}

/** What one run hands to its executor. */
export interface RunContext {
  readonly runId: number;
  readonly runNumber: number;
  readonly inputs: Readonly<Record<string, string>>;
  /** `GITHUB_*`, `RUNNER_*` and `ACTIONS_ID_TOKEN_REQUEST_{URL,TOKEN}`; nothing of this process's own environment but PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** The repository, checked out at the run's commit. */
  readonly workdir: string;
  /** Empty, for this run alone; removed with the double. */
  readonly temp: string;
  readonly workflow: WorkflowFile;
  readonly workflowPath: string;
  readonly actor: string;
  /** Aborts when the run is cancelled or its runner dies. */
  readonly signal: AbortSignal;
  /** Starts a process that ends with the run. */
  spawn(
    command: string,
    args: readonly string[],
    options: { cwd: string; env: Record<string, string> },
  ): ChildProcess;
  /** Reported by workflow_job events. */
  step(report: StepReport): void;
  /** A line of the run's log. */
  log(line: string): void;
}

export type Executor =
  | { readonly kind: 'direct'; run(context: RunContext): Promise<JobResult> }
  | { readonly kind: 'act'; readonly actBinary: string };

/** The processes of one run. */
export class RunProcesses {
  readonly #children = new Set<ChildProcess>();
  /** Resolves when they were killed: nothing more can start. */
  readonly killed: Promise<void>;
  #isKilled = false;
  #resolveKilled: () => void = () => {};

  constructor() {
    this.killed = new Promise((resolve) => {
      this.#resolveKilled = resolve;
    });
  }

  spawn(
    command: string,
    args: readonly string[],
    { cwd, env }: { cwd: string; env: Record<string, string> },
  ): ChildProcess {
    if (this.#isKilled) throw new Error('the run has ended');
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#children.add(child);
    child.on('close', () => this.#children.delete(child));
    return child;
  }

  signal(signal: 'SIGINT' | 'SIGKILL'): void {
    for (const { pid } of this.#children) if (pid !== undefined) signalTree(pid, signal);
    if (signal !== 'SIGKILL') return;
    this.#isKilled = true;
    this.#resolveKilled();
  }
}

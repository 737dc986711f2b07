/** One run on one runner: checkout, identity, executor, and an end to whatever is left. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { type BareRepositories, git } from '../git.ts';
import type { OidcIssuer } from '../oidc.ts';
import type { RepositoryRow } from '../rows.ts';
import { runAct } from './act.ts';
import type { Executor, JobResult, RunContext, RunProcesses } from './executor.ts';
import { jobEnvironment, oidcClaims } from './job-identity.ts';
import type { Run } from './run-record.ts';

export interface RunnerParts {
  readonly bare: BareRepositories;
  readonly oidc: OidcIssuer;
  readonly origin: string;
  /** Where runs have their folders. */
  readonly directory: string;
  /** Environment that every job inherits from its runner. */
  readonly runnerEnv: Readonly<Record<string, string>>;
  readonly onError: (error: unknown) => void;
}

/** Resolves, at the latest when the run's processes are killed; never rejects. */
export async function runOnRunner(
  run: Run,
  repository: RepositoryRow,
  executor: Executor,
  { processes, signal, runner }: { processes: RunProcesses; signal: AbortSignal; runner: string },
  parts: RunnerParts,
): Promise<JobResult> {
  const identity = parts.oidc.open(oidcClaims(run, repository));
  try {
    const temp = path.join(parts.directory, String(run.id));
    const workdir = path.join(temp, 'work');
    mkdirSync(temp, { recursive: true });
    await git(temp, 'clone', '-q', '--no-checkout', parts.bare.directory(repository.id), workdir);
    await git(workdir, 'checkout', '-q', '--detach', run.headSha);
    const place = { origin: parts.origin, workdir, temp, runner };
    const context: RunContext = {
      runId: run.id,
      runNumber: run.number,
      inputs: run.inputs,
      env: { ...jobEnvironment(run, repository, place, identity), ...parts.runnerEnv },
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
    const result = executor.kind === 'act' ? runAct(executor.actBinary, context) : executor.run(context);
    // A function that does not heed its signal must not keep a dead runner alive.
    const killed = processes.killed.then(() => 'failure' as const);
    result.catch(() => {});
    return await Promise.race([result, killed]);
  } catch (error) {
    run.log.push(String(error));
    if (!signal.aborted) parts.onError(error);
    return 'failure';
  } finally {
    identity.close();
    processes.signal('SIGKILL');
  }
}

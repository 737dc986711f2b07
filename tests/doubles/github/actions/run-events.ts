/** The events of runs and jobs, in the order in which things happened. */
import type { Json, Repositories } from '../repositories.ts';
import type { Webhooks } from '../webhooks.ts';
import { type Job, jobJson, type Run, runJson, workflowJson } from './run-record.ts';

export class RunEvents {
  readonly #repositories: Repositories;
  readonly #webhooks: Webhooks;
  readonly #origin: string;
  #last: Promise<void> = Promise.resolve();

  constructor(repositories: Repositories, webhooks: Webhooks, origin: string) {
    this.#repositories = repositories;
    this.#webhooks = webhooks;
    this.#origin = origin;
  }

  run(run: Run, action: 'requested' | 'in_progress' | 'completed'): void {
    const snapshot = { ...run };
    this.#emit('workflow_run', action, run, async (repository) => ({
      workflow_run: await this.runJson(snapshot),
      workflow: workflowJson(run.workflow, repository, this.#origin),
    }));
  }

  job(run: Run, job: Job, action: 'queued' | 'in_progress' | 'completed'): void {
    const snapshot = { ...job, steps: [...job.steps] };
    this.#emit('workflow_job', action, run, async (repository) => ({
      workflow_job: jobJson(run, snapshot, repository, this.#origin),
    }));
  }

  /** GitHub's `workflow-run`. */
  async runJson(run: Run): Promise<Json> {
    const repository = this.#repositories.get(run.repositoryId);
    if (!repository) throw new Error(`the repository of run ${run.id} is deleted`);
    const commit = this.#repositories.history.commit(repository, run.headSha);
    const headCommit = {
      id: run.headSha,
      tree_id: commit?.tree_sha,
      message: commit?.message,
      timestamp: commit?.committer_date,
      author: { name: commit?.author_name, email: commit?.author_email },
      committer: { name: commit?.committer_name, email: commit?.committer_email },
    };
    return runJson(run, await this.#repositories.json(repository), headCommit, this.#origin);
  }

  settled(): Promise<void> {
    return this.#last;
  }

  #emit(name: string, action: string, run: Run, more: (repository: Json) => Promise<Json>): void {
    this.#last = this.#last.then(async () => {
      const repository = this.#repositories.get(run.repositoryId);
      if (!repository) return;
      const json = await this.#repositories.json(repository);
      const payload = { action, ...(await more(json)), repository: json, sender: run.actor };
      this.#webhooks.emit({ name, action, repository, payload });
    });
  }
}

/** One run of a workflow, and how GitHub describes it. */
import type { Json } from '../repositories.ts';
import type { StepReport } from './executor.ts';
import type { WorkflowFile } from './workflow-file.ts';

export interface Workflow {
  readonly id: number;
  readonly repositoryId: number;
  readonly path: string;
  name: string;
}

export interface Job {
  readonly id: number;
  readonly key: string;
  readonly name: string;
  readonly labels: readonly string[];
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
  readonly createdAt: string;
  startedAt: string;
  completedAt: string | null;
  runnerName: string | null;
  readonly steps: (StepReport & { readonly at: string })[];
}

export interface Run {
  readonly id: number;
  readonly number: number;
  readonly repositoryId: number;
  readonly workflow: Workflow;
  readonly file: WorkflowFile;
  readonly branch: string;
  readonly ref: string;
  readonly headSha: string;
  readonly title: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** Login of who dispatched it. */
  readonly actor: Json;
  readonly jobs: readonly Job[];
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: 'success' | 'failure' | 'cancelled' | null;
  readonly createdAt: string;
  updatedAt: string;
  readonly log: string[];
}

export function runnerName(number: number): string {
  return `offline-runner-${number}`;
}

/** GitHub's `workflow-run`; `headCommit` as in push events. */
export function runJson(run: Run, repository: Json, headCommit: Json, origin: string): Json {
  const api = `${origin}/api/v3/repos/${repository.full_name}`;
  const url = `${api}/actions/runs/${run.id}`;
  return {
    id: run.id,
    name: run.workflow.name,
    node_id: `WFR_${run.id}`,
    check_suite_id: run.id + 1,
    check_suite_node_id: `CS_${run.id + 1}`,
    head_branch: run.branch,
    head_sha: run.headSha,
    path: run.workflow.path,
    display_title: run.title,
    run_number: run.number,
    run_attempt: 1,
    event: 'workflow_dispatch',
    status: run.status,
    conclusion: run.conclusion,
    workflow_id: run.workflow.id,
    url,
    html_url: `${origin}/${repository.full_name}/actions/runs/${run.id}`,
    pull_requests: [],
    referenced_workflows: [],
    created_at: run.createdAt,
    updated_at: run.updatedAt,
    run_started_at: run.createdAt,
    previous_attempt_url: null,
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${api}/check-suites/${run.id + 1}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    workflow_url: `${api}/actions/workflows/${run.workflow.id}`,
    head_commit: headCommit,
    repository,
    head_repository: repository,
    actor: run.actor,
    triggering_actor: run.actor,
  };
}

/** GitHub's `job`. */
export function jobJson(run: Run, job: Job, repository: Json, origin: string): Json {
  const api = `${origin}/api/v3/repos/${repository.full_name}`;
  return {
    id: job.id,
    run_id: run.id,
    run_url: `${api}/actions/runs/${run.id}`,
    run_attempt: 1,
    node_id: `JOB_${job.id}`,
    head_sha: run.headSha,
    head_branch: run.branch,
    url: `${api}/actions/jobs/${job.id}`,
    html_url: `${origin}/${repository.full_name}/actions/runs/${run.id}/job/${job.id}`,
    status: job.status,
    conclusion: job.conclusion,
    created_at: job.createdAt,
    started_at: job.startedAt,
    completed_at: job.completedAt,
    name: job.name,
    workflow_name: run.workflow.name,
    steps: job.steps.map(({ name, conclusion, at }, i) => ({
      name,
      number: i + 1,
      status: 'completed',
      conclusion,
      started_at: at,
      completed_at: at,
    })),
    check_run_url: `${api}/check-runs/${job.id}`,
    labels: job.labels,
    runner_id: job.runnerName === null ? null : 1,
    runner_name: job.runnerName,
    runner_group_id: job.runnerName === null ? null : 1,
    runner_group_name: job.runnerName === null ? null : 'Default',
  };
}

/** GitHub's `workflow`. */
export function workflowJson(workflow: Workflow, repository: Json, origin: string): Json {
  const created = String(repository.created_at);
  return {
    id: workflow.id,
    node_id: `W_${workflow.id}`,
    name: workflow.name,
    path: workflow.path,
    state: 'active',
    created_at: created,
    updated_at: created,
    url: `${origin}/api/v3/repos/${repository.full_name}/actions/workflows/${workflow.id}`,
    html_url: `${origin}/${repository.full_name}/blob/${repository.default_branch}/${workflow.path}`,
    badge_url: `${origin}/${repository.full_name}/workflows/${encodeURIComponent(workflow.name)}/badge.svg`,
  };
}

/** How GitHub describes check-runs, annotations and suites. */
import type { CheckRun } from './check-run-record.ts';
import type { Json } from './repositories.ts';
import type { CommitRow, RepositoryRow } from './rows.ts';

/** GitHub's `check-run`. */
export function checkRunJson(run: CheckRun, repository: RepositoryRow, app: Json, origin: string): Json {
  const url = `${origin}/api/v3/repos/${repository.full_name}/check-runs/${run.id}`;
  return {
    id: run.id,
    node_id: `CR_${run.id}`,
    name: run.name,
    head_sha: run.headSha,
    external_id: run.externalId,
    url,
    html_url: `${origin}/${repository.full_name}/runs/${run.id}`,
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
    app,
    pull_requests: [],
  };
}

/** GitHub's list of `check-annotation`. */
export function annotationsJson(run: CheckRun, repository: RepositoryRow, origin: string): Json[] {
  return run.annotations.map((annotation) => ({
    start_column: null,
    end_column: null,
    title: null,
    raw_details: null,
    ...annotation,
    blob_href: `${origin}/${repository.full_name}/blob/${run.headSha}/${annotation.path}`,
  }));
}

/** GitHub's `check-suite` as webhooks carry it. */
export function checkSuiteJson(
  suite: {
    readonly id: number;
    readonly headSha: string;
    readonly branch: string;
    readonly commit: CommitRow | undefined;
    readonly runs: readonly CheckRun[];
    readonly app: Json;
  },
  repository: RepositoryRow,
  origin: string,
): Json {
  const { id, headSha, branch, commit, runs, app } = suite;
  const url = `${origin}/api/v3/repos/${repository.full_name}/check-suites/${id}`;
  const isDone = runs.every((run) => run.status === 'completed');
  return {
    id,
    node_id: `CS_${id}`,
    head_branch: branch,
    head_sha: headSha,
    status: isDone ? 'completed' : 'queued',
    conclusion: isDone ? (runs.find((run) => run.conclusion !== 'success')?.conclusion ?? 'success') : null,
    url,
    before: commit?.parent_shas[0] ?? null,
    after: headSha,
    pull_requests: [],
    app,
    created_at: runs[0]?.startedAt ?? commit?.committer_date,
    updated_at: runs.at(-1)?.completedAt ?? runs[0]?.startedAt ?? commit?.committer_date,
    rerequestable: true,
    runs_rerequestable: true,
    latest_check_runs_count: runs.length,
    check_runs_url: `${url}/check-runs`,
    head_commit: {
      id: headSha,
      tree_id: commit?.tree_sha,
      message: commit?.message,
      timestamp: commit?.committer_date,
      author: { name: commit?.author_name, email: commit?.author_email },
      committer: { name: commit?.committer_name, email: commit?.committer_email },
    },
  };
}

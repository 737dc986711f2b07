import { type Call, page, Refusal, type Route, repositoryOf } from './api.ts';
import type { App } from './apps.ts';
import type { CheckRunInput } from './check-run-limits.ts';
import type { CheckRun } from './check-run-record.ts';
import type { CheckRuns } from './check-runs.ts';
import type { Repositories } from './repositories.ts';
import type { RepositoryRow } from './rows.ts';

export function checkRunRoutes(checks: CheckRuns, repositories: Repositories, origin: string): Route[] {
  const listed = (call: Call, repository: RepositoryRow, runs: readonly CheckRun[]) => {
    const { items, headers } = page(call, origin, filtered(call.query, runs));
    const check_runs = items.map((run) => checks.json(repository, run));
    return { status: 200, headers, body: { total_count: filtered(call.query, runs).length, check_runs } };
  };
  return [
    {
      method: 'POST',
      path: '/repos/{owner}/{repo}/check-runs',
      answer: async (call) => {
        const repository = repositoryOf(call);
        const run = await checks.create(repository, callingApp(call), call.body as CheckRunInput);
        return { status: 201, body: checks.json(repository, run) };
      },
    },
    {
      method: 'PATCH',
      path: '/repos/{owner}/{repo}/check-runs/{check_run_id}',
      answer: async (call, { check_run_id }) => {
        const repository = repositoryOf(call);
        const input = call.body as CheckRunInput;
        const run = await checks.update(repository, callingApp(call), Number(check_run_id), input);
        return { status: 200, body: checks.json(repository, run) };
      },
    },
    {
      method: 'GET',
      path: '/repos/{owner}/{repo}/check-runs/{check_run_id}',
      answer: (call, { check_run_id }) => {
        const repository = repositoryOf(call);
        return { status: 200, body: checks.json(repository, checks.get(repository, Number(check_run_id))) };
      },
    },
    {
      method: 'GET',
      path: '/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations',
      answer: (call, { check_run_id }) => {
        const repository = repositoryOf(call);
        const run = checks.get(repository, Number(check_run_id));
        const { items, headers } = page(call, origin, checks.annotationsJson(repository, run));
        return { status: 200, headers, body: items };
      },
    },
    {
      method: 'POST',
      path: '/repos/{owner}/{repo}/check-runs/{check_run_id}/rerequest',
      answer: async (call, { check_run_id }) => {
        const repository = repositoryOf(call);
        const owner = repositories.owner(repository).login;
        await checks.rerequest(repository, Number(check_run_id), owner);
        return { status: 201, body: {} };
      },
    },
    {
      method: 'GET',
      path: '/repos/{owner}/{repo}/commits/{ref}/check-runs',
      answer: (call, { ref = '' }) => {
        const repository = repositoryOf(call);
        const sha = repositories.history.branchHead(repository, ref.replace(/^heads\//, '')) ?? ref;
        if (!repositories.history.commit(repository, sha))
          throw new Refusal(422, `No commit found for SHA: ${ref}`);
        const runs = checks.all(repository).filter((run) => run.headSha === sha);
        return listed(call, repository, runs);
      },
    },
    {
      method: 'GET',
      path: '/repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs',
      answer: (call, { check_suite_id }) => {
        const repository = repositoryOf(call);
        const runs = checks.all(repository).filter((run) => run.suiteId === Number(check_suite_id));
        return listed(call, repository, runs);
      },
    },
  ];
}

/** Newest first; `filter=latest`, the default, keeps one run of each name and App. */
function filtered(query: URLSearchParams, runs: readonly CheckRun[]): CheckRun[] {
  const wanted = runs
    .filter((run) => (query.get('check_name') ?? run.name) === run.name)
    .filter((run) => (query.get('status') ?? run.status) === run.status)
    .filter((run) => Number(query.get('app_id') ?? run.app.id) === run.app.id)
    .sort((a, b) => b.id - a.id);
  if (query.get('filter') === 'all') return wanted;
  const newest = new Map<string, CheckRun>();
  for (const run of wanted) {
    const key = `${run.app.id} ${run.name}`;
    if (!newest.has(key)) newest.set(key, run);
  }
  return [...newest.values()];
}

function callingApp({ caller }: Call): App {
  if (caller.kind !== 'installation') throw new Refusal(403, 'You must authenticate via a GitHub App.');
  return caller.app;
}

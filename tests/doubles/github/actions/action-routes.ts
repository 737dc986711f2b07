import type { Accounts } from '../accounts.ts';
import { type Answer, type Call, page, type Route, repositoryOf } from '../api.ts';
import { botUser } from '../bot-user.ts';
import type { Repositories } from '../repositories.ts';
import type { Actions } from './actions.ts';
import { parseDispatch } from './dispatch-request.ts';
import type { RunEvents } from './run-events.ts';
import { jobJson, type Run, runnerName, workflowJson } from './run-record.ts';

interface Parts {
  readonly actions: Actions;
  readonly events: RunEvents;
  readonly accounts: Accounts;
  readonly repositories: Repositories;
  readonly origin: string;
}

export function actionRoutes({ actions, events, accounts, repositories, origin }: Parts): Route[] {
  const base = '/repos/{owner}/{repo}/actions';
  const listRuns = async (call: Call, runs: readonly Run[]): Promise<Answer> => {
    const wanted = filtered(call.query, runs);
    const { items, headers } = page(call, origin, wanted);
    const workflow_runs = await Promise.all(items.map((run) => events.runJson(run)));
    return { status: 200, headers, body: { total_count: wanted.length, workflow_runs } };
  };
  const cancel =
    (force: boolean) =>
    (call: Call, { run_id }: Record<string, string>) => {
      actions.cancel(actions.run(repositoryOf(call), Number(run_id)), force);
      return { status: 202, body: {} };
    };
  return [
    {
      method: 'GET',
      path: `${base}/workflows`,
      answer: async (call) => {
        const repository = repositoryOf(call);
        const { items, headers } = page(call, origin, actions.workflows.of(repository));
        const json = await repositories.json(repository);
        const workflows = items.map((workflow) => workflowJson(workflow, json, origin));
        return { status: 200, headers, body: { total_count: workflows.length, workflows } };
      },
    },
    {
      method: 'GET',
      path: `${base}/workflows/{workflow_id}`,
      answer: async (call, { workflow_id = '' }) => {
        const repository = repositoryOf(call);
        const workflow = actions.workflows.get(repository, workflow_id);
        return { status: 200, body: workflowJson(workflow, await repositories.json(repository), origin) };
      },
    },
    {
      method: 'POST',
      path: `${base}/workflows/{workflow_id}/dispatches`,
      answer: async (call, { workflow_id = '' }) => {
        const repository = repositoryOf(call);
        const workflow = actions.workflows.get(repository, workflow_id);
        const run = await actions.dispatch(repository, workflow, call.body, actorOf(call, accounts));
        if (!parseDispatch(call.body).return_run_details) return { status: 204 };
        const body = {
          workflow_run_id: run.id,
          run_url: `${origin}/api/v3/repos/${repository.full_name}/actions/runs/${run.id}`,
          html_url: `${origin}/${repository.full_name}/actions/runs/${run.id}`,
        };
        return { status: 200, body };
      },
    },
    {
      method: 'GET',
      path: `${base}/runs`,
      answer: (call) =>
        listRuns(
          call,
          actions.runs.filter((run) => run.repositoryId === repositoryOf(call).id),
        ),
    },
    {
      method: 'GET',
      path: `${base}/workflows/{workflow_id}/runs`,
      answer: (call, { workflow_id = '' }) => {
        const workflow = actions.workflows.get(repositoryOf(call), workflow_id);
        return listRuns(
          call,
          actions.runs.filter((run) => run.workflow === workflow),
        );
      },
    },
    {
      method: 'GET',
      path: `${base}/runs/{run_id}`,
      answer: async (call, { run_id }) => ({
        status: 200,
        body: await events.runJson(actions.run(repositoryOf(call), Number(run_id))),
      }),
    },
    {
      method: 'GET',
      path: `${base}/runs/{run_id}/jobs`,
      answer: async (call, { run_id }) => {
        const repository = repositoryOf(call);
        const run = actions.run(repository, Number(run_id));
        const json = await repositories.json(repository);
        const jobs = run.jobs.map((job) => jobJson(run, job, json, origin));
        return { status: 200, body: { total_count: jobs.length, jobs } };
      },
    },
    { method: 'POST', path: `${base}/runs/{run_id}/cancel`, answer: cancel(false) },
    { method: 'POST', path: `${base}/runs/{run_id}/force-cancel`, answer: cancel(true) },
    {
      method: 'GET',
      path: `${base}/runners`,
      answer: (call) => {
        const { total, online, busy } = actions.runners;
        const all = Array.from({ length: total }, (_, at) => ({
          id: at + 1,
          name: runnerName(at + 1),
          os: 'Linux',
          status: online ? 'online' : 'offline',
          busy: at < busy,
          labels: [{ id: 1, name: 'self-hosted', type: 'read-only' }],
        }));
        const { items, headers } = page(call, origin, all);
        return { status: 200, headers, body: { total_count: total, runners: items } };
      },
    },
  ];
}

function actorOf({ caller }: Call, accounts: Accounts) {
  if (caller.kind === 'installation') return accounts.json(botUser(caller.app));
  return caller.kind === 'user' ? accounts.json(caller.account) : {};
}

/** Newest first, by the filters of GitHub's list (docs, List workflow runs for a repository). */
function filtered(query: URLSearchParams, runs: readonly Run[]): Run[] {
  const equals = (name: string, value: string) => (query.get(name) ?? value) === value;
  const status = query.get('status');
  return runs
    .filter(() => equals('event', 'workflow_dispatch'))
    .filter((run) => equals('branch', run.branch) && equals('head_sha', run.headSha))
    .filter((run) => equals('actor', String(run.actor.login)))
    .filter((run) => status === null || run.status === status || run.conclusion === status)
    .filter((run) => isCreatedWithin(query.get('created'), Date.parse(run.createdAt)))
    .sort((a, b) => b.id - a.id);
}

/** `>=DATE`, `<DATE`, `DATE..DATE` with `*` for an open end; whole seconds, as GitHub's search dates are. */
function isCreatedWithin(range: string | null, createdMs: number): boolean {
  if (range === null) return true;
  const seconds = (date: string) => Math.floor(Date.parse(date) / 1000);
  const created = Math.floor(createdMs / 1000);
  const [, operator, date = ''] = /^(>=|<=|>|<)(.+)$/.exec(range) ?? [];
  if (operator === '>=') return created >= seconds(date);
  if (operator === '<=') return created <= seconds(date);
  if (operator === '>') return created > seconds(date);
  if (operator === '<') return created < seconds(date);
  const [from = '*', to = '*'] = range.split('..');
  return (from === '*' || created >= seconds(from)) && (to === '*' || created <= seconds(to));
}

/** Who a job says it is: its environment variables and the claims of its OIDC tokens (docs, OpenID Connect reference). */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Claims } from '../oidc.ts';
import type { RepositoryRow } from '../rows.ts';
import type { Run } from './run-record.ts';

export function oidcClaims(run: Run, repository: RepositoryRow): Claims {
  const owner = repository.full_name.split('/')[0] ?? '';
  const workflowRef = `${repository.full_name}/${run.workflow.path}@${run.ref}`;
  return {
    sub: `repo:${owner}@${repository.owner_id}/${repository.name}@${repository.id}:ref:${run.ref}`,
    actor: String(run.actor.login),
    actor_id: String(run.actor.id),
    base_ref: '',
    head_ref: '',
    check_run_id: String(run.jobs[0]?.id ?? ''),
    event_name: 'workflow_dispatch',
    job_workflow_ref: workflowRef,
    job_workflow_sha: run.headSha,
    ref: run.ref,
    ref_protected: 'false',
    ref_type: 'branch',
    repository: repository.full_name,
    repository_id: String(repository.id),
    repository_owner: owner,
    repository_owner_id: String(repository.owner_id),
    repository_visibility: repository.visibility,
    run_attempt: '1',
    run_id: String(run.id),
    run_number: String(run.number),
    runner_environment: 'self-hosted',
    sha: run.headSha,
    workflow: run.workflow.name,
    workflow_ref: workflowRef,
    workflow_sha: run.headSha,
  };
}

/** Also writes the event file that `GITHUB_EVENT_PATH` names. */
export function jobEnvironment(
  run: Run,
  repository: RepositoryRow,
  place: {
    readonly origin: string;
    readonly workdir: string;
    readonly temp: string;
    readonly runner: string;
  },
  oidc: { readonly url: string; readonly token: string },
): Record<string, string> {
  const { origin, workdir, temp, runner } = place;
  const claims = oidcClaims(run, repository);
  const eventPath = path.join(temp, 'event.json');
  writeFileSync(eventPath, JSON.stringify(dispatchEvent(run, repository)));
  const folders = { HOME: 'home', RUNNER_TEMP: 'runner-temp', RUNNER_TOOL_CACHE: 'tools' };
  const paths = Object.fromEntries(
    Object.entries(folders).map(([name, folder]) => [name, path.join(temp, folder)]),
  );
  for (const folder of Object.values(paths)) mkdirSync(folder, { recursive: true });
  return {
    ...paths,
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTOR: claims.actor ?? '',
    GITHUB_API_URL: `${origin}/api/v3`,
    GITHUB_EVENT_NAME: 'workflow_dispatch',
    GITHUB_EVENT_PATH: eventPath,
    GITHUB_JOB: run.jobs[0]?.key ?? '',
    GITHUB_REF: run.ref,
    GITHUB_REF_NAME: run.branch,
    GITHUB_REF_TYPE: 'branch',
    GITHUB_REPOSITORY: repository.full_name,
    GITHUB_REPOSITORY_ID: String(repository.id),
    GITHUB_REPOSITORY_OWNER: claims.repository_owner ?? '',
    GITHUB_REPOSITORY_OWNER_ID: String(repository.owner_id),
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: String(run.id),
    GITHUB_RUN_NUMBER: String(run.number),
    GITHUB_SERVER_URL: origin,
    GITHUB_SHA: run.headSha,
    GITHUB_WORKFLOW: run.workflow.name,
    GITHUB_WORKFLOW_REF: claims.workflow_ref ?? '',
    GITHUB_WORKFLOW_SHA: run.headSha,
    GITHUB_WORKSPACE: workdir,
    RUNNER_ARCH: 'X64',
    RUNNER_ENVIRONMENT: 'self-hosted',
    RUNNER_NAME: runner,
    RUNNER_OS: 'Linux',
    ACTIONS_ID_TOKEN_REQUEST_URL: oidc.url,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: oidc.token,
  };
}

function dispatchEvent(run: Run, repository: RepositoryRow) {
  return {
    inputs: run.inputs,
    ref: run.ref,
    repository: {
      id: repository.id,
      full_name: repository.full_name,
      default_branch: repository.default_branch,
      owner: { id: repository.owner_id, login: repository.full_name.split('/')[0] },
    },
    sender: { login: run.actor.login },
    workflow: run.workflow.path,
  };
}

/** Every call that the App makes to GitHub. Source of paths and parameters: GitHub's OpenAPI description. */
import { z } from 'zod';
import { operation } from './operation.ts';

const Id = z.number().int().positive();
const Sha = z.string().regex(/^[0-9a-f]{40}$/);
const Nothing = z.unknown();

const Account = z.object({ id: Id, login: z.string() });
export const Repository = z.object({
  id: Id,
  name: z.string(),
  owner: Account,
  private: z.boolean(),
  default_branch: z.string(),
});
const CheckRun = z.object({
  id: Id,
  name: z.string(),
  head_sha: z.string(),
  external_id: z.string().nullish(),
  app: z.object({ id: Id }).nullish(),
});
export const Run = z.object({
  id: Id,
  status: z.string().nullable(),
  conclusion: z.string().nullable(),
  event: z.string(),
  path: z.string(),
  display_title: z.string(),
  head_sha: Sha,
  run_attempt: z.number().int().positive().default(1),
  html_url: z.string(),
});
export const TreeItem = z.object({
  path: z.string(),
  mode: z.string(),
  type: z.enum(['blob', 'tree', 'commit']),
  sha: Sha,
  size: z.number().int().nonnegative().nullish(),
});
const Tree = z.object({ tree: z.array(TreeItem), truncated: z.boolean().default(false) });

export const getRepository = operation('GET', '/repos/{owner}/{repo}', Repository);
export const getReference = operation(
  'GET',
  '/repos/{owner}/{repo}/git/ref/{ref}',
  z.object({ ref: z.string(), object: z.object({ sha: Sha }) }),
);
export const getCommit = operation(
  'GET',
  '/repos/{owner}/{repo}/git/commits/{commit_sha}',
  z.object({ sha: Sha, message: z.string(), tree: z.object({ sha: Sha }) }),
);
export const getTree = operation('GET', '/repos/{owner}/{repo}/git/trees/{tree_sha}', Tree);
export const getBlob = operation(
  'GET',
  '/repos/{owner}/{repo}/git/blobs/{file_sha}',
  z.object({ content: z.string(), encoding: z.literal('base64') }),
);
export const compareCommits = operation(
  'GET',
  '/repos/{owner}/{repo}/compare/{basehead}',
  z.object({
    status: z.enum(['identical', 'ahead', 'behind', 'diverged']),
    files: z.array(z.object({ filename: z.string(), previous_filename: z.string().optional() })).default([]),
  }),
);

export const createCheckRun = operation('POST', '/repos/{owner}/{repo}/check-runs', z.object({ id: Id }));
export const updateCheckRun = operation(
  'PATCH',
  '/repos/{owner}/{repo}/check-runs/{check_run_id}',
  z.object({ id: Id }),
);
export const listCheckRuns = operation(
  'GET',
  '/repos/{owner}/{repo}/commits/{ref}/check-runs',
  z.object({ check_runs: z.array(CheckRun) }),
);

export const dispatchWorkflow = operation(
  'POST',
  '/repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches',
  z.object({ workflow_run_id: Id, html_url: z.string() }),
);
export const getRun = operation('GET', '/repos/{owner}/{repo}/actions/runs/{run_id}', Run);
export const listRuns = operation(
  'GET',
  '/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs',
  z.object({ workflow_runs: z.array(Run) }),
);
export const cancelRun = operation('POST', '/repos/{owner}/{repo}/actions/runs/{run_id}/cancel', Nothing);
export const forceCancelRun = operation(
  'POST',
  '/repos/{owner}/{repo}/actions/runs/{run_id}/force-cancel',
  Nothing,
);
export const listRunners = operation(
  'GET',
  '/repos/{owner}/{repo}/actions/runners',
  z.object({ runners: z.array(z.object({ status: z.string(), busy: z.boolean() })) }),
);

export const getApp = operation('GET', '/app', z.object({ slug: z.string().min(1) }));
export const listInstallations = operation(
  'GET',
  '/app/installations',
  z.array(
    z.object({
      id: Id,
      // an enterprise has a slug and no login
      account: z.object({ id: Id, login: z.string().optional(), slug: z.string().optional() }),
      suspended_at: z.string().nullish(),
    }),
  ),
);
export const getRepositoryInstallation = operation(
  'GET',
  '/repos/{owner}/{repo}/installation',
  z.object({ id: Id }),
);
/** A further token does no harm, so this POST is no write in our sense. */
export const createToken = operation(
  'POST',
  '/app/installations/{installation_id}/access_tokens',
  z.object({
    token: z.string().min(1),
    expires_at: z.string(),
    repositories: z.array(z.object({ id: Id, full_name: z.string() })).optional(),
  }),
  { writes: false },
);
export const listInstallationRepositories = operation(
  'GET',
  '/installation/repositories',
  z.object({ repositories: z.array(Repository) }),
);
export const listDeliveries = operation(
  'GET',
  '/app/hook/deliveries',
  z.array(
    z.object({
      id: z.union([z.number().int(), z.bigint()]),
      guid: z.string(),
      delivered_at: z.string(),
      redelivery: z.boolean(),
      status_code: z.number(),
      event: z.string(),
    }),
  ),
);
export const redeliver = operation('POST', '/app/hook/deliveries/{delivery_id}/attempts', Nothing);

/** The operator repository: where evaluations are dispatched, run and cancelled. */
import type { z } from 'zod';
import type { OwnerId, RepoId, Sha } from '../ids.ts';
import { type AppCredentials, createAppCaller } from './app-credentials.ts';
import { GitHubError, type OperatorGitHub, type WorkflowRun } from './github.ts';
import { createInstallationAccess, type TokenScope } from './installation-access.ts';
import { eachPage, PER_PAGE } from './listing.ts';
import * as op from './operations.ts';
import { createTransport, type TransportOptions } from './transport.ts';

/** GitHub's clock and ours differ; a run that we look for may seem to be older than our wish for it. */
const CLOCK_SKEW_MS = 60_000;

/** Ids of a repository do not change, but a name may one day belong to another one. */
const IDENTITY_TRUSTED_MS = 600_000;

type Identity = Awaited<ReturnType<OperatorGitHub['identity']>>;

export interface OperatorOptions extends TransportOptions {
  readonly app: AppCredentials;
  /** `owner/name` of the operator repository. */
  readonly repository: string;
  /** File name of the workflow, e.g. `evaluate.yml`. */
  readonly workflow: string;
  /** Branch whose workflow is dispatched. */
  readonly ref: string;
}

/** A dispatch is sent exactly once; dispatches leave at most once a second. */
export function createOperatorGitHub(options: OperatorOptions): OperatorGitHub {
  const { app, clock, workflow, ref } = options;
  const [owner = '', repo = ''] = options.repository.split('/');
  const at = { owner, repo };
  const transport = createTransport(options);
  const { call } = transport;
  const appCaller = createAppCaller(app, clock);
  const installationId = async () =>
    (await call(await appCaller(), op.getRepositoryInstallation, { ...at })).id;
  const access = createInstallationAccess({ transport, appCaller, clock, installationId });
  const scope: TokenScope = { repositories: [repo], permissions: { actions: 'write', metadata: 'read' } };
  /** Apart, so that an App without this permission can still dispatch. */
  const runnersScope: TokenScope = {
    repositories: [repo],
    permissions: { administration: 'read', metadata: 'read' },
  };
  let known: { readonly identity: Identity; readonly atMs: number } | null = null;

  return {
    dispatch: ({ evaluation, appUrl, labels }) =>
      access.use(scope, async (caller) => {
        const answer = await call(caller, op.dispatchWorkflow, {
          ...at,
          workflow_id: workflow,
          ref,
          inputs: { evaluation: String(evaluation), app_url: appUrl, labels },
          return_run_details: true,
        });
        return { runId: answer.workflow_run_id, url: answer.html_url };
      }),

    run: (runId) =>
      access
        .use(scope, (caller) => call(caller, op.getRun, { ...at, run_id: runId }))
        .then(toWorkflowRun)
        .catch((error: unknown) => {
          if (error instanceof GitHubError && error.code === 'not_found') return null;
          throw error;
        }),

    findRun: (title, sinceMs) =>
      access.use(scope, async (caller) => {
        const created = `>=${new Date(sinceMs - CLOCK_SKEW_MS).toISOString().replace(/\.\d+Z$/, 'Z')}`;
        const query = { workflow_id: workflow, event: 'workflow_dispatch', created, per_page: PER_PAGE };
        const pages = eachPage((page) => transport.page(caller, op.listRuns, { ...at, ...query, page }));
        for await (const { workflow_runs: runs } of pages) {
          const found = runs.find((run) => run.display_title === title);
          if (found) return toWorkflowRun(found);
        }
        return null;
      }),

    cancelRun: (runId, force) =>
      access.use(scope, async (caller) => {
        const operation = force ? op.forceCancelRun : op.cancelRun;
        try {
          await call(caller, operation, { ...at, run_id: runId });
        } catch (error) {
          // 409: it is over
          if (!(error instanceof GitHubError) || error.code !== 'conflict') throw error;
        }
      }),

    runners: () =>
      access
        .use(runnersScope, async (caller) => {
          const count = { online: 0, busy: 0 };
          const pages = eachPage((page) =>
            transport.page(caller, op.listRunners, { ...at, per_page: PER_PAGE, page }),
          );
          for await (const { runners } of pages)
            for (const runner of runners) {
              if (runner.status === 'online') count.online += 1;
              if (runner.busy) count.busy += 1;
            }
          return count;
        })
        // `invalid` is how GitHub refuses a token with a permission that the App lacks
        .catch((error: unknown) => {
          const denials = ['forbidden', 'not_found', 'invalid'];
          if (error instanceof GitHubError && denials.includes(error.code)) return null;
          throw error;
        }),

    async identity() {
      if (known && clock() - known.atMs < IDENTITY_TRUSTED_MS) return known.identity;
      try {
        const { id, owner: account } = await access.use(scope, (caller) =>
          call(caller, op.getRepository, { ...at }),
        );
        const identity = { repoId: id as RepoId, ownerId: account.id as OwnerId };
        known = { identity, atMs: clock() };
        return identity;
      } catch (error) {
        // asked for at every call of a runner: an outage of GitHub must not cost a result
        if (known && error instanceof GitHubError && error.details.retryable) return known.identity;
        throw error;
      }
    },
  };
}

function toWorkflowRun(run: z.infer<typeof op.Run>): WorkflowRun {
  return {
    id: run.id,
    status: run.status ?? 'queued',
    conclusion: run.conclusion,
    event: run.event,
    // GitHub may append the reference, as in `.github/workflows/evaluate.yml@main`
    path: run.path.replace(/@.*$/, ''),
    title: run.display_title,
    headSha: run.head_sha as Sha,
    attempt: run.run_attempt,
    url: run.html_url,
  };
}

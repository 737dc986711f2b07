/** Everything that the App answers, as routes. */
import { insertDeliveries } from '../db/inbox.ts';
import type { ServerKey } from './chain/standing/server-key.ts';
import { readOperatorCommits } from './cli/operator-pin.ts';
import { version } from './cli/version.ts';
import type { Config } from './config.ts';
import { createEvaluationStore } from './evaluations/database-store.ts';
import { checkClaims, createIdentityVerifier } from './evaluations/identity.ts';
import { createRunnerEndpoints } from './evaluations/runner-endpoints.ts';
import { apiRoutes } from './http/api.ts';
import { cliRoute } from './http/cli-download.ts';
import { createReadModel } from './http/database-read-model.ts';
import { healthRoute, metricsRoute } from './http/health.ts';
import { createInboxWriter } from './http/inbox-writer.ts';
import type { Metrics } from './http/metrics.ts';
import { pageRoutes } from './http/pages/routes.ts';
import type { CliBundle, JoinInfo } from './http/read-model.ts';
import type { Route } from './http/routes.ts';
import { runnerRoutes } from './http/runner.ts';
import { createStandingReader } from './http/standing-payload.ts';
import { standingRoutes } from './http/standing-routes.ts';
import { webhookRoute } from './http/webhooks.ts';
import type { Services } from './submissions/services.ts';

export interface RouteHints {
  /** Signs the standing. */
  readonly serverKey: ServerKey;
  /** A delivery was stored. */
  readonly delivered: () => void;
  /** A runner moved an evaluation. */
  readonly evaluated: () => void;
  /** The command file for miners, null until it is built. */
  readonly cli: () => CliBundle | null;
}

export async function createRoutes(
  services: Services,
  config: Config,
  metrics: Metrics,
  hints: RouteHints,
): Promise<Route[]> {
  const { db, log } = services;
  const writer = createInboxWriter((rows) => insertDeliveries(db, rows), {
    maxWaiting: config.limits.inboxWaiting,
  });
  const inbox: typeof writer = {
    ...writer,
    add: async (delivery) => {
      const outcome = await writer.add(delivery);
      hints.delivered();
      return outcome;
    },
  };
  const shared = { inbox, clock: services.now, log, metrics };
  const read = createReadModel(services);
  const join = await joinInfo(services, config);
  return [
    await webhookRoute({
      ...shared,
      source: 'watcher',
      path: '/api/github/webhooks',
      credentials: config.watcher,
    }),
    await webhookRoute({
      ...shared,
      source: 'operator',
      path: '/api/github/webhooks/operator',
      credentials: config.operator.app,
    }),
    ...runnerRoutes(createRunner(services, config, hints.evaluated), config.limits.runnerBodyBytes),
    ...apiRoutes(read, join),
    ...standingRoutes({
      read: createStandingReader(services),
      key: hints.serverKey,
      ...siteOf(config),
    }),
    ...pageRoutes({ site: siteOf(config), read, join, cli: hints.cli, clock: services.now }),
    cliRoute(hints.cli),
    healthRoute({
      pingDatabase: async () => void (await db.raw('SELECT 1')),
      version: version(),
      timeoutMs: 5_000,
    }),
    metricsRoute(metrics),
  ];
}

function createRunner(services: Services, config: Config, evaluated: () => void) {
  const { db, now, operator, tasks } = services;
  const verifier = createIdentityVerifier({ ...config.oidc, clock: now });
  const workflowPath = `.github/workflows/${config.operator.workflow}`;
  return createRunnerEndpoints({
    store: createEvaluationStore(db, tasks, evaluated),
    operator,
    workflowPath,
    clock: now,
    identify: async (token) => {
      const claims = await verifier.verify(token);
      const { repoId, ownerId } = await operator.identity();
      // Read for every call, so that `operator pin` takes effect without a restart.
      const pinned = readOperatorCommits(config.operator.commitsFile);
      return checkClaims(claims, {
        repositoryId: repoId,
        ownerId,
        workflowPath,
        ref: `refs/heads/${config.operator.ref}`,
        allowedCommits: new Set([...config.operator.commits, ...pinned]),
      });
    },
  });
}

async function joinInfo(services: Services, config: Config): Promise<JoinInfo> {
  const slug = await services.apps.watcher.slug().catch((error) => {
    services.log.warn(
      { err: error },
      'the name of the App is not known: the page about joining has no install link',
    );
    return null;
  });
  return {
    appUrl: config.publicUrl,
    installUrl: slug === null ? null : `${config.github.webUrl}/apps/${slug}/installations/new`,
    network: config.network,
    netuid: config.netuid,
    shares: config.shares,
    tasks: [...services.tasks.values()].map(({ task }) => ({
      name: task.name,
      upstreamUrl: task.upstream.url.replace(/^github:/, `${config.github.webUrl}/`),
      targetFiles: task.targetFiles,
      targetLengths: task.targetLengths,
    })),
  };
}

export const siteOf = (config: Config) => ({
  network: config.network,
  netuid: config.netuid,
  version: version(),
});

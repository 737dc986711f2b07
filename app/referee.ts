/** Puts the parts of the App together and takes them apart again. `main` runs one; the end-to-end tests run several. */
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Logger } from 'pino';
import type { Database } from '../db/connection.ts';
import { inboxDepth, insertDeliveries } from '../db/inbox.ts';
import { migrate } from '../db/migrate.ts';
import { bundleCli } from './cli/bundle.ts';
import { readOperatorCommits } from './cli/operator-pin.ts';
import { version } from './cli/version.ts';
import type { Config } from './config.ts';
import { createEvaluationStore } from './evaluations/database-store.ts';
import { checkClaims, createIdentityVerifier } from './evaluations/identity.ts';
import { createRunnerEndpoints } from './evaluations/runner-endpoints.ts';
import { loadTask, taskDigest } from './evaluations/task.ts';
import { createAppGitHub } from './github/app.ts';
import { createOperatorGitHub } from './github/operator.ts';
import { createWatcherGitHub } from './github/watcher.ts';
import { apiRoutes } from './http/api.ts';
import { cliRoute } from './http/cli-download.ts';
import { createReadModel } from './http/database-read-model.ts';
import { healthRoute, metricsRoute } from './http/health.ts';
import { createInboxWriter } from './http/inbox-writer.ts';
import { closeGracefully, listen } from './http/listen.ts';
import { addGauge, createMetrics, type Metrics } from './http/metrics.ts';
import { errorPage } from './http/pages/layout.ts';
import { pageRoutes } from './http/pages/routes.ts';
import type { CliBundle, JoinInfo } from './http/read-model.ts';
import type { Route } from './http/routes.ts';
import { runnerRoutes } from './http/runner.ts';
import { createHttpServer } from './http/server.ts';
import { webhookRoute } from './http/webhooks.ts';
import { installedParsers } from './imports/installed-parsers.ts';
import { createImportPolicy } from './imports/policy.ts';
import { reachDatabase, refuseAbsentTasks } from './preconditions.ts';
import { deliveryLoop, type Loop, startLoop, submissionLoop } from './submissions/loops.ts';
import { DEFAULT_POLICY } from './submissions/plan.ts';
import { reconcile } from './submissions/reconcile.ts';
import type { Services } from './submissions/services.ts';

const DAY_MS = 24 * 3_600_000;
const CLOSE_GRACE_MS = 10_000;

export interface Referee {
  /** The port that is open: the configured one, or the one found for 0. */
  readonly port: number;
  readonly services: Services;
  /** Ends the loops after the work in hand, then closes port and database. */
  stop(): Promise<void>;
}

/**
 * Resolves once the App answers requests. Throws `ConfigError` for a task that is not there and a database that cannot be
 * reached, and `ListenError` for a busy port.
 */
export async function startReferee(config: Config, log: Logger): Promise<Referee> {
  refuseAbsentTasks(config.tasks);
  const db = await reachDatabase(config.databaseUrl);
  try {
    const applied = await migrate(db);
    if (applied.length > 0) log.info({ applied }, 'database schema brought up to date');
    return await startOn(db, config, log);
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

async function startOn(db: Database, config: Config, log: Logger): Promise<Referee> {
  let cli: CliBundle | null = null;
  const services = await createServices(db, config, log, () => cli?.sha256 ?? null);
  const submissions = submissionLoop(services, { idleMs: 500, parallel: 16 });
  const deliveries = deliveryLoop(services, { idleMs: 1_000, parallel: 8 }, () => submissions.hurry());
  const loops: Loop[] = [deliveries, submissions, reconcileLoop(services, config)];
  const metrics = createMetrics();
  addGauges(metrics, db);
  const routes = await createRoutes(services, config, metrics, { deliveries, submissions }, () => cli);
  const server = createHttpServer({
    routes,
    log,
    metrics,
    newId: randomUUID,
    errorPage: errorPage(siteOf(config)),
  });
  const stopLoops = () => Promise.all(loops.map((loop) => loop.stop()));
  let port: number;
  try {
    port = await listen(server, config);
  } catch (error) {
    await stopLoops();
    throw error;
  }
  // Built beside the first requests: until then the download says that it comes.
  const building = buildCli().then(
    (bundle) => {
      cli = bundle;
    },
    (error) => log.error({ err: error }, 'the command file for miners could not be built'),
  );
  return {
    port,
    services,
    async stop() {
      await Promise.all([closeGracefully(server, CLOSE_GRACE_MS), stopLoops(), building]);
      await db.destroy();
    },
  };
}

async function createServices(
  db: Database,
  config: Config,
  log: Logger,
  cliSha256: () => string | null,
): Promise<Services> {
  const clock = Date.now;
  const transport = { baseUrl: config.github.apiUrl, clock, log };
  const watcherApp = createAppGitHub({ ...transport, app: config.watcher });
  const imports = await createImportPolicy(installedParsers());
  const tasks = config.tasks.map((name) => loadTask(name));
  const { owner, name } = config.operator.repository;
  return {
    db,
    now: clock,
    log,
    owner: `${os.hostname().slice(0, 40)}-${process.pid}-${randomBytes(4).toString('hex')}`,
    nonce: () => randomBytes(16).toString('hex'),
    watcher: createWatcherGitHub({ ...transport, app: config.watcher }),
    operator: createOperatorGitHub({
      ...transport,
      app: config.operator.app,
      repository: `${owner}/${name}`,
      workflow: config.operator.workflow,
      ref: config.operator.ref,
    }),
    apps: {
      watcher: watcherApp,
      operator: config.operator.separateApp
        ? createAppGitHub({ ...transport, app: config.operator.app })
        : watcherApp,
    },
    judgeImports: (files, task) => imports.judge(files, task),
    cliSha256,
    tasks: new Map(tasks.map((task) => [task.name, { task, digest: taskDigest(task) }])),
    settings: {
      publicUrl: config.publicUrl,
      network: config.network,
      netuid: config.netuid,
      watcherAppId: config.watcher.appId,
      runnerLabels: config.runnerLabels,
      debounceMs: config.debounceMs,
      leaseMs: config.leaseMs,
      shares: config.shares,
      tieMargin: config.tieMargin,
      decide: { operatorRunnersSuffice: config.operatorRunnersSuffice },
      plan: DEFAULT_POLICY,
      githubUrl: config.github.webUrl,
    },
  };
}

async function createRoutes(
  services: Services,
  config: Config,
  metrics: Metrics,
  loops: { readonly deliveries: Loop; readonly submissions: Loop },
  cli: () => CliBundle | null,
): Promise<Route[]> {
  const { db, log } = services;
  const writer = createInboxWriter((rows) => insertDeliveries(db, rows), {
    maxBatch: 200,
    maxWaiting: config.limits.inboxWaiting,
  });
  const inbox: typeof writer = {
    ...writer,
    add: async (delivery) => {
      const outcome = await writer.add(delivery);
      loops.deliveries.hurry();
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
    ...runnerRoutes(createRunner(services, config, loops.submissions), config.limits.runnerBodyBytes),
    ...apiRoutes(read, join),
    ...pageRoutes({ site: siteOf(config), read, join, cli, clock: services.now }),
    cliRoute(cli),
    healthRoute({
      pingDatabase: async () => void (await db.raw('SELECT 1')),
      version: version(),
      timeoutMs: 5_000,
    }),
    metricsRoute(metrics),
  ];
}

function createRunner(services: Services, config: Config, submissions: Loop) {
  const { db, now, operator, tasks } = services;
  const verifier = createIdentityVerifier({ ...config.oidc, clock: now });
  const workflowPath = `.github/workflows/${config.operator.workflow}`;
  return createRunnerEndpoints({
    store: createEvaluationStore(db, tasks, () => submissions.hurry()),
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

function reconcileLoop(services: Services, config: Config): Loop {
  let last = Number.NEGATIVE_INFINITY;
  return startLoop(
    services,
    { idleMs: Math.min(config.reconcileIntervalMs, 5_000), parallel: 1 },
    async () => {
      if (services.now() - last < config.reconcileIntervalMs) return [];
      last = services.now();
      return [reconcile(services, { inboxRetentionMs: config.inboxRetentionDays * DAY_MS })];
    },
  );
}

function addGauges(metrics: Metrics, db: Database): void {
  addGauge(
    metrics,
    'referee_inbox_waiting',
    'Deliveries that are stored and not processed',
    async () => (await inboxDepth(db)).waiting,
  );
  addGauge(
    metrics,
    'referee_inbox_failed',
    'Deliveries set aside after their last attempt',
    async () => (await inboxDepth(db)).failed,
  );
  const live = ['planned', 'dispatching', 'dispatched', 'claimed'];
  addGauge(metrics, 'referee_evaluations_live', 'Evaluations that wait for a runner or run', async () =>
    Number((await db('evaluations').whereIn('state', live).count('* as n').first())?.n ?? 0),
  );
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

const siteOf = (config: Config) => ({ network: config.network, netuid: config.netuid, version: version() });

async function buildCli(): Promise<CliBundle> {
  const file = path.join(os.tmpdir(), `quasar-referee-${randomUUID()}.mjs`);
  try {
    const { sha256 } = await bundleCli(file);
    const bytes = readFileSync(file);
    return { bytes, gzipped: await promisify(gzip)(bytes), sha256, version: version() };
  } finally {
    rmSync(file, { force: true });
  }
}

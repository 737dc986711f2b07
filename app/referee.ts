/** Puts the parts of the App together and takes them apart again. `main` runs one; the end-to-end tests run several. */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Logger } from 'pino';
import type { Database } from '../db/connection.ts';
import { LIVE_STATES } from '../db/evaluations.ts';
import { inboxDepth } from '../db/inbox.ts';
import { migrate } from '../db/migrate.ts';
import type { ServerKey } from './chain/standing/server-key.ts';
import { type OpenWallet, prepareWallet } from './chain-wallet.ts';
import { bundleCli } from './cli/bundle.ts';
import { version } from './cli/version.ts';
import type { Config } from './config.ts';
import { createRoutes, siteOf } from './create-routes.ts';
import { createServices } from './create-services.ts';
import { closeGracefully, listen } from './http/listen.ts';
import { addGauge, createMetrics, type Metrics } from './http/metrics.ts';
import { errorPage } from './http/pages/layout.ts';
import type { CliBundle } from './http/read-model.ts';
import { createHttpServer } from './http/server.ts';
import { reachDatabase, reachServerKey, refuseAbsentTasks } from './preconditions.ts';
import { startChain } from './start-chain.ts';
import { createImportJudge } from './submissions/import-judge.ts';
import { deliveryLoop, type Loop, startLoop, submissionLoop } from './submissions/loops.ts';
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
 * Resolves once the App answers requests. Throws `ConfigError` for a task that is not there, a wallet that cannot be used
 * and a database that cannot be reached, and `ListenError` for a busy port.
 */
export async function startReferee(config: Config, log: Logger): Promise<Referee> {
  refuseAbsentTasks(config.tasks);
  const serverKey = reachServerKey(config.serverKeyFile);
  const openWallet = await walletOf(config, log);
  const db = await reachDatabase(config.databaseUrl);
  try {
    const applied = await migrate(db);
    if (applied.length > 0) log.info({ applied }, 'database schema brought up to date');
    return await startOn(db, config, log, { serverKey, openWallet });
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** Opened before anything listens: an encrypted key takes seconds in which nothing is answered. */
async function walletOf({ chain, netuid }: Config, log: Logger): Promise<OpenWallet> {
  if (chain === null) return async () => null;
  const said = log.child({ part: 'signer' });
  return prepareWallet(chain, {
    netuid,
    now: Date.now,
    log: (message, fields) => said.info(fields, message),
  });
}

async function startOn(
  db: Database,
  config: Config,
  log: Logger,
  { serverKey, openWallet }: { readonly serverKey: ServerKey; readonly openWallet: OpenWallet },
): Promise<Referee> {
  let cli: CliBundle | null = null;
  const loops: { deliveries?: Loop; submissions?: Loop; reconcile?: Loop; chain?: Loop } = {};
  const imports = createImportJudge();
  const services = createServices(config, {
    db,
    log,
    judgeImports: imports.judge,
    cliSha256: () => cli?.sha256 ?? null,
  });
  const metrics = createMetrics();
  addGauges(metrics, db);
  const routes = await createRoutes(services, config, metrics, {
    serverKey,
    delivered: () => loops.deliveries?.hurry(),
    evaluated: () => loops.submissions?.hurry(),
    cli: () => cli,
  });
  const server = createHttpServer({
    routes,
    log,
    metrics,
    newId: randomUUID,
    errorPage: errorPage(siteOf(config)),
  });
  let port: number;
  try {
    port = await listen(server, config);
  } catch (error) {
    await imports.stop();
    throw error;
  }
  // Only a process that has its port works: one that was started twice by mistake touches nothing.
  loops.submissions = submissionLoop(services, { idleMs: 500, parallel: 16 });
  loops.deliveries = deliveryLoop(services, { idleMs: 1_000, parallel: 8 }, () => loops.submissions?.hurry());
  loops.reconcile = reconcileLoop(services, config);
  if (config.chain !== null) loops.chain = startChain(services, config.chain, { openWallet, metrics });
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
      const stopped = Object.values(loops).map((loop) => loop.stop());
      await Promise.all([closeGracefully(server, CLOSE_GRACE_MS), ...stopped, building]);
      await imports.stop();
      await db.destroy();
    },
  };
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
  addGauge(metrics, 'referee_evaluations_live', 'Evaluations that wait for a runner or run', async () =>
    Number((await db('evaluations').whereIn('state', LIVE_STATES).count('* as n').first())?.n ?? 0),
  );
}

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

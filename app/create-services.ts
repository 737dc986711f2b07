/** The services of one App process, from its configuration. */
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import type { Logger } from 'pino';
import type { Database } from '../db/connection.ts';
import type { Config } from './config.ts';
import { loadTask, taskDigest } from './evaluations/task.ts';
import { createAppGitHub } from './github/app.ts';
import { createOperatorGitHub } from './github/operator.ts';
import { createWatcherGitHub } from './github/watcher.ts';
import { DEFAULT_POLICY } from './submissions/plan.ts';
import type { Services } from './submissions/services.ts';

export function createServices(
  config: Config,
  parts: {
    readonly db: Database;
    readonly log: Logger;
    readonly judgeImports: Services['judgeImports'];
    readonly cliSha256: () => string | null;
  },
): Services {
  const { db, log } = parts;
  const clock = Date.now;
  const transport = { baseUrl: config.github.apiUrl, clock, log };
  const watcherApp = createAppGitHub({ ...transport, app: config.watcher });
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
    judgeImports: parts.judgeImports,
    cliSha256: parts.cliSha256,
    dispatches: { underWay: 0 },
    tasks: new Map(tasks.map((task) => [task.name, { task, digest: taskDigest(task) }])),
    settings: {
      publicUrl: config.publicUrl,
      network: config.network,
      netuid: config.netuid,
      chain: config.chain && { genesisHash: config.chain.genesisHash },
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

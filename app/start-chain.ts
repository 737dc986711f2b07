/** The chain's part of one App process, from its configuration: connection, weight setter, metrics and the loop that looks. */

import { latestWeights } from '../db/verdicts.ts';
import { weightFailures } from '../db/weight-failures.ts';
import { connectChain } from './chain/connection/connect.ts';
import { databaseWeightSetStore } from './chain/setter/database-store.ts';
import { createWeightSetter } from './chain/setter/drive-weights.ts';
import type { Standing } from './chain/setter/observe.ts';
import type { SignerLog } from './chain/signer.ts';
import type { OpenWallet } from './chain-wallet.ts';
import { ChainWatch } from './chain-watch.ts';
import type { ChainConfig } from './config/chain.ts';
import { createChainMetrics } from './http/chain-metrics.ts';
import type { Metrics } from './http/metrics.ts';
import { type Loop, startLoop } from './submissions/loops.ts';
import type { Services } from './submissions/services.ts';
import { recordStanding } from './submissions/standing.ts';

/** How long a look may still take when the process is told to stop; what it leaves, the next one finds. */
const STOP_GRACE_MS = 5_000;
const MOST_REST_MS = 1_000;

/** Registers the metrics and begins to look. Never throws because of the chain: while it is away there are alerts. */
export function startChain(
  services: Services,
  config: ChainConfig,
  { openWallet, metrics }: { readonly openWallet: OpenWallet; readonly metrics: Metrics },
): Loop {
  const { db, now, owner } = services;
  const { netuid, leaseMs } = services.settings;
  const log = services.log.child({ part: 'chain' });
  const store = databaseWeightSetStore(db, { owner, now, leaseMs });
  const chain = connectChain({
    endpoints: config.endpoints,
    genesisHash: config.genesisHash,
    log: (message, fields) => log.info(fields, message),
  });
  const watch = new ChainWatch({
    chain,
    netuid,
    account: config.hotkey,
    isDryRun: config.wallet === null,
    openWallet,
    createSetter: (wallet) =>
      createWeightSetter({
        chain,
        store,
        netuid,
        signer: wallet?.signer ?? null,
        account: wallet?.account ?? config.hotkey,
        signingAccount: wallet?.signingAccount ?? null,
        loose: config.loose,
        versionKey: BigInt(config.versionKey),
        carryOverMaxMs: config.carryOverMs,
        standing: () => standingToPay(services),
        now,
        log: stepLog(log),
      }),
    store,
    db,
    metrics: createChainMetrics(metrics, {
      status: chain.status,
      failures: () => weightFailures(db, { genesisHash: config.genesisHash, netuid }),
      now,
    }),
    blockMs: config.blockMs,
    now,
    log,
  });
  return lookLoop(services, watch, config.blockMs, () => chain.close());
}

function lookLoop(services: Services, watch: ChainWatch, blockMs: number, close: () => Promise<void>): Loop {
  let againAt = 0;
  const idleMs = Math.min(blockMs, MOST_REST_MS);
  const loop = startLoop(services, { idleMs, parallel: 1 }, async () => {
    if (services.now() < againAt) return [];
    return [
      watch.look().then((at) => {
        againAt = at;
      }),
    ];
  });
  return {
    hurry: loop.hurry,
    async stop() {
      const stopped = loop.stop();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, STOP_GRACE_MS);
      });
      await Promise.race([stopped, late]);
      clearTimeout(timer);
      // what still waits for an answer is told that there will be none
      await close();
      await stopped;
    },
  };
}

/**
 * The shares of now: links that ended since the last decision count no more. Rejects when the database does not answer; the
 * setter then goes on with what was last proven.
 */
async function standingToPay(services: Services): Promise<Standing> {
  const { db, now } = services;
  const standingAt = now();
  await db.transaction((trx) => recordStanding(services, trx, standingAt));
  const row = await latestWeights(db);
  return { shares: row === null ? [] : JSON.parse(row.shares), standingAt };
}

/** The setter's own words are for whoever looks closer: its report is logged already. */
function stepLog(log: Services['log']): SignerLog {
  return (message, fields) =>
    fields.err === undefined ? log.debug(fields, message) : log.warn(fields, message);
}

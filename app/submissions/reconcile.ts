/**
 * Once a minute: what GitHub knows is held against what we know. Lost deliveries are asked for again, live evaluations
 * are looked at, the state of the runners is noted, old rows go. One replica does it at a time.
 */
import { pruneTokens } from '../../db/evaluations.ts';
import { getFact, noteRecovered, pruneRecovered, setFact, takeLease } from '../../db/facts.ts';
import { lostForks, markForkFound } from '../../db/forks.ts';
import { hasDelivery, pruneInbox } from '../../db/inbox.ts';
import { unfinishedSubmissions, wakeSubmission } from '../../db/submission-looks.ts';
import { wakeRegistered } from '../../db/unlinked-submissions.ts';
import type { AppGitHub } from '../github/github.ts';
import type { Services } from './services.ts';
import { RUNNERS_FACT, type RunnersFact } from './snapshot.ts';
import { recordStanding } from './standing.ts';
import { refOf } from './steps/checks.ts';

/** GitHub keeps its log of deliveries for three days. */
const LOG_MS = 3 * 24 * 3_600_000;
/** Looked at again although a scan has passed it: a delivery may be logged late. */
const OVERLAP_MS = 10 * 60_000;
const DAY_MS = 24 * 3_600_000;
const MAX_LOST_FORKS = 20;

export interface ReconcileOptions {
  readonly inboxRetentionMs: number;
}

/** Each part fails alone: a GitHub that does not list deliveries must not keep the runners from being seen. */
export async function reconcile(services: Services, options: ReconcileOptions): Promise<void> {
  const { db, log, now, owner, settings } = services;
  if (!(await takeLease(db, 'reconcile', { owner, now: now(), leaseMs: settings.leaseMs }))) return;
  const parts: Record<string, () => Promise<unknown>> = {
    runners: () => noteRunners(services),
    watcherDeliveries: () => recoverDeliveries(services, 'watcher', services.apps.watcher),
    ...(services.apps.operator === services.apps.watcher
      ? {}
      : { operatorDeliveries: () => recoverDeliveries(services, 'operator', services.apps.operator) }),
    lostForks: () => findLostForks(services),
    stuck: () => wakeUnfinished(services),
    registered: () => wakeRegistered(db, registryOf(services), now()),
    standing: () => db.transaction((trx) => recordStanding(services, trx, now())),
    inbox: () => pruneInbox(db, now() - options.inboxRetentionMs),
    // Twice the log: one that was asked for at its end may be processed days later.
    recovered: () => pruneRecovered(db, now() - 2 * LOG_MS),
    tokens: () => pruneTokens(db, now()),
  };
  for (const [part, run] of Object.entries(parts))
    await run().catch((error) => log.warn({ err: error, part }, 'a part of the reconciliation failed'));
}

async function noteRunners({ db, now, operator }: Services): Promise<void> {
  const runners = await operator.runners();
  if (runners === null) return;
  const before = await getFact<RunnersFact>(db, RUNNERS_FACT);
  const offlineSince = runners.online > 0 ? null : (before?.offlineSince ?? now());
  await setFact(db, RUNNERS_FACT, { ...runners, offlineSince } satisfies RunnersFact, now());
}

/** A lost delivery keeps the time of its first attempt as its receipt time, so that an outage costs nobody a tie. */
async function recoverDeliveries(services: Services, name: string, app: AppGitHub): Promise<void> {
  const { db, log, now } = services;
  const started = now();
  const scanned = await getFact<number>(db, `deliveries-scanned:${name}`);
  const since = Math.max(started - LOG_MS, (scanned ?? 0) - OVERLAP_MS);
  let refused = 0;
  for (const delivery of await app.failedDeliveries(since)) {
    if (await hasDelivery(db, delivery.guid)) continue;
    const facts = { guid: delivery.guid, event: delivery.event };
    await noteRecovered(db, delivery.guid, Date.parse(delivery.deliveredAt));
    try {
      await app.redeliver(delivery.id);
      log.info(facts, 'asked for a lost delivery again');
    } catch (error) {
      refused += 1;
      log.warn({ ...facts, err: error }, 'a lost delivery could not be asked for again');
    }
  }
  // The next scan begins where this one did as long as one of its deliveries is still to be asked for.
  if (refused === 0) await setFact(db, `deliveries-scanned:${name}`, started, started);
}

/** One refusal of GitHub's may have been a bad moment: a fork with open check-runs is asked for again for a day. */
async function findLostForks({ db, log, now, watcher }: Services): Promise<void> {
  for (const fork of await lostForks(db, now() - DAY_MS, MAX_LOST_FORKS)) {
    const { repoId } = fork;
    if ((await watcher.repository(refOf(fork))) === null) continue;
    await markForkFound(db, repoId, now());
    log.info({ repoId }, 'a fork that was out of reach is back');
  }
}

function registryOf({
  settings: { chain, netuid },
}: Services): { genesisHash: string; netuid: number } | null {
  return chain && { genesisHash: chain.genesisHash, netuid };
}

/** Level-triggered: whatever is unfinished is looked at, in case a wake-up was lost. */
async function wakeUnfinished({ db, now }: Services): Promise<void> {
  for (const id of await unfinishedSubmissions(db, now())) await wakeSubmission(db, id, now());
}

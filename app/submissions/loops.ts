/**
 * The loops that keep everything moving: deliveries, submissions that are due, and the reconciliation of what GitHub
 * knows with what we know. All work is taken from the database under leases, so any number of replicas may run them.
 */
import { ZodError } from 'zod';
import { finishDelivery, type InboxRow, postponeDelivery, takeDeliveries } from '../../db/inbox.ts';
import { dueSubmissions } from '../../db/submission-looks.ts';
import { GitHubError } from '../github/github.ts';
import { handleDelivery } from './deliveries/handle.ts';
import { drive } from './drive.ts';
import type { Services } from './services.ts';

const MAX_ATTEMPTS = 12;
/** From this one on an attempt that GitHub spoiled is not counted, so that its bad day costs no push; for this long. */
const SPOILED_ATTEMPTS = 10;
const WAIT_OUT_MS = 7 * 24 * 3_600_000;

/** A loop that can be hurried and stopped. Work found is done before `stop` resolves. */
export interface Loop {
  /** Something may be due now. */
  hurry(): void;
  stop(): Promise<void>;
}

export interface LoopOptions {
  /** How long to rest when nothing is due. */
  readonly idleMs: number;
  /** How many items at a time: GitHub's write throttle makes each of them wait. */
  readonly parallel: number;
}

/** Processes the inbox; rows of one repository in order, those of different ones side by side. */
export function deliveryLoop(services: Services, options: LoopOptions, onDone: () => void): Loop {
  return startLoop(services, options, async (free) => {
    const { db, now, owner, settings } = services;
    const taken = { owner, now: now(), leaseMs: settings.leaseMs, limit: free };
    const rows = await takeDeliveries(db, taken);
    return rows.map((row) => processDelivery(services, row).finally(onDone));
  });
}

async function processDelivery(services: Services, row: InboxRow): Promise<void> {
  const { db, log, now, owner } = services;
  const facts = { guid: row.guid, event: row.event, action: row.action, repoId: row.repoId };
  try {
    // Taken so often and never put back: it may be what kills the process.
    if (row.attempts > MAX_ATTEMPTS) throw new Error(`given up after ${MAX_ATTEMPTS} attempts`);
    const outcome = await handleDelivery(services, row);
    await finishDelivery(db, row.guid, owner);
    log.info({ ...facts, outcome, waitedMs: now() - row.receivedAt }, 'delivery processed');
  } catch (error) {
    // A payload that does not fit will not fit later; everything else may be GitHub's or our own bad moment.
    const spoiled =
      error instanceof GitHubError &&
      error.details.retryable &&
      row.attempts >= SPOILED_ATTEMPTS &&
      now() - row.receivedAt < WAIT_OUT_MS;
    const hopeless = error instanceof ZodError || (row.attempts >= MAX_ATTEMPTS && !spoiled);
    const nextAttemptAt = hopeless ? null : now() + backoffMs(error, row.attempts);
    await postponeDelivery(db, row.guid, owner, { nextAttemptAt, error: String(error), spoiled });
    log[hopeless ? 'error' : 'warn']({ ...facts, err: error, attempts: row.attempts }, 'delivery failed');
  }
}

function backoffMs(error: unknown, attempts: number): number {
  const asked = error instanceof GitHubError ? error.details.retryAfterMs : undefined;
  return asked ?? Math.min(300_000, 1_000 * 2 ** (attempts - 1));
}

/** Drives submissions that are due. */
export function submissionLoop(services: Services, options: LoopOptions): Loop {
  const driving = new Set<number>();
  return startLoop(services, options, async (free) => {
    const due = await dueSubmissions(services.db, services.now(), free + driving.size);
    return due
      .filter((id) => !driving.has(id))
      .slice(0, free)
      .map((id) => {
        driving.add(id);
        return drive(services, id)
          .then(() => undefined)
          .finally(() => driving.delete(id));
      });
  });
}

/** `find` starts up to `free` pieces of work and returns their promises. */
export function startLoop(
  { log }: Pick<Services, 'log'>,
  { idleMs, parallel }: LoopOptions,
  find: (free: number) => Promise<Promise<void>[]>,
): Loop {
  const active = new Set<Promise<void>>();
  let stopped = false;
  let hurried = false;
  let ring: () => void = () => {};

  const rest = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, hurried ? 0 : idleMs);
      ring = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const run = async () => {
    while (!stopped) {
      hurried = false;
      let found = 0;
      try {
        const work = active.size < parallel ? await find(parallel - active.size) : [];
        found = work.length;
        for (const piece of work) {
          const tracked = piece
            .catch((error) => log.error({ err: error }, 'a piece of work failed'))
            .finally(() => {
              active.delete(tracked);
              hurry();
            });
          active.add(tracked);
        }
      } catch (error) {
        log.error({ err: error }, 'looking for work failed');
      }
      if (!stopped && (found === 0 || active.size >= parallel)) await rest();
    }
  };
  const hurry = () => {
    hurried = true;
    ring();
  };
  const running = run();
  return {
    hurry,
    async stop() {
      stopped = true;
      ring();
      await running;
      await Promise.allSettled(active);
    },
  };
}

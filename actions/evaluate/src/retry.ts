/** Repeats a call with back-off until it succeeds, fails for good, or its time is over. */
import type { Clock } from './ports.ts';

export type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** Worth another try; `afterMs` is the server's own wish (`Retry-After`). */
  | { readonly kind: 'again'; readonly why: string; readonly afterMs?: number };

export class GaveUp extends Error {}

/** First wait 1 s, doubling, at most 30 s; a server's `Retry-After` counts up to 60 s. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const LONGEST_SERVER_WAIT_MS = 60_000;

/**
 * Calls until `done`; throws `GaveUp` with the last reason when the next wait would end after `forMs`, or on abort.
 * What `call` throws is final.
 */
export async function retryFor<T>(
  options: {
    clock: Clock;
    forMs: number;
    signal?: AbortSignal;
    onAgain?: (why: string, waitMs: number) => void;
  },
  call: () => Promise<Outcome<T>>,
): Promise<T> {
  const end = options.clock.now() + options.forMs;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    const outcome = await call();
    if (outcome.kind === 'done') return outcome.value;
    const waitMs =
      outcome.afterMs === undefined
        ? wait
        : Math.max(1_000, Math.min(outcome.afterMs, LONGEST_SERVER_WAIT_MS));
    if (options.signal?.aborted || options.clock.now() + waitMs > end) throw new GaveUp(outcome.why);
    options.onAgain?.(outcome.why, waitMs);
    await options.clock.sleep(waitMs, options.signal);
  }
}

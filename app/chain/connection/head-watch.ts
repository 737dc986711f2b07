/** Ends what no new block was heard of for too long: a node that fell asleep still answers, with old blocks. */
import type { Timers } from './timers.ts';

export interface HeadWatch {
  /** A new head arrived. */
  seen(): void;
  /** Unix milliseconds of the last one; null before the first. */
  at(): number | null;
  stop(): void;
}

/** `asleep` runs once, when `limitMs` have passed since the start or since the last head. */
export function watchHeads(timers: Timers, limitMs: number, asleep: () => void): HeadWatch {
  let at: number | null = null;
  let cancel = timers.after(limitMs, asleep);
  return {
    seen() {
      at = timers.now();
      cancel();
      cancel = timers.after(limitMs, asleep);
    },
    at: () => at,
    stop: () => cancel(),
  };
}

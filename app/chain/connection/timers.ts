/** Time as a connection needs it, so that tests can move it by hand. */
export interface Timers {
  /** Unix milliseconds. */
  now(): number;
  /** Runs it once after that many milliseconds; the answer calls it off. */
  after(ms: number, run: () => void): () => void;
}

export const systemTimers: Timers = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** Milliseconds that something may take before its endpoint counts as broken. */
export interface TimeLimits {
  /** Until the WebSocket is open. */
  readonly connectMs: number;
  /** For the answer to a read. */
  readonly readMs: number;
  /** For the answer to `author_submitExtrinsic`: validating it can take a busy node long. */
  readonly submitMs: number;
  /** Without a new head. Five blocks of Bittensor. */
  readonly headMs: number;
}

export const TIME_LIMITS: TimeLimits = {
  connectMs: 15_000,
  readMs: 30_000,
  submitMs: 120_000,
  headMs: 60_000,
};

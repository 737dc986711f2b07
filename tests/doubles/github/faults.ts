/** Failures on request: errors with and without the effect having happened, rate limits, answers that never come. */

export interface Fault {
  readonly method?: string;
  /** Matched against the path without `/api/v3`, e.g. `/check-runs$/`. */
  readonly pathPattern: RegExp;
  /** `hang`: no answer until the client gives up; default 502. */
  readonly status?: number | 'hang';
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  /** How many matching calls fail; default 1. */
  readonly times?: number;
  /** `before`: nothing happens, the default; `afterEffect`: the call is done, only its answer is lost. */
  readonly after?: 'before' | 'afterEffect';
}

/** GitHub's answer above the secondary limit (docs, Rate limits for the REST API). */
export const secondaryLimit = (retryAfterSeconds: number) => ({
  status: 403,
  headers: { 'retry-after': String(retryAfterSeconds) },
  body: {
    message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
    documentation_url: 'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api',
  },
});

export class Faults {
  #waiting: { fault: Fault; left: number }[] = [];

  failNext(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#waiting = [];
  }

  /** How many calls are still to fail. */
  get left(): number {
    return this.#waiting.reduce((sum, { left }) => sum + left, 0);
  }

  /** Uses up one count of the first fault that fits this call. */
  take(method: string, path: string): Fault | null {
    const entry = this.#waiting.find(
      ({ fault }) => (fault.method ?? method) === method && fault.pathPattern.test(path),
    );
    if (!entry) return null;
    entry.left--;
    if (entry.left <= 0) this.#waiting = this.#waiting.filter((other) => other !== entry);
    return entry.fault;
  }
}

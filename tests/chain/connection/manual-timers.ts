/** Time that stands still until a test moves it. */
import type { Timers } from '../../../app/chain/connection/timers.ts';

export class ManualTimers implements Timers {
  #now = 1_800_000_000_000;
  #due: { readonly at: number; readonly run: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const entry = { at: this.#now + ms, run };
    this.#due.push(entry);
    return () => {
      this.#due = this.#due.filter((each) => each !== entry);
    };
  }

  /** Runs what falls due on the way, in order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const [next] = this.#due.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      this.#due = this.#due.filter((each) => each !== next);
      next.run();
    }
    this.#now = until;
  }

  get waiting(): number {
    return this.#due.length;
  }
}

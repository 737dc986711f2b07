import { vi } from 'vitest';

/** Waits until it holds, and gives back what it returned; long, for other suites want the machine too. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 15_000, interval: 2 });

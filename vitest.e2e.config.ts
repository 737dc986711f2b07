import { defineConfig } from 'vitest/config';

/** Whole processes, real pushes, the real judge: one file at a time, because they share the machine's two cores. */
export default defineConfig({
  test: {
    include: ['tests/e2e/**/*.test.ts'],
    fileParallelism: false,
    // Cases mostly wait for the throttle of one write a second that GitHub asks for.
    maxConcurrency: 10,
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});

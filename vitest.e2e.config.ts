import { defineConfig } from 'vitest/config';

const LONG = { testTimeout: 240_000, hookTimeout: 600_000 };

/** Whole processes, real pushes, the real judge. What is scripted mostly waits; what is measured runs by itself. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...LONG,
          name: 'scripted',
          include: ['tests/e2e/**/*.test.ts'],
          exclude: ['tests/e2e/full.test.ts'],
          maxWorkers: 2,
          // Cases wait for the throttle of one write a second that GitHub asks for.
          maxConcurrency: 10,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...LONG,
          name: 'whole',
          include: ['tests/e2e/full.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});

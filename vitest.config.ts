import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/e2e/**', 'node_modules/**'],
    // only end what would never end: a busy machine takes ten times as long as a quiet one
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // one less by default, which on two cores is one
    maxWorkers: '100%',
  },
});

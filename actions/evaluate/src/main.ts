/** Entry of the Action: gives `evaluate` the real world. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import * as core from '@actions/core';
import { evaluate } from './evaluate.ts';

const cancellation = new AbortController();
// the runner sends SIGINT, then SIGTERM, and kills after ten seconds in all
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => cancellation.abort());

await evaluate({
  core,
  fetch,
  spawn,
  clock: {
    now: () => performance.now(),
    sleep: (ms, signal) => wait(Math.max(0, ms), undefined, signal ? { signal } : {}).catch(() => undefined),
  },
  randomWord: () => randomBytes(16).toString('hex'),
  env: process.env,
  cancelled: cancellation.signal,
});

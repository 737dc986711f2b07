/** The Action's world for tests: a recorded core, a scripted App, a clock that jumps, and a judge that is a small Node script. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import type { Ports } from '../../actions/evaluate/src/ports.ts';
import type { Claim, Result } from '../../app/evaluations/schema.ts';

export const nonce = 'ab'.repeat(16);
const content = Buffer.from('x = 1\n');
const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export function aClaim(overrides: Partial<Claim> = {}): Claim {
  return {
    evaluation: 7,
    nonce,
    task: { name: 'quasar_demo', version: 1, digest: 'cd'.repeat(32) },
    upstream: { url: 'github:o/r', commit: '1'.repeat(40), tree: '2'.repeat(40) },
    lengths: [512],
    targetLength: 1024,
    files: ['e.py', 'b.py', 'a.py', 'd.py', 'c.py'].map((path) => ({
      path,
      sha256: sha(content),
      base64: content.toString('base64'),
    })),
    limits: { totalSeconds: 1800 },
    ...overrides,
  };
}

export function aResult(overrides: Partial<Result> = {}): Result {
  const { task, upstream } = aClaim();
  return {
    schema: 1,
    evaluation: 7,
    nonce,
    task,
    judge: { commit: 'f'.repeat(40) },
    upstream: { tree: upstream.tree },
    digest: 'ee'.repeat(32),
    device: { kind: 'cpu', name: 'Some CPU', uuid: '', driver: '', memoryBytes: 1, powerLimitW: 0 },
    sandbox: { active: ['net'], missing: [] },
    key: { sha256: 'aa'.repeat(32), value: 'bb'.repeat(32) },
    verdict: { status: 'accepted', reason: 'accepted', detail: '' },
    gates: [{ name: 'op_rel_rms', length: 512, input: 'mixed', value: 0.004, limit: 0.015, pass: true }],
    measurements: [
      {
        length: 1024,
        classes: [{ input: 'mixed', rounds: 15, medianNs: 2_000_000, ciLowNs: 1, ciHighNs: 3, p90Ns: 4 }],
        fixedNs: 500_000,
        tokensPerSec: 409_600,
        tokensPerSecLow: 400_000,
        opTokensPerSec: 512_000,
        peakBytes: 2 ** 20,
      },
    ],
    conditions: { yardstick: [], locked: false, samples: [], versions: {} },
    flags: [],
    outputs: [],
    untrusted: { log: '' },
    ...overrides,
  };
}

/** Sleeps end at once and move the time, but for those that `holds` names: they end on abort only. */
export function aClock(holds: (ms: number) => boolean = (ms) => ms >= 100_000) {
  let time = 0;
  return {
    slept: [] as number[],
    now: () => time,
    sleep(ms: number, signal?: AbortSignal): Promise<void> {
      if (signal?.aborted) return Promise.resolve();
      if (holds(ms))
        return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(), { once: true }));
      this.slept.push(ms);
      time += Math.max(0, ms);
      return Promise.resolve();
    },
  };
}

export interface Posted {
  readonly route: string;
  readonly token: string;
  readonly body: unknown;
}

type Reply = Response | (() => Response | Promise<Response>);
const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  () =>
    new Response(JSON.stringify(body), { status, headers });
export const reply = { json, down: () => Promise.reject(new TypeError('fetch failed')) as Promise<Response> };

/** Answers each route from its list, the last one again and again. */
export function anApp(replies: { claim?: Reply[]; progress?: Reply[]; result?: Reply[] } = {}) {
  const posted: Posted[] = [];
  const lists: Record<string, Reply[]> = {
    '/runner/claim': replies.claim ?? [json(200, aClaim())],
    '/runner/progress': replies.progress ?? [json(200, {})],
    '/runner/result': replies.result ?? [json(200, {})],
  };
  const fetch = async (url: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const route = new URL(String(url)).pathname;
    const token = new Headers(init?.headers).get('authorization') ?? '';
    posted.push({ route, token, body: JSON.parse(String(init?.body)) });
    const list = lists[route] ?? [];
    const next = list.length > 1 ? list.shift() : list[0];
    if (next === undefined) throw new Error(`unexpected ${route}`);
    return typeof next === 'function' ? next() : next;
  };
  return {
    fetch: fetch as typeof globalThis.fetch,
    posted,
    to: (route: string) => posted.filter((p) => p.route === route),
  };
}

export interface World extends Ports {
  readonly log: string[];
  readonly failed: string[];
  readonly summaries: string[];
  readonly folder: string;
  readonly cancel: () => void;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** `judge` is the body of a Node script with `args` (after `-m judge`) and `out(text)`; it stands for python. */
export function aWorld(options: {
  fetch: typeof fetch;
  judge?: string;
  clock?: Ports['clock'];
  inputs?: Record<string, string>;
  env?: Record<string, string>;
}): World {
  const folder = mkdtempSync(path.join(tmpdir(), 'quasar-action-'));
  folders.push(folder);
  const python = path.join(folder, 'python');
  writeFileSync(
    python,
    `#!${process.execPath}
const fs = require('node:fs');
const args = process.argv.slice(2);
if (args.splice(0, 3).join(' ') !== '-B -m judge') throw new Error('not called as a module');
const option = (name) => args[args.indexOf(name) + 1];
const out = (value) => fs.writeSync(1, (typeof value === 'string' ? value : JSON.stringify(value)) + '\\n');
if (args[0] === 'upstream') { out('/cache/upstream'); process.exit(0); }
${options.judge ?? ''}`,
  );
  chmodSync(python, 0o755);
  mkdirSync(path.join(folder, 'kernels'));
  mkdirSync(path.join(folder, 'temp'));
  const inputs: Record<string, string> = {
    evaluation: '7',
    'app-url': 'https://referee.example/',
    python: './python',
    ...options.inputs,
  };
  const log: string[] = [];
  const failed: string[] = [];
  const summaries: string[] = [];
  const cancellation = new AbortController();
  let tokens = 0;
  return {
    core: {
      getInput: (name) => inputs[name] ?? '',
      getIDToken: async (audience) => `token-${++tokens}-for-${audience}`,
      info: (line) => void log.push(line),
      warning: (line) => void log.push(`warning: ${line}`),
      setFailed: (line) => void failed.push(line),
      summary: {
        addRaw: (text) => ({
          write: async () => void summaries.push(text),
        }),
      },
    },
    fetch: options.fetch,
    spawn,
    clock: options.clock ?? aClock(),
    randomWord: () => 'word',
    env: {
      PATH: process.env.PATH,
      GITHUB_WORKSPACE: folder,
      ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token.example?v=1',
      RUNNER_TEMP: path.join(folder, 'temp'),
      GITHUB_SHA: 'f'.repeat(40),
      ...options.env,
    },
    cancelled: cancellation.signal,
    log,
    failed,
    summaries,
    folder,
    cancel: () => cancellation.abort(),
  };
}

/** Starts the real runtime for a test or the demo. */
import { fork } from 'node:child_process';
import path from 'node:path';
import { chopsticksUrl } from './chopsticks-package.ts';
import { hasSpec, specPath } from './pinned-spec.ts';
import type { RuntimeMessage, RuntimeOrder } from './runtime-process.ts';

export const HOW_TO_PREPARE = 'get it with: npm run chain-spec';

/** What this machine lacks to run it, as a sentence; null when it can. */
export function runtimeMissing(): string | null {
  if (!hasSpec()) return `the chain spec of the real runtime is not in the cache; ${HOW_TO_PREPARE}`;
  if (chopsticksUrl() === null) return `chopsticks is not in the cache; ${HOW_TO_PREPARE}`;
  return null;
}

export interface RuntimeOptions {
  /** Unix milliseconds of the genesis block; later blocks follow in the runtime's own rhythm, whatever the clock says. */
  readonly genesisMs?: number;
  readonly blocks?: RuntimeOrder['blocks'];
}

export interface RunningRuntime {
  /** `ws://127.0.0.1:…` */
  readonly url: string;
  /** Ends the process; its chain is forgotten. */
  close(): Promise<void>;
}

const START_MS = 60_000;
const TAIL = 4_000;
const GENESIS_MS = Date.parse('2026-01-01T00:00:00Z');
const PROCESS = path.join(import.meta.dirname, 'runtime-process.ts');

/** Resolves when it takes connections, after 2 to 5 s. The process ends with this one. Rejects with its last words. */
export async function startRuntime(options: RuntimeOptions = {}): Promise<RunningRuntime> {
  const { genesisMs = GENESIS_MS, blocks = 'manual' } = options;
  const missing = runtimeMissing();
  if (missing !== null) throw new Error(missing);
  const specFile = specPath();
  const order: RuntimeOrder = {
    chopsticksUrl: chopsticksUrl() ?? '',
    specFile,
    rawFile: specFile.replace(/\.json$/, '.raw.json'),
    genesisMs,
    blocks,
  };
  const child = fork(PROCESS, [JSON.stringify(order)], {
    execArgv: ['--import', 'tsx'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let tail = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      tail = `${tail}${chunk}`.slice(-TAIL);
    });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = async () => {
    child.kill('SIGKILL');
    await gone;
  };
  let timer: NodeJS.Timeout | undefined;
  try {
    const message = await Promise.race([
      new Promise<RuntimeMessage>((resolve) =>
        child.once('message', (said) => resolve(said as RuntimeMessage)),
      ),
      gone.then((): RuntimeMessage => ({ error: `it ended: ${tail}` })),
      new Promise<RuntimeMessage>((resolve) => {
        timer = setTimeout(
          () => resolve({ error: `it was not ready in ${START_MS / 1000} s: ${tail}` }),
          START_MS,
        );
      }),
    ]);
    if ('error' in message) throw new Error(`the real runtime did not start: ${message.error}`);
    return { url: `ws://${message.address}`, close };
  } catch (error) {
    await close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Runs one command of the judge in its own process group, with a time limit, and hands out its stdout by lines. */
import { createInterface } from 'node:readline';
import type { Ports } from './ports.ts';

export interface JudgeCommand {
  readonly python: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly limitMs: number;
  readonly onLine: (line: string) => void;
}

export interface JudgeExit {
  /** Null when it was killed or could not start. */
  readonly code: number | null;
  /** Why it did not end by itself. */
  readonly ended: 'exit' | 'signal' | 'time_limit' | 'cancelled' | 'not_started';
  /** The last part of stderr; it may quote the miner. */
  readonly stderrTail: string;
}

const KEPT_STDERR = 64 * 1024;
const KEPT_LINE = 64 * 1024;
/** From the polite signal to the hard one: the judge ends its workers and removes its tree in between. */
const GRACE_MS = 10_000;

/** Never throws: a command that cannot start is `not_started` with the reason in `stderrTail`. */
export async function runJudge(
  ports: Pick<Ports, 'spawn' | 'clock' | 'cancelled'>,
  command: JudgeCommand,
): Promise<JudgeExit> {
  const child = ports.spawn(command.python, ['-B', '-m', 'judge', ...command.args], {
    cwd: command.cwd,
    env: command.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own, so that one signal reaches the workers too
  });
  let stderrTail = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderrTail = (stderrTail + chunk).slice(-KEPT_STDERR);
  });
  const lines = child.stdout && createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY });
  lines?.on('line', (line) => line.length <= KEPT_LINE && command.onLine(line));

  const exit = new Promise<{ code: number | null; started: boolean }>((resolve) => {
    child.once('error', (error) => {
      stderrTail += `${command.python}: ${error.message}\n`;
      resolve({ code: null, started: child.pid !== undefined });
    });
    child.once('close', (code) => resolve({ code, started: true }));
  });
  const finished = new AbortController();
  let stopped: 'time_limit' | 'cancelled' | null = null;
  const stop = async (why: 'time_limit' | 'cancelled'): Promise<void> => {
    if (finished.signal.aborted || stopped !== null) return;
    stopped = why;
    killGroup(child.pid, 'SIGTERM');
    await ports.clock.sleep(GRACE_MS, finished.signal);
    if (!finished.signal.aborted) killGroup(child.pid, 'SIGKILL');
  };
  const onCancel = (): void => void stop('cancelled');
  ports.cancelled.addEventListener('abort', onCancel, { once: true });
  if (ports.cancelled.aborted) onCancel();
  const limit = ports.clock.sleep(command.limitMs, finished.signal).then(() => stop('time_limit'));

  const { code, started } = await exit;
  finished.abort();
  ports.cancelled.removeEventListener('abort', onCancel);
  await limit;
  const ended = stopped ?? (started ? (code === null ? 'signal' : 'exit') : 'not_started');
  if (ended !== 'exit') killGroup(child.pid, 'SIGKILL'); // what an unclean end may have left behind
  return { code, ended, stderrTail };
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // the group is gone already
  }
}

/** One process at a time works with a file. A killed one leaves nothing that holds up the next. */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

interface Holder {
  readonly pid: number;
  /** `startOf` the process. */
  readonly started: string;
  /** As it stands in a name of a file. */
  readonly host: string;
}

const HOST = encodeURIComponent(os.hostname());
/** Whether a process of another host lives shows only in the age of its mark, which it renews three times as often. */
const FOREIGN_MS = 90_000;
/** Two that begin in the same moment both step back; after a few pauses of their own length one is alone. */
const TRIES = 6;

export interface FileLock {
  release(): void;
}

/**
 * Holds `file` for this process, by a mark of its own beside it, whose name says all; otherwise says who holds it. A mark
 * counts while its process lives, by number and start time, so that a number that was given out again is not taken for it.
 */
export async function lockFile(file: string): Promise<FileLock | { readonly heldBy: string }> {
  mkdirSync(path.dirname(file), { recursive: true });
  const self: Holder = { pid: process.pid, started: startOf(process.pid), host: HOST };
  const mark = `${file}${suffixOf(self)}`;
  for (let left = TRIES; ; left -= 1) {
    if (!made(mark)) return { heldBy: named(self) };
    // every one is marked before it looks, so of two at least one sees the other
    const other = otherHolder(file, mark);
    if (other === null) return held(mark);
    rmSync(mark, { force: true });
    if (left <= 1) return { heldBy: named(other) };
    await pause(10 + Math.random() * 90);
  }
}

function held(mark: string): FileLock {
  const renew = setInterval(() => {
    try {
      const now = new Date();
      utimesSync(mark, now, now);
    } catch {
      // the folder is gone, and what is kept in it with it: the next write says so
    }
  }, FOREIGN_MS / 3).unref();
  return {
    release() {
      clearInterval(renew);
      rmSync(mark, { force: true });
    },
  };
}

/** False when this process has it already. */
function made(mark: string): boolean {
  try {
    closeSync(openSync(mark, 'wx', 0o600));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Somebody who lives and has a mark; marks of the dead are taken away. */
function otherHolder(file: string, own: string): Holder | null {
  const folder = path.dirname(file);
  for (const name of readdirSync(folder)) {
    const mark = path.join(folder, name);
    const holder = mark.startsWith(file) && mark !== own ? holderOf(mark.slice(file.length)) : null;
    if (holder === null) continue;
    if (isAlive(holder, mark)) return holder;
    rmSync(mark, { force: true });
  }
  return null;
}

function suffixOf({ pid, started, host }: Holder): string {
  return `.lock-${pid}-${started}-${host}`;
}

function holderOf(suffix: string): Holder | null {
  const [, pid, started = '', host = ''] = /^\.lock-(\d{1,10})-(\w+)-([\w.%~!*'()-]*)$/.exec(suffix) ?? [];
  return pid === undefined ? null : { pid: Number(pid), started, host };
}

function named({ pid, host }: Holder): string {
  return `process ${pid} on ${host}`;
}

function isAlive({ host, pid, started }: Holder, mark: string): boolean {
  if (host !== HOST) return Date.now() - modified(mark) < FOREIGN_MS;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, as another user's
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return started === startOf(pid);
}

/** Unix milliseconds; long ago for a mark that was taken away meanwhile. */
function modified(mark: string): number {
  return statSync(mark, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** When a process started, in the kernel's ticks; the same for all where the system does not say. */
function startOf(pid: number): string {
  try {
    // the name of the program, in brackets, may hold anything
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const [state, start = 'unknown'] = [fields[0], fields[19]];
    // dead, and not yet taken notice of by whoever started it
    return state === 'Z' ? 'ended' : start;
  } catch {
    return 'unknown';
  }
}

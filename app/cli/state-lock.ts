/** One process at a time works with a file. A killed one leaves nothing that holds up the next. */
import { randomBytes } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';

const Holder = z.object({
  host: z.string(),
  pid: z.number().int().positive(),
  started: z.string().nullable(),
});
type Holder = z.infer<typeof Holder>;

/** Whether a process of another host lives shows only in the age of its mark, which it renews three times as often. */
const FOREIGN_MS = 90_000;
/** Two that begin in the same moment both step back; after a few pauses of their own length one is alone. */
const TRIES = 6;

export interface FileLock {
  release(): void;
}

/**
 * Holds `file` for this process, by a mark of its own beside it; null when another process holds it. A mark counts while
 * its process lives, by number and start time, so that a number that was given out again is not taken for it.
 */
export async function lockFile(file: string): Promise<FileLock | { readonly heldBy: string }> {
  mkdirSync(path.dirname(file), { recursive: true });
  const mark = `${file}.lock-${randomBytes(6).toString('hex')}`;
  const self: Holder = { host: os.hostname(), pid: process.pid, started: startOf(process.pid) };
  let heldBy: string | null = null;
  for (let left = TRIES; left > 0; left -= 1) {
    writeFileSync(`${mark}.new`, JSON.stringify(self), { mode: 0o600 });
    renameSync(`${mark}.new`, mark);
    // every one is marked before it looks, so of two at least one sees the other
    heldBy = otherHolder(file, mark);
    if (heldBy === null) return held(mark);
    rmSync(mark, { force: true });
    if (left > 1) await pause(10 + Math.random() * 90);
  }
  return { heldBy: heldBy ?? 'another process' };
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

/** Somebody who lives and has a mark; marks of the dead are taken away. */
function otherHolder(file: string, own: string): string | null {
  const folder = path.dirname(file);
  const prefix = `${path.basename(file)}.lock-`;
  for (const name of readdirSync(folder)) {
    const mark = path.join(folder, name);
    if (!name.startsWith(prefix) || name.endsWith('.new') || mark === own) continue;
    const holder = read(mark);
    if (holder === null) continue;
    if (isAlive(holder.content, holder.ageMs))
      return `process ${holder.content.pid} on ${holder.content.host}`;
    rmSync(mark, { force: true });
  }
  return null;
}

function read(mark: string): { content: Holder; ageMs: number } | null {
  try {
    const content = Holder.parse(JSON.parse(readFileSync(mark, 'utf8')));
    return { content, ageMs: Date.now() - statSync(mark).mtimeMs };
  } catch (error) {
    // released meanwhile
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function isAlive({ host, pid, started }: Holder, ageMs: number): boolean {
  if (host !== os.hostname()) return ageMs < FOREIGN_MS;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, as another user's
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  return started === startOf(pid);
}

/** When a process started, in the kernel's ticks; null where the system does not say. */
function startOf(pid: number): string | null {
  try {
    // the name of the program, in brackets, may hold anything
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    const [state] = fields;
    // dead, and not yet taken notice of by whoever started it
    return state === 'Z' ? 'ended' : (fields[19] ?? null);
  } catch {
    return null;
  }
}

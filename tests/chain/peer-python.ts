/** Python environments in the user's cache with Bittensor's own packages, each for one script of ours that asks them. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from '../doubles/github/openapi-cache.ts';

const run = promisify(execFile);

export interface Peer {
  /** As pip takes them, each with its version. */
  readonly packages: readonly string[];
  /** Answers `ready` when it can import them. */
  readonly script: string;
}

/** Its Python; null where the environment is absent or broken. */
export function pythonOf(peer: Peer): string | null {
  const python = path.join(homeOf(peer), 'bin', 'python');
  return spawnSync(python, [peer.script, 'ready'], { stdio: 'ignore' }).status === 0 ? python : null;
}

/** Runs the script and gives the line that it printed. */
export async function askPython(
  { script }: Peer,
  python: string,
  ...args: readonly string[]
): Promise<string> {
  const { stdout } = await run(python, [script, ...args]);
  return stdout.trim();
}

/** Makes the environment where there is none; throws with what pip said. */
export async function makePython(peer: Peer): Promise<string> {
  const found = pythonOf(peer);
  if (found !== null) return found;
  const home = homeOf(peer);
  mkdirSync(path.dirname(home), { recursive: true });
  const scratch = mkdtempSync(`${home}.making-`);
  try {
    await run('python3', ['-m', 'venv', scratch]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
    await run(path.join(scratch, 'bin', 'python'), [...pip, ...peer.packages]);
    rmSync(home, { recursive: true, force: true });
    renameSync(scratch, home);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const python = path.join(home, 'bin', 'python');
  await run(python, [peer.script, 'ready']);
  return python;
}

function homeOf({ packages }: Peer): string {
  return path.join(cacheDirectory(), `peers-${packages.join('-').replaceAll('==', '-')}`);
}

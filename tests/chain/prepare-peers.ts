/**
 * Finds or makes the Python that holds Bittensor's own timelock and wallet packages, which ours must agree with.
 * Run: npx tsx tests/chain/prepare-peers.ts
 */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { cacheDirectory } from '../doubles/github/openapi-cache.ts';

const run = promisify(execFile);
const PACKAGES = ['bittensor-drand==2.0.0', 'bittensor-wallet==4.1.1'];
const SCRIPT = path.join(import.meta.dirname, 'peer.py');
export const HOW_TO_PREPARE = 'make it with: npx tsx tests/chain/prepare-peers.ts';

const pythonOfPeers = () =>
  path.join(cacheDirectory(), `peers-${PACKAGES.join('-').replaceAll('==', '-')}`, 'bin', 'python');

/** Its Python, or null; with REQUIRE_ALL=1 an absent one is an error. */
export function findPeers(): string | null {
  const python = pythonOfPeers();
  if (spawnSync(python, [SCRIPT, 'ready'], { stdio: 'ignore' }).status === 0) return python;
  if (process.env.REQUIRE_ALL === '1')
    throw new Error(`Bittensor's own packages are required; ${HOW_TO_PREPARE}`);
  console.warn(`Bittensor's own packages are absent, skipping; ${HOW_TO_PREPARE}`);
  return null;
}

/** Runs `peer.py` and gives the line that it printed. */
export async function askPeer(python: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run(python, [SCRIPT, ...args]);
  return stdout.trim();
}

/** Makes the environment when there is none; throws with what pip said. */
export async function preparePeers(): Promise<string> {
  const python = pythonOfPeers();
  if (spawnSync(python, [SCRIPT, 'ready'], { stdio: 'ignore' }).status === 0) return python;
  const home = path.dirname(path.dirname(python));
  mkdirSync(path.dirname(home), { recursive: true });
  const scratch = mkdtempSync(`${home}.making-`);
  try {
    await run('python3', ['-m', 'venv', scratch]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input'];
    await run(path.join(scratch, 'bin', 'python'), [...pip, ...PACKAGES]);
    rmSync(home, { recursive: true, force: true });
    renameSync(scratch, home);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  await run(python, [SCRIPT, 'ready']);
  return python;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(await preparePeers());

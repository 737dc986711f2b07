/**
 * chopsticks runs a runtime's WebAssembly as a node would. It is installed into the user's cache, apart from the product,
 * which must stay free of the licences (GPL) of some packages below it.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { cacheDirectory } from '../../doubles/github/openapi-cache.ts';

const run = promisify(execFile);
const VERSION = '1.5.1';
const INSTALL_MS = 600_000;

const home = () => path.join(cacheDirectory(), `chopsticks-${VERSION}`);
const entry = (directory: string) =>
  path.join(directory, 'node_modules', '@acala-network', 'chopsticks', 'dist', 'esm', 'index.js');

/** What to import; null when it is not installed. */
export function chopsticksUrl(): string | null {
  const file = entry(home());
  return existsSync(file) ? pathToFileURL(file).href : null;
}

/** Installs it where it is absent, whole or not at all. Rejects with what npm said. */
export async function installChopsticks(log: (line: string) => void): Promise<void> {
  const directory = home();
  if (chopsticksUrl() !== null) {
    log(`chopsticks ${VERSION} is there already: ${directory}`);
    return;
  }
  log(`installing chopsticks ${VERSION} (250 MB, about half a minute): ${directory}`);
  mkdirSync(path.dirname(directory), { recursive: true });
  const scratch = mkdtempSync(`${directory}.making-`);
  try {
    writeFileSync(path.join(scratch, 'package.json'), '{ "private": true }\n');
    const args = ['install', '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund'];
    await run('npm', [...args, `@acala-network/chopsticks@${VERSION}`], {
      cwd: scratch,
      timeout: INSTALL_MS,
    });
    rmSync(directory, { recursive: true, force: true });
    renameSync(scratch, directory);
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const said = stderr.split('\n').filter((line) => line.startsWith('npm error'));
    throw new Error(
      `chopsticks could not be installed, which needs npm's registry: ${said.join('\n') || message}`,
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  log(`chopsticks ${VERSION} is installed`);
}

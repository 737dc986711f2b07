/**
 * Finds nektos/act, which runs workflows without GitHub, or builds it into the user's cache.
 * Run: npx tsx tests/doubles/github/prepare-act.ts
 */
import { execFile } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { cacheDirectory } from './openapi-cache.ts';

const run = promisify(execFile);
const VERSION = 'v0.2.87';

/** The path of an act that is there already, or null. */
export function findAct(): string | null {
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
  const candidates = [...folders, path.join(cacheDirectory(), 'bin')].map((folder) =>
    path.join(folder, 'act'),
  );
  return candidates.find(isExecutable) ?? null;
}

/** Builds it when there is none; throws, saying what to install, without a Go that can. */
export async function prepareAct(): Promise<string> {
  const found = findAct();
  if (found) return found;
  const bin = path.join(cacheDirectory(), 'bin');
  mkdirSync(bin, { recursive: true });
  const scratch = mkdtempSync(path.join(bin, 'building-'));
  try {
    const env = { ...process.env, CGO_ENABLED: '0', GOBIN: scratch };
    await run('go', ['install', '-tags', 'WITHOUT_DOCKER', `github.com/nektos/act@${VERSION}`], { env });
    renameSync(path.join(scratch, 'act'), path.join(bin, 'act'));
  } catch (error) {
    throw new Error(
      `cannot build act ${VERSION}: install Go 1.25 or later, or put an act of that version into PATH`,
      { cause: error },
    );
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return path.join(bin, 'act');
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(await prepareAct());

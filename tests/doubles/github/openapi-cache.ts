/** Where the extract of GitHub's description lies, outside the repository: it is large and not ours. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { EXTRACT_VERSION, type Extract } from './openapi-extract.ts';
import { OPERATIONS, WEBHOOKS } from './operations.ts';

export function cacheDirectory(): string {
  return path.join(process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'quasar-referee');
}

/** Another list of operations or another form of the extract is another file. */
export function extractPath(): string {
  const key = JSON.stringify([EXTRACT_VERSION, OPERATIONS, WEBHOOKS]);
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 12);
  return path.join(cacheDirectory(), 'github-openapi', `extract-${digest}.json`);
}

/** Null when it was never prepared. */
export function readExtract(): Extract | null {
  const file = extractPath();
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Extract) : null;
}

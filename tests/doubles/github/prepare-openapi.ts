/**
 * Puts the extract of GitHub's OpenAPI description into the user's cache, from two npm packages at a pinned integrity.
 * They are packed, never installed: 400 MB that only this needs. Run: npx tsx tests/doubles/github/prepare-openapi.ts
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { extractPath } from './openapi-cache.ts';
import { extractOperations, extractWebhooks, type JsonObject } from './openapi-extract.ts';
import { OPERATIONS, WEBHOOKS } from './operations.ts';

const run = promisify(execFile);

const PACKAGES = {
  rest: {
    name: '@octokit/openapi@23.0.2',
    integrity:
      'sha512-pV8M7L9GY23AybNvTmo2nyjmpmnt6+2sRE/tqr0ZLQcPS4lnw7u5eZGNmwRNkBC3D7gZXbFx5AHzLUVRBXGDhg==',
  },
  webhooks: {
    name: '@octokit/openapi-webhooks@12.1.0',
    integrity:
      'sha512-Z5eDsLCUNbx1zHpZb1LNQirADqdMTvWJQ/deahi0ws+tWWnwHXB+Pr4jfmM9OrETS9Y5iW8ZRu1fdbudObhLrg==',
  },
} as const;

const DESCRIPTION = 'package/generated/api.github.com.json';
const LARGEST_DESCRIPTION = 1 << 28;

/** Returns the extract's path; does nothing when it is there already. */
export async function prepareOpenApi(): Promise<string> {
  const target = extractPath();
  if (existsSync(target)) return target;
  mkdirSync(path.dirname(target), { recursive: true });
  const scratch = mkdtempSync(path.join(path.dirname(target), 'packing-'));
  try {
    const rest = extractOperations(await describe(scratch, PACKAGES.rest), OPERATIONS);
    const webhooks = extractWebhooks(await describe(scratch, PACKAGES.webhooks), WEBHOOKS);
    const whole = path.join(scratch, 'extract.json');
    writeFileSync(whole, JSON.stringify({ rest, webhooks }));
    renameSync(whole, target);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return target;
}

async function describe(
  scratch: string,
  { name, integrity }: { name: string; integrity: string },
): Promise<JsonObject> {
  const folder = mkdtempSync(path.join(scratch, 'package-'));
  await run('npm', ['pack', name, '--ignore-scripts', '--silent', '--pack-destination', folder]);
  const archive = path.join(folder, readdirSync(folder)[0] ?? '');
  const found = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  if (found !== integrity) throw new Error(`${name} has integrity ${found}, expected ${integrity}`);
  const { stdout } = await run('tar', ['-xzOf', archive, DESCRIPTION], { maxBuffer: LARGEST_DESCRIPTION });
  return JSON.parse(stdout) as JsonObject;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) console.log(await prepareOpenApi());

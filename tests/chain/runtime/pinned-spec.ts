/**
 * The chain spec whose runtime our tests run weights on: got once, kept in the user's cache, and never in the repository.
 * It is of 2025 (runtime 293, with //Alice as sudo), the newest that carries a whole runtime in a file of its own.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheDirectory } from '../../doubles/github/openapi-cache.ts';

export interface PinnedFile {
  readonly bytes: number;
  readonly sha256: string;
  /** Each gives the same bytes; the later ones are for when the first does not answer. */
  readonly sources: readonly { readonly url: string; readonly headers?: Readonly<Record<string, string>> }[];
}

const REPOSITORY = 'opentensor/subtensor';
const COMMIT = 'f59e608b2128586215ea396156a1d04b14724888';
const BLOB = 'dd53a75be37ed9029356a03d9ef68aff88007195';

export const SPEC_293: PinnedFile = {
  bytes: 2_822_798,
  sha256: 'c321edb119707219b5f3fe602ad2f3180cd9e4492dbceee16e46b54a1facba2d',
  sources: [
    { url: `https://raw.githubusercontent.com/${REPOSITORY}/${COMMIT}/aura-dev.json` },
    {
      url: `https://api.github.com/repos/${REPOSITORY}/git/blobs/${BLOB}`,
      headers: { accept: 'application/vnd.github.raw+json', 'user-agent': 'quasar-referee' },
    },
  ],
};

/** The spec could not be had; the message says what to do. */
export class NoChainSpec extends Error {
  override readonly name = 'NoChainSpec';
}

export const specDirectory = () => path.join(cacheDirectory(), 'chain-specs');

export function specPath(pinned: PinnedFile = SPEC_293, directory: string = specDirectory()): string {
  return path.join(directory, `${pinned.sha256}.json`);
}

/** Whether exactly these bytes lie in the cache. */
export function hasSpec(pinned: PinnedFile = SPEC_293, directory?: string): boolean {
  const file = specPath(pinned, directory);
  return existsSync(file) && whyNot(readFileSync(file), pinned) === null;
}

export interface GetSpecOptions {
  readonly pinned?: PinnedFile;
  /** A copy on this machine; null downloads it. */
  readonly from: string | null;
  readonly directory?: string;
  readonly fetch: typeof fetch;
  readonly log: (line: string) => void;
}

const DOWNLOAD_MS = 120_000;

/** Puts the spec into the cache, whole or not at all, and gives its path. Rejects with `NoChainSpec`. */
export async function getSpec(options: GetSpecOptions): Promise<string> {
  const { pinned = SPEC_293, from, directory = specDirectory(), log } = options;
  const file = specPath(pinned, directory);
  if (from === null && hasSpec(pinned, directory)) {
    log(`the chain spec is there already: ${file}`);
    return file;
  }
  const bytes = from === null ? await download(pinned, options) : readCopy(from, pinned);
  mkdirSync(directory, { recursive: true });
  const scratch = `${file}.${process.pid}.part`;
  try {
    writeFileSync(scratch, bytes);
    renameSync(scratch, file);
  } finally {
    rmSync(scratch, { force: true });
  }
  log(`the chain spec is verified (sha256 ${pinned.sha256}) and stored: ${file}`);
  return file;
}

function readCopy(from: string, pinned: PinnedFile): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(from);
  } catch (error) {
    throw new NoChainSpec(`cannot read ${from}: ${(error as Error).message}`);
  }
  const problem = whyNot(bytes, pinned);
  if (problem !== null)
    throw new NoChainSpec(
      `${from} is not the pinned chain spec: ${problem}. It is aura-dev.json of ${REPOSITORY} at commit ${COMMIT}`,
    );
  return bytes;
}

async function download(pinned: PinnedFile, { fetch, log }: GetSpecOptions): Promise<Buffer> {
  const failures: string[] = [];
  for (const { url, headers } of pinned.sources) {
    log(`downloading ${url}`);
    try {
      const answer = await fetch(url, {
        ...(headers === undefined ? {} : { headers }),
        signal: AbortSignal.timeout(DOWNLOAD_MS),
      });
      if (!answer.ok) throw new Error(`it answers ${answer.status}`);
      const bytes = Buffer.from(await answer.arrayBuffer());
      const problem = whyNot(bytes, pinned);
      if (problem === null) return bytes;
      throw new Error(`it gives other bytes: ${problem}`);
    } catch (error) {
      const { message, cause } = error as Error;
      failures.push(`${new URL(url).host}: ${cause instanceof Error ? cause.message || message : message}`);
      log(`  ${failures.at(-1)}`);
    }
  }
  throw new NoChainSpec(
    `the chain spec could not be downloaded (${failures.join('; ')}). Without internet, get aura-dev.json of ${REPOSITORY} at commit ${COMMIT} (git blob ${BLOB}) on another machine and run: npm run chain-spec -- --from FILE`,
  );
}

function whyNot(bytes: Buffer, pinned: PinnedFile): string | null {
  if (bytes.length !== pinned.bytes) return `it has ${bytes.length} bytes instead of ${pinned.bytes}`;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return sha256 === pinned.sha256 ? null : `its sha256 is ${sha256} instead of ${pinned.sha256}`;
}

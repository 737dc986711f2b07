/** Bare repositories on disk, one per repository id, so that a rename moves nothing. */
import { execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const LARGEST_OUTPUT = 1 << 28;

/** Neither the machine's nor the user's configuration may change what a test sees. */
export const GIT_ENVIRONMENT = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  LC_ALL: 'C.UTF-8',
};

export interface GitObject {
  readonly sha: string;
  readonly type: string;
  readonly content: Buffer;
}

/** Runs git and returns what it printed; throws with git's own words. */
export async function git(directory: string, ...args: string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', directory, ...args], {
    env: GIT_ENVIRONMENT,
    maxBuffer: LARGEST_OUTPUT,
  });
  return stdout;
}

export class BareRepositories {
  constructor(readonly root: string) {}

  directory(repoId: number): string {
    return path.join(this.root, `${repoId}.git`);
  }

  async create(repoId: number, defaultBranch: string): Promise<void> {
    await git('.', 'init', '-q', '--bare', '-b', defaultBranch, this.directory(repoId));
    await this.#allowPush(repoId);
  }

  async clone(parentId: number, repoId: number): Promise<void> {
    await git('.', 'clone', '-q', '--bare', this.directory(parentId), this.directory(repoId));
    await this.#allowPush(repoId);
  }

  /** Full ref name to SHA. */
  async refs(repoId: number): Promise<Map<string, string>> {
    const lines = await git(this.directory(repoId), 'for-each-ref', '--format=%(refname) %(objectname)');
    return new Map(
      lines
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(' ') as [string, string]),
    );
  }

  /** Every object reachable from `shas`, without those that `isKnown`. */
  async newObjects(
    repoId: number,
    shas: readonly string[],
    isKnown: (sha: string) => boolean,
  ): Promise<GitObject[]> {
    if (shas.length === 0) return [];
    const listed = await git(this.directory(repoId), 'rev-list', '--objects', '--no-object-names', ...shas);
    return this.#read(
      repoId,
      listed.split('\n').filter((sha) => sha !== '' && !isKnown(sha)),
    );
  }

  async #read(repoId: number, shas: readonly string[]): Promise<GitObject[]> {
    if (shas.length === 0) return [];
    const child = spawn('git', ['-C', this.directory(repoId), 'cat-file', '--batch'], {
      env: GIT_ENVIRONMENT,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    child.stdin.end(`${shas.join('\n')}\n`);
    const parts: Buffer[] = [];
    for await (const part of child.stdout) parts.push(part as Buffer);
    return parseBatch(Buffer.concat(parts));
  }

  async #allowPush(repoId: number): Promise<void> {
    await git(this.directory(repoId), 'config', 'http.receivepack', 'true');
    await git(this.directory(repoId), 'config', 'uploadpack.allowAnySHA1InWant', 'true');
  }
}

function parseBatch(output: Buffer): GitObject[] {
  const objects: GitObject[] = [];
  for (let at = 0; at < output.length; ) {
    const endOfHeader = output.indexOf(10, at);
    const [sha, type, size] = output.subarray(at, endOfHeader).toString().split(' ');
    if (!sha || !type || !size)
      throw new Error(`unexpected git cat-file header: ${output.subarray(at, endOfHeader)}`);
    const start = endOfHeader + 1;
    objects.push({ sha, type, content: output.subarray(start, start + Number(size)) });
    at = start + Number(size) + 1;
  }
  return objects;
}

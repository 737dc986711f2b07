/** A person's clone of a repository: writes files, commits and pushes with real git. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { git } from './git.ts';

export class WorkingCopy {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** `url` is `OfflineGitHub.cloneUrl(…)`. */
  static async clone(url: string): Promise<WorkingCopy> {
    const directory = mkdtempSync(path.join(tmpdir(), 'working-copy-'));
    const copy = new WorkingCopy(directory);
    await git(directory, 'clone', '-q', url, '.');
    await copy.git('config', 'user.name', 'Miner');
    await copy.git('config', 'user.email', 'miner@example.com');
    return copy;
  }

  /** Runs git in the clone. */
  git(...args: string[]): Promise<string> {
    return git(this.directory, ...args);
  }

  write(files: Readonly<Record<string, string | Uint8Array>>): void {
    for (const [file, content] of Object.entries(files)) {
      const target = path.join(this.directory, file);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, content);
    }
  }

  /** Commits everything, also nothing, and returns the SHA. */
  async commit(message: string): Promise<string> {
    await this.git('add', '-A');
    await this.git('commit', '-q', '--allow-empty', '-m', message);
    return (await this.git('rev-parse', 'HEAD')).trim();
  }

  /** Writes, commits and pushes to `branch`; returns the SHA. */
  async push(
    files: Readonly<Record<string, string | Uint8Array>>,
    message: string,
    branch = 'main',
  ): Promise<string> {
    this.write(files);
    const sha = await this.commit(message);
    await this.git('push', '-q', 'origin', `HEAD:refs/heads/${branch}`);
    return sha;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

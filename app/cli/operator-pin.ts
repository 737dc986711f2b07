/** The commits of the operator repository that may claim, as `operator pin` records them. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { CommandError, type Io, UsageError } from './io.ts';

/** Name of the file in the App's data folder; configuration `OPERATOR_COMMITS_FILE` points at it. */
export const COMMITS_FILE = 'operator-commits.json';

const Commits = z.array(z.string().regex(/^[0-9a-f]{40}$/));

/** The pinned commits, oldest first; none when the file is absent. Throws where it is there and cannot be understood. */
export function readOperatorCommits(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  const parsed = Commits.safeParse(jsonOf(text));
  if (!parsed.success)
    throw new Error(`${file} is not a JSON list of full commits: mend it, or remove it and pin again`);
  return parsed.data;
}

/** Adds a commit, once, by an atomic replacement of the file. Returns 0. */
export function pinOperatorCommit(
  sha: string,
  data: string | undefined,
  io: Pick<Io, 'cwd' | 'out' | 'err'>,
): number {
  const commit = sha.toLowerCase();
  if (!/^[0-9a-f]{40}$/.test(commit))
    throw new UsageError('SHA is the full 40-digit commit: `git rev-parse HEAD` in the operator repository');
  const folder = path.resolve(io.cwd, data ?? 'data');
  const file = path.join(folder, COMMITS_FILE);
  try {
    mkdirSync(folder, { recursive: true });
    const commits = [...readOperatorCommits(file).filter((known) => known !== commit), commit];
    writeFileSync(`${file}.new`, `${JSON.stringify(commits, null, 2)}\n`);
    renameSync(`${file}.new`, file);
    io.out(`${file}\n`);
    io.err(
      `Runners of ${commits.length === 1 ? 'this commit' : `these ${commits.length} commits`} may claim:\n` +
        `${commits.map((known) => `  ${known}\n`).join('')}Remove a line from the file to take that back.\n`,
    );
  } catch (error) {
    throw new CommandError((error as Error).message, 2);
  }
  return 0;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

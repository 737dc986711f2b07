/** Takes a commit's five target files and says everything that is wrong with them. Pure but for the import policy. */
import { createHash } from 'node:crypto';
import type { FrozenFile } from '../../db/frozen-files.ts';
import type { Task } from '../evaluations/task.ts';
import { codeDigest, contentDigest } from '../imports/digests.ts';
import { checkFile } from '../imports/files.ts';
import type { Finding } from '../imports/findings.ts';
import { type PushedCommit, QUASAR_YML } from './commit.ts';
import type { Services } from './services.ts';

export interface Frozen {
  readonly files: readonly FrozenFile[];
  readonly findings: readonly Finding[];
  /** How many of the target files the commit has, in whatever state. */
  readonly present: number;
  /** Null unless all five could be taken. */
  readonly contentDigest: string | null;
  readonly codeDigest: string | null;
  readonly ignoredPaths: readonly string[];
  /** `[skip quasar]` in the commit message. */
  readonly skipAsked: boolean;
}

export async function freeze(
  { judgeImports }: Pick<Services, 'judgeImports'>,
  commit: PushedCommit,
  task: Task,
): Promise<Frozen> {
  const files = task.targetFiles.map((path) => ({ path, ...commit.files.get(path) }));
  const bad = files.flatMap(({ path, entry, bytes }) =>
    checkFile({ path, mode: entry?.mode, type: entry?.type, size: entry?.size, bytes: bytes ?? null }),
  );
  const base = {
    present: files.filter(({ entry }) => entry !== undefined).length,
    ignoredPaths: commit.changedPaths.filter(
      (path) => path !== QUASAR_YML && !task.targetFiles.includes(path),
    ),
    skipAsked: /\[skip quasar\]/i.test(commit.message),
  };
  if (bad.length > 0) return { ...base, files: [], findings: bad, contentDigest: null, codeDigest: null };
  const taken = files.map(({ path, bytes }) => ({ path, bytes: bytes as Uint8Array }));
  const texts = taken.map(({ path, bytes }) => ({ path, text: new TextDecoder().decode(bytes) }));
  return {
    ...base,
    files: taken.map((file) => ({ ...file, sha256: createHash('sha256').update(file.bytes).digest('hex') })),
    findings: await judgeImports(texts, task),
    contentDigest: contentDigest(taken),
    codeDigest: codeDigest(taken),
  };
}

/** Takes a commit's five target files, by blob, and says everything that is wrong with them. */
import { createHash } from 'node:crypto';
import type { FrozenFile } from '../../db/submissions.ts';
import type { Task } from '../evaluations/task.ts';
import type { TreeEntry } from '../github/github.ts';
import { codeDigest, contentDigest } from '../imports/digests.ts';
import { checkFile, MAX_FILE_BYTES } from '../imports/files.ts';
import type { Finding } from '../imports/findings.ts';
import type { Push } from './push.ts';
import { QUASAR_YML } from './quasar-file.ts';
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

export async function freeze(services: Services, push: Push, task: Task): Promise<Frozen> {
  const { watcher, judgeImports } = services;
  const [entries, commit, changed] = await Promise.all([
    watcher.entries(push, push.head, task.targetFiles),
    watcher.commit(push, push.head),
    push.before === null ? null : watcher.changedPaths(push, push.before, push.head),
  ]);
  const files = await Promise.all(
    task.targetFiles.map(async (path) => {
      const entry = entries.find((candidate) => candidate.path === path);
      return { path, entry, bytes: entry && (await read(services, push, entry)) };
    }),
  );
  const bad = files.flatMap(({ path, entry, bytes }) =>
    checkFile({ path, mode: entry?.mode, type: entry?.type, size: entry?.size, bytes: bytes ?? null }),
  );
  const base = {
    present: entries.length,
    ignoredPaths: (changed ?? []).filter((path) => path !== QUASAR_YML && !task.targetFiles.includes(path)),
    skipAsked: /\[skip quasar\]/i.test(commit?.message ?? ''),
  };
  if (bad.length > 0) return { ...base, files: [], findings: bad, contentDigest: null, codeDigest: null };
  const taken = files.map(({ path, bytes }) => ({ path, bytes: bytes as Uint8Array }));
  const texts = taken.map(({ path, bytes }) => ({ path, text: new TextDecoder().decode(bytes) }));
  return {
    ...base,
    files: taken.map((file) => ({ ...file, sha256: createHash('sha256').update(file.bytes).digest('hex') })),
    findings: judgeImports(texts, task),
    contentDigest: contentDigest(taken),
    codeDigest: codeDigest(taken),
  };
}

async function read(services: Services, push: Push, entry: TreeEntry): Promise<Uint8Array | null> {
  const plain = entry.type === 'blob' && entry.mode === '100644' && (entry.size ?? 0) <= MAX_FILE_BYTES;
  return plain ? services.watcher.blob(push, entry.sha, MAX_FILE_BYTES) : null;
}

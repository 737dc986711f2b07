/** What intake reads of a pushed commit, all of it at once: the miner waits for the first check-run. */
import type { TreeEntry } from '../github/github.ts';
import { MAX_FILE_BYTES } from '../imports/files.ts';
import type { Push } from './push.ts';
import type { Services } from './services.ts';

export const QUASAR_YML = 'quasar.yml';

export interface PushedFile {
  readonly entry: TreeEntry;
  /** Null for what is no plain file or is too large to be taken. */
  readonly bytes: Uint8Array | null;
}

export interface PushedCommit {
  /** quasar.yml and the target files of every enabled task, by path; an absent one has no entry. */
  readonly files: ReadonlyMap<string, PushedFile>;
  readonly message: string;
  /** Paths that differ from the head before the push, at most 300; none when that is unknown. */
  readonly changedPaths: readonly string[];
}

/** By full SHA. Throws GitHubError. */
export async function readCommit(services: Services, push: Push): Promise<PushedCommit> {
  const { watcher, tasks } = services;
  const targets = [...tasks.values()].flatMap(({ task }) => task.targetFiles);
  const paths = [...new Set([QUASAR_YML, ...targets])];
  const [files, commit, changed] = await Promise.all([
    watcher
      .entries(push, push.head, paths)
      .then((entries) => Promise.all(entries.map((entry) => read(services, push, entry)))),
    watcher.commit(push, push.head),
    changedSince(services, push),
  ]);
  return {
    files: new Map(files.map((file) => [file.entry.path, file])),
    message: commit?.message ?? '',
    changedPaths: changed ?? [],
  };
}

/** Only shown: a comparison that GitHub cannot make, as of a push that brings in all of upstream, holds up no verdict. */
async function changedSince({ watcher, log }: Services, push: Push): Promise<readonly string[] | null> {
  if (push.before === null) return null;
  return watcher.changedPaths(push, push.before, push.head).catch((error) => {
    log.warn({ err: error, repoId: push.repoId, sha: push.head }, 'what a push changed is not known');
    return null;
  });
}

async function read({ watcher }: Services, push: Push, entry: TreeEntry): Promise<PushedFile> {
  const plain = entry.type === 'blob' && entry.mode !== '120000' && (entry.size ?? 0) <= MAX_FILE_BYTES;
  return { entry, bytes: plain ? await watcher.blob(push, entry.sha, MAX_FILE_BYTES) : null };
}

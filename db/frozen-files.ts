/** The target files of a submission, as they were when it was taken in. */

import type { Queryable } from './connection.ts';

export interface FrozenFile {
  readonly path: string;
  readonly sha256: string;
  readonly bytes: Uint8Array;
}

/** The same content is stored once, whoever pushed it. */
export async function saveFiles(
  db: Queryable,
  submissionId: number,
  files: readonly FrozenFile[],
): Promise<void> {
  for (const { sha256, bytes } of files)
    await db('contents')
      .insert({ sha256, bytes: Buffer.from(bytes) })
      .onConflict('sha256')
      .ignore();
  if (files.length > 0)
    await db('submission_files').insert(files.map(({ path, sha256 }) => ({ submissionId, path, sha256 })));
}

export async function filesOf(db: Queryable, submissionId: number): Promise<FrozenFile[]> {
  const rows = await db('submission_files')
    .join('contents', 'contents.sha256', 'submission_files.sha256')
    .where({ submissionId })
    .orderBy('path')
    .select('path', 'submission_files.sha256', 'bytes');
  return rows as FrozenFile[];
}

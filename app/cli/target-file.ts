/** One target file of a checkout, as git would have it, without ever following a symbolic link below the root. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  type Stats,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { MAX_FILE_BYTES, type TreeFile } from '../imports/files.ts';

/** Throws an error for the user when the root is no directory, or a file cannot be read. */
export function readTargetFile(root: string, file: string): TreeFile {
  if (!isDirectory(root)) throw new Error(`${root} is not a directory`);
  const absent: TreeFile = { path: file, bytes: null };
  let at = root;
  const names = file.split('/');
  for (const name of names.slice(0, -1)) {
    at = path.join(at, name);
    // In git's tree nothing lies below a link or a file.
    if (look(at)?.isDirectory() !== true) return absent;
  }
  at = path.join(at, names.at(-1) as string);
  const stats = look(at);
  if (stats === null) return absent;
  if (stats.isSymbolicLink()) return { path: file, type: 'blob', mode: '120000', bytes: null };
  if (stats.isDirectory()) return { path: file, type: 'tree', mode: '040000', bytes: null };
  if (!stats.isFile()) return { path: file, type: 'blob', mode: '000000', bytes: null };
  const mode = (stats.mode & 0o100) === 0 ? '100644' : '100755';
  return { path: file, type: 'blob', mode, size: stats.size, bytes: mode === '100644' ? read(at) : null };
}

function isDirectory(root: string): boolean {
  try {
    return statSync(root).isDirectory();
  } catch (error) {
    throw new Error(`cannot read the folder ${root}: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}

function look(at: string): Stats | null {
  try {
    return lstatSync(at);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw new Error(`cannot read ${at}: ${(error as Error).message}`, { cause: error });
  }
}

/** At most one byte more than a file may have; a link or a pipe put there meanwhile is an error, not followed. */
function read(at: string): Uint8Array {
  const descriptor = openSync(at, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(descriptor).isFile()) throw new Error(`${at} changed while it was read`);
    const buffer = Buffer.alloc(MAX_FILE_BYTES + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < buffer.length; length += count)
      count = readSync(descriptor, buffer, length, buffer.length - length, null);
    return buffer.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
}

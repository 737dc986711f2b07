/** Writes files so that a crash leaves the old content or the new, and never half of it. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';

/** Replaces a file. On disk when it returns. Readable for its owner only. For one writer at a time. */
export function writeDurably(file: string, text: string): void {
  const folder = path.dirname(file);
  mkdirSync(folder, { recursive: true });
  const beside = `${file}.new`;
  writeSynced(beside, text, 'w');
  renameSync(beside, file);
  syncFolder(folder);
}

/** The content is on disk when it returns, its name only after `syncFolder`. `wx` refuses a file that is there. */
export function writeSynced(file: string, text: string, flags: 'w' | 'wx'): void {
  synced(openSync(file, flags, 0o600), (descriptor) => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  });
}

/** Names that were made or changed in the folder are on disk when it returns. */
export function syncFolder(folder: string): void {
  synced(openSync(folder, 'r'), () => undefined);
}

function synced(descriptor: number, work: (descriptor: number) => void): void {
  try {
    work(descriptor);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

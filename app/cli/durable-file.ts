/** Replaces a file so that a crash leaves the old content or the new, and never half of it. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';

/** On disk when it returns. Readable for its owner only. For one writer at a time. */
export function writeDurably(file: string, text: string): void {
  const folder = path.dirname(file);
  mkdirSync(folder, { recursive: true });
  const beside = `${file}.new`;
  synced(openSync(beside, 'w', 0o600), (descriptor) => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
  });
  renameSync(beside, file);
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

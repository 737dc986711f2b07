/** Identity of what was pushed: byte for byte, and as code (contracts.md, content digest and code digest). */
import { createHash } from 'node:crypto';
import type { Digest } from '../ids.ts';
import { codeTokens } from './code-tokens.ts';

export interface FileBytes {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** sha256 over, in byte order of path, `path \0 sha256hex(content) \n`. */
export function contentDigest(files: readonly FileBytes[]): Digest {
  return digestOf(files, (bytes) => bytes);
}

/**
 * The same over each file's Python tokens without comments, docstrings and layout, so that reformatting does not change
 * it and any other token does. Defined for every content: broken Python gives tokens too, and what is not UTF-8 is
 * taken byte by byte.
 */
export function codeDigest(files: readonly FileBytes[]): Digest {
  return digestOf(files, (bytes) => {
    try {
      return codeTokens(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch {
      return bytes;
    }
  });
}

function digestOf(files: readonly FileBytes[], part: (bytes: Uint8Array) => string | Uint8Array): Digest {
  const whole = createHash('sha256');
  const inByteOrder = [...files].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  for (const { path, bytes } of inByteOrder)
    whole.update(`${path}\0${createHash('sha256').update(part(bytes)).digest('hex')}\n`);
  return whole.digest('hex') as Digest;
}

/** The checks of a target file before anybody reads it as Python: kind, mode, size, encoding, characters. */
import type { Finding } from './findings.ts';
import type { RuleId } from './rules.ts';

/** A target file as git has it at the pushed commit; of an absent file there is only the path. */
export interface TreeFile {
  /** Path in the repository, as task.json spells it. */
  readonly path: string;
  /** As git prints it, e.g. `100644`. */
  readonly mode?: string | undefined;
  readonly type?: 'blob' | 'tree' | 'commit' | undefined;
  /** Size in bytes, where git told. */
  readonly size?: number | undefined;
  /** The content; null where kind, mode or size make it useless. */
  readonly bytes: Uint8Array | null;
}

export const MAX_FILE_BYTES = 256 * 1024;

/** Refused anywhere in a file: controls but tab, line feed, form feed and carriage return; bidirectional controls; BOM. */
const REFUSED = /(?![\t\n\f\r])[\p{Cc}\p{Bidi_Control}\ufeff]/gu;

const MAX_CHARACTER_FINDINGS = 50;

/**
 * What is wrong with one target file before anybody reads it as Python; nothing for a good one, whose bytes then decode.
 * Pure; throws only when the caller withholds the bytes of a file that has to be read.
 */
export function checkFile(file: TreeFile): Finding[] {
  const { path, bytes } = file;
  const refuse = (rule: RuleId, message: string, advice: string): Finding[] => [
    { rule, file: path, line: 1, column: 1, message, advice },
  ];
  if (file.type === undefined || file.mode === undefined)
    return refuse(
      'file-missing',
      `Missing file: ${path}`,
      'Restore it from upstream and push again: all target files must exist, and no directory on the way may be a symbolic link.',
    );
  const odd = oddKind(file.type, file.mode);
  if (odd !== null)
    return refuse('file-kind', `${path} is ${odd}.`, 'Replace it by a regular file with the code itself.');
  if (file.mode !== '100644')
    return refuse(
      'file-mode',
      `${path} has mode ${file.mode}; only 100644 is taken.`,
      `Run: chmod 644 ${path} && git update-index --chmod=-x ${path}, then commit and push.`,
    );
  const size = file.size ?? bytes?.byteLength ?? 0;
  if (Math.max(size, bytes?.byteLength ?? 0) > MAX_FILE_BYTES)
    return refuse(
      'file-size',
      `${path} has ${size} bytes; at most ${MAX_FILE_BYTES} (256 KiB) are taken.`,
      'Shorten it, or spread the code over the target files.',
    );
  if (bytes === null) throw new Error(`the content of ${path} was not read`);
  if (isLfsPointer(bytes))
    return refuse(
      'lfs-pointer',
      `${path} is a Git LFS pointer, not the code.`,
      'Take the path out of .gitattributes (git lfs untrack), add the file again and push.',
    );
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse('file-encoding', `${path} is not valid UTF-8.`, 'Save it as UTF-8 and push again.');
  }
  return refusedCharacters(path, text);
}

function oddKind(type: 'blob' | 'tree' | 'commit', mode: string): string | null {
  if (mode === '120000') return 'a symbolic link';
  if (type === 'commit' || mode === '160000') return 'a submodule';
  if (type === 'tree') return 'a directory';
  return mode.startsWith('100') ? null : 'not a regular file';
}

function isLfsPointer(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, 64)).toString(
    'latin1',
  );
  return /^version https?:\/\/(git-lfs\.github\.com|hawser\.github\.com)\/spec\//.test(start);
}

function refusedCharacters(path: string, text: string): Finding[] {
  const findings: Finding[] = [];
  let line = 1;
  let lineStart = 0;
  let at = 0;
  for (const match of text.matchAll(REFUSED)) {
    for (; at < match.index; at++) {
      const unit = text[at];
      if (unit === '\n' || (unit === '\r' && text[at + 1] !== '\n')) {
        line++;
        lineStart = at + 1;
      }
    }
    const point = (match[0].codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
    const bom = match.index === 0 && match[0] === '\ufeff';
    findings.push({
      rule: 'file-characters',
      file: path,
      line,
      column: [...text.slice(Math.max(lineStart, match.index - 10_000), match.index)].length + 1,
      message: bom
        ? 'The file begins with a byte order mark (U+FEFF).'
        : `The control or bidirectional character U+${point} is refused, in comments and strings too.`,
      advice: bom
        ? 'Save it as UTF-8 without byte order mark.'
        : 'Delete it; inside a string write it as an escape.',
    });
    if (findings.length >= MAX_CHARACTER_FINDINGS) break;
  }
  return findings;
}

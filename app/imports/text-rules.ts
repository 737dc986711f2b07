/** Rules on the characters of code: ASCII outside comments and strings, and no declaration of another encoding. */
import type { Source } from './source.ts';

const NOT_ASCII = /[\u0080-\uffff]/;
/** PEP 263, as CPython looks for it in the first two lines. */
const COOKIE = /coding[:=][ \t]*([-_.a-zA-Z0-9]+)/;

export function checkCharacters(source: Source): void {
  for (const token of source.tokens) {
    if (token.kind === 'comment' || token.kind === 'string') continue;
    const text = source.slice(token);
    if (NOT_ASCII.test(text))
      source.report(
        'non-ascii-code',
        token.start,
        `A character outside ASCII in code: U+${(text.match(NOT_ASCII)?.[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}.`,
        'Write names in ASCII: Python folds look-alike letters into ordinary ones.',
      );
  }
}

export function checkCodingCookie(source: Source): void {
  for (const token of source.tokens.slice(0, 8)) {
    if (token.kind !== 'comment') continue;
    const { line } = source.place(token.start);
    if (line > 2) return;
    const cookie = COOKIE.exec(source.slice(token));
    if (cookie !== null)
      source.report(
        'file-encoding',
        token.start,
        `The comment declares an encoding (${cookie[1]?.slice(0, 40)}).`,
        'Delete the declaration: files are read as UTF-8, which is what Python assumes without one.',
      );
  }
}

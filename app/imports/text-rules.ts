/** Rules on the characters of code: ASCII outside comments and strings, and no declaration of another encoding. */
import { type Token, tokenize } from './lexer.ts';
import { fieldExpressions } from './replacement-fields.ts';
import type { Source } from './source.ts';

const NOT_ASCII = /[^\p{ASCII}]/u;
/** PEP 263, as CPython looks for it in the first two lines. */
const COOKIE = /coding[:=][ \t]*([-_.a-zA-Z0-9]+)/;

export function checkCharacters(source: Source): void {
  for (const token of source.tokens) {
    if (token.kind === 'string') checkFields(source, token);
    else if (token.kind !== 'comment') checkToken(source, token, 0);
  }
}

/** The code inside an f-string. */
function checkFields(source: Source, literal: Token): void {
  for (const field of fieldExpressions(source.slice(literal))) {
    const start = literal.start + field.start;
    const text = source.text.slice(start, literal.start + field.end);
    const blank = text.length - text.trimStart().length;
    for (const token of tokenize(text.trim()))
      if (token.kind !== 'string' && token.kind !== 'comment') checkToken(source, token, start + blank);
  }
}

function checkToken(source: Source, token: Token, offset: number): void {
  const start = offset + token.start;
  const found = NOT_ASCII.exec(source.text.slice(start, offset + token.end));
  if (found === null) return;
  const point = (found[0].codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
  source.report(
    'non-ascii-code',
    start,
    `A character outside ASCII in code: U+${point}.`,
    'Write names in ASCII: Python folds look-alike letters into ordinary ones.',
  );
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

/**
 * Tokens of Python 3.10 source. Total: every text gives tokens, and for valid text they are those of CPython, with an
 * f-string as one token as in 3.10. What makes a text invalid is not this file's business (`syntax.ts`, `limits.ts`).
 */

export type TokenKind =
  | 'name'
  | 'number'
  | 'string'
  | 'operator'
  | 'comment'
  | 'newline'
  | 'indent'
  | 'dedent'
  | 'other';

export interface Token {
  readonly kind: TokenKind;
  /** Offset in UTF-16 units. */
  readonly start: number;
  readonly end: number;
}

/** CPython reads `\r\n` and a lone `\r` as a line end before it does anything else. */
export function withUnixLineEnds(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

const NAME = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*/y;
const NUMBER =
  /0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|(?:(?:[0-9](?:_?[0-9])*\.(?:[0-9](?:_?[0-9])*)?|\.[0-9](?:_?[0-9])*)(?:[eE][-+]?[0-9](?:_?[0-9])*)?|[0-9](?:_?[0-9])*[eE][-+]?[0-9](?:_?[0-9])*|[0-9](?:_?[0-9])*)[jJ]?/y;
const STRING_PREFIX = /(?:[fFbB][rR]?|[rR][fFbB]?|[uU])?(?:"""|'''|"|')/y;
const OPERATOR =
  /\*\*=|\/\/=|>>=|<<=|\.\.\.|->|:=|\*\*|\/\/|>>|<<|[-+*/%@&|^=<>!]=|[-+*/%@&|^~<>()[\]{},:;.=]/y;

const OPENING = '([{';
const CLOSING = ')]}';

/** Tokens of text with Unix line ends. `newline` ends a logical line; `indent` and `dedent` are empty. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const indents = [0];
  let depth = 0;
  let atLineStart = true;
  let at = 0;
  const push = (kind: TokenKind, start: number, end: number) => tokens.push({ kind, start, end });
  const match = (pattern: RegExp): number => {
    pattern.lastIndex = at;
    return pattern.test(text) ? pattern.lastIndex : -1;
  };

  while (at < text.length) {
    if (atLineStart) {
      const { column, end } = indentation(text, at);
      at = end;
      const unit = text[at];
      if (unit === undefined) break;
      if (unit === '\n') {
        at++;
        continue;
      }
      if (unit !== '#') {
        atLineStart = false;
        if (column > (indents.at(-1) as number)) {
          indents.push(column);
          push('indent', at, at);
        } else {
          while (column < (indents.at(-1) as number)) {
            indents.pop();
            push('dedent', at, at);
          }
        }
      }
    }
    const unit = text[at] as string;
    if (unit === '\n') {
      if (depth === 0 && !atLineStart) {
        push('newline', at, at + 1);
        atLineStart = true;
      }
      at++;
    } else if (unit === ' ' || unit === '\t' || unit === '\f') at++;
    else if (unit === '\\' && text[at + 1] === '\n') at += 2;
    else if (unit === '#') {
      const lineEnd = text.indexOf('\n', at);
      const end = lineEnd < 0 ? text.length : lineEnd;
      push('comment', at, end);
      at = end;
    } else {
      const opened = match(STRING_PREFIX);
      if (opened >= 0) {
        const end = stringEnd(text, opened);
        push('string', at, end);
        at = end;
        continue;
      }
      let end = match(NAME);
      if (end >= 0) push('name', at, end);
      else {
        end = match(NUMBER);
        if (end >= 0) push('number', at, end);
        else {
          end = match(OPERATOR);
          if (end < 0) {
            end = at + 1;
            push('other', at, end);
          } else {
            push('operator', at, end);
            if (OPENING.includes(unit)) depth++;
            else if (CLOSING.includes(unit) && depth > 0) depth--;
          }
        }
      }
      at = end;
    }
  }
  if (!atLineStart) push('newline', text.length, text.length);
  for (let open = indents.length - 1; open > 0; open--) push('dedent', text.length, text.length);
  return tokens;
}

/** Column of the first character that is not blank, counted as CPython does, and its offset. */
function indentation(text: string, start: number): { column: number; end: number } {
  let column = 0;
  let continued = 0;
  let at = start;
  for (; ; at++) {
    const unit = text[at];
    if (unit === ' ') column++;
    else if (unit === '\t') column = (Math.floor(column / 8) + 1) * 8;
    else if (unit === '\f') column = 0;
    else if (unit === '\\' && text[at + 1] === '\n') {
      continued ||= column;
      column = 0;
      at++;
    } else return { column: continued || column, end: at };
  }
}

/** Offset behind the string whose opening quotes end at `opened`; an unterminated one ends with its line, or the text. */
function stringEnd(text: string, opened: number): number {
  const quote = text[opened - 1] as string;
  const triple = text.slice(opened - 3, opened) === quote.repeat(3);
  const closing = triple ? quote.repeat(3) : quote;
  for (let at = opened; at < text.length; at++) {
    const unit = text[at];
    if (unit === '\\') at++;
    else if (unit === '\n' && !triple) return at;
    else if (unit === quote && text.startsWith(closing, at)) return at + closing.length;
  }
  return text.length;
}

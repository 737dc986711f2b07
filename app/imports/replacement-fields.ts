/** Finds the expressions inside an f-string, read as Python 3.10 reads it. */

/** A replacement field's expression; `level` 1 is inside a format specification. */
export interface Field {
  readonly start: number;
  readonly end: number;
  readonly level: number;
  /** What stands between the expression and its specification or brace: empty, or `!r` and the like. */
  readonly conversion: string;
}

/** Every replacement field of the literal, those in format specifications too; offsets count from its start. */
export function fieldExpressions(literal: string): Field[] {
  const opening = /^([a-zA-Z]*)("""|'''|"|')/.exec(literal);
  if (opening === null || !/f/i.test(opening[1] ?? '')) return [];
  const quotes = (opening[2] as string).length;
  const raw = /r/i.test(opening[1] ?? '');
  const found: Field[] = [];
  literalText(literal, opening[0].length, literal.length - quotes, raw, 0, found);
  return found;
}

/** Reads literal text from `at`; inside a format specification (`level` > 0) it ends before the closing brace. */
function literalText(
  text: string,
  from: number,
  end: number,
  raw: boolean,
  level: number,
  found: Field[],
): number {
  let at = from;
  while (at < end) {
    const unit = text[at];
    if (unit === '\\' && !raw) {
      const named = text[at + 1] === 'N' && text[at + 2] === '{' ? text.indexOf('}', at) : -1;
      if (named >= 0) at = named + 1;
      else at += text[at + 1] === '{' || text[at + 1] === '}' ? 1 : 2;
    } else if (unit === '}') {
      if (level > 0) return at;
      at += 2;
    } else if (unit !== '{') at++;
    else if (level === 0 && text[at + 1] === '{') at += 2;
    else at = replacementField(text, at + 1, end, raw, level, found);
  }
  return at;
}

/** Reads a field from behind its opening brace to behind its closing one. */
function replacementField(
  text: string,
  from: number,
  end: number,
  raw: boolean,
  level: number,
  found: Field[],
): number {
  let at = from;
  let depth = 0;
  let quote = '';
  for (; at < end; at++) {
    const unit = text[at] as string;
    if (quote !== '') {
      if (text.startsWith(quote, at)) {
        at += quote.length - 1;
        quote = '';
      }
    } else if (unit === '"' || unit === "'") {
      quote = text.startsWith(unit.repeat(3), at) ? unit.repeat(3) : unit;
      at += quote.length - 1;
    } else if ('([{'.includes(unit)) depth++;
    else if (depth > 0) {
      if (')]}'.includes(unit)) depth--;
    } else if (unit === '!' && text[at + 1] === '=') at++;
    else if (unit === '!' || unit === ':' || unit === '}') break;
  }
  const behind = at;
  while (at < end && text[at] !== ':' && text[at] !== '}') at++;
  found.push({ start: from, end: behind, level, conversion: text.slice(behind, at) });
  if (text[at] === ':') at = literalText(text, at + 1, end, raw, level + 1, found);
  return at + 1;
}

/** The canonical form of a file's code that the code digest is taken over. */
import { type Token, tokenize, withUnixLineEnds } from './lexer.ts';

const COMPOUND = new Set([
  'if',
  'elif',
  'else',
  'while',
  'for',
  'try',
  'except',
  'finally',
  'with',
  'def',
  'class',
  'async',
  'case',
]);

/** Separators that no token contains at its edge: a space-like join could make two different files equal. */
const BETWEEN = '\u0001';
const STATEMENT_END = '\u0002';
const BLOCK_START = '\u0003';
const BLOCK_END = '\u0004';

/**
 * Tokens joined by separators; comments, docstrings, blank lines, indentation widths, line continuations, redundant
 * semicolons and whether a block's only line stands behind its colon leave no trace. Quotes and number spelling do.
 */
export function codeTokens(text: string): string {
  const source = withUnixLineEnds(text);
  const parts: string[] = [];
  const lines = logicalLines(tokenize(source));
  let docstringMayFollow = true;
  for (const line of lines) {
    if (line.kind === 'indent') {
      parts.push(BLOCK_START);
      continue;
    }
    if (line.kind === 'dedent') {
      parts.push(BLOCK_END);
      docstringMayFollow = false;
      continue;
    }
    const { statements, block } = split(line.tokens, source);
    const [first, second] = line.tokens.slice(0, 2).map((token) => source.slice(token.start, token.end));
    const definesScope = block && ['def', 'class'].includes((first === 'async' ? second : first) ?? '');
    for (const [index, statement] of statements.entries()) {
      const inline = block && index > 0;
      if (inline && index === 1) parts.push(BLOCK_START);
      const opensBody = inline ? index === 1 && definesScope : index === 0 && docstringMayFollow;
      if (opensBody && isDocstring(statement, source)) continue;
      parts.push(statement.map((token) => source.slice(token.start, token.end)).join(BETWEEN), STATEMENT_END);
    }
    if (block && statements.length > 1) parts.push(BLOCK_END);
    docstringMayFollow = definesScope && statements.length === 1;
  }
  return parts.join('');
}

type Line =
  | { readonly kind: 'line'; readonly tokens: readonly Token[] }
  | { readonly kind: 'indent' }
  | { readonly kind: 'dedent' };

function logicalLines(tokens: readonly Token[]): Line[] {
  const lines: Line[] = [];
  let current: Token[] = [];
  for (const token of tokens) {
    if (token.kind === 'comment') continue;
    if (token.kind === 'indent' || token.kind === 'dedent') lines.push({ kind: token.kind });
    else if (token.kind === 'newline') {
      if (current.length > 0) lines.push({ kind: 'line', tokens: current });
      current = [];
    } else current.push(token);
  }
  return lines;
}

/** A logical line as statements: the header of a compound statement first (with its colon), then what stands behind it. */
function split(tokens: readonly Token[], source: string): { statements: Token[][]; block: boolean } {
  const textOf = (token: Token | undefined) =>
    token === undefined ? '' : source.slice(token.start, token.end);
  const compound =
    COMPOUND.has(textOf(tokens[0])) &&
    !['=', ':', '.', ','].includes(textOf(tokens[0]) === 'case' ? textOf(tokens[1]) : '');
  const statements: Token[][] = [];
  let current: Token[] = [];
  let depth = 0;
  let lambdas = 0;
  let block = false;
  for (const token of tokens) {
    const text = textOf(token);
    if (token.kind === 'operator') {
      if (text === '(' || text === '[' || text === '{') depth++;
      else if (text === ')' || text === ']' || text === '}') depth--;
    }
    if (token.kind === 'operator' && depth === 0 && text === ';') {
      if (current.length > 0) statements.push(current);
      current = [];
      continue;
    }
    current.push(token);
    if (depth !== 0 || !compound || block) continue;
    if (token.kind === 'name' && text === 'lambda') lambdas++;
    else if (token.kind === 'operator' && text === ':') {
      if (lambdas > 0) lambdas--;
      else {
        block = true;
        statements.push(current);
        current = [];
      }
    }
  }
  if (current.length > 0) statements.push(current);
  return { statements, block };
}

/** One or more plain string literals and nothing else: bytes and f-strings are no docstrings. */
function isDocstring(statement: readonly Token[], source: string): boolean {
  return statement.every(
    (token) => token.kind === 'string' && /^[rRuU]?['"]/.test(source.slice(token.start, token.start + 2)),
  );
}

/**
 * What Python, or a tool that reads it for us, does not bear although the grammar allows it. All of it is counted on
 * tokens, before any parser sees the text, so that no input can exhaust one.
 */
import type { Token } from './lexer.ts';
import type { Source } from './source.ts';

/** CPython's tokenizer: MAXLEVEL 200 open brackets, MAXINDENT 100 (the base level counts). */
const MAX_BRACKETS = 200;
const MAX_INDENTS = 99;
/** Operators around one place. CPython 3.10 stops near 2,990 levels of syntax tree, ruff's wasm between 1,000 and 5,000. */
const MAX_OPERATORS = 1000;
/**
 * Frames of CPython's parser (6,000 in 3.10 to 3.13) that a place may use. Measured per level: a bracket up to 31 with
 * the operator in it, an operator about 2, a block fewer than 10.
 */
const MAX_FRAMES = 5400;
const FRAMES = { bracket: 25, operator: 6, indent: 10 };
/** An elif is one more level of syntax tree each. */
const MAX_ELIFS = 500;
/** Python 3.10.7 and later refuse longer decimal literals. */
const MAX_DIGITS = 4300;

/**
 * Tools take quadratic time over these, and an honest file of 256 KiB stays well below: about 6,500 statements and
 * 80,000 tokens.
 */
const MAX_STATEMENTS = 10_000;
const MAX_TOKENS = 120_000;
const MAX_ADJOINING_STRINGS = 1000;

const LONG_DIGITS = new RegExp(`[0-9_]{${MAX_DIGITS + 1}}`);

const WORD_OPERATORS = new Set(['not', 'and', 'or', 'in', 'is', 'if', 'else', 'await', 'yield', 'from']);
/** They nest on behind a comma: `lambda a, b: lambda c, d: ...`. */
const STICKY_OPERATORS = new Set(['lambda', 'for']);
const ENDS_OPERAND = new Set([',', ';', ':']);

const SIMPLER = 'Split the expression or the function into smaller ones.';

/** Reports the first place where each limit is passed. True when the file may be given to the parsers. */
export function withinLimits(source: Source): boolean {
  const before = source.findings.length;
  checkSize(source);
  checkLayout(source);
  checkNumbers(source);
  checkDepth(source);
  return source.findings.length === before;
}

function checkSize(source: Source): void {
  let statements = 0;
  let strings = 0;
  for (const [index, token] of source.tokens.entries()) {
    if (token.kind === 'newline' || (token.kind === 'operator' && source.text[token.start] === ';'))
      statements++;
    if (token.kind !== 'comment') strings = token.kind === 'string' ? strings + 1 : 0;
    const exceeded =
      index === MAX_TOKENS
        ? `${MAX_TOKENS} tokens`
        : statements > MAX_STATEMENTS
          ? `${MAX_STATEMENTS} statements`
          : strings > MAX_ADJOINING_STRINGS
            ? `${MAX_ADJOINING_STRINGS} strings in a row`
            : null;
    if (exceeded === null) continue;
    source.report(
      'too-large',
      token.start,
      `More than ${exceeded}.`,
      'Shorten the file, or spread the code over the target files.',
    );
    return;
  }
}

function checkNumbers(source: Source): void {
  for (const token of source.tokens) {
    if (
      token.kind === 'string' &&
      /^[rR]?[fF]/.test(source.slice(token)) &&
      LONG_DIGITS.test(source.slice(token))
    )
      source.report(
        'too-deep',
        token.start,
        `An f-string with a number of more than ${MAX_DIGITS} digits.`,
        'Compute it.',
      );
    if (token.kind !== 'number' || token.end - token.start <= MAX_DIGITS) continue;
    const digits = source.slice(token).replaceAll('_', '');
    if (/^\d+$/.test(digits) && digits.length > MAX_DIGITS)
      source.report(
        'too-deep',
        token.start,
        `A number of ${digits.length} digits; Python reads at most ${MAX_DIGITS}.`,
        'Write it in hexadecimal, or compute it.',
      );
  }
}

/** Indentation that CPython, ruff and tree-sitter count differently. */
function checkLayout(source: Source): void {
  let lineBegins = true;
  for (const token of source.tokens) {
    if (token.kind === 'newline') lineBegins = true;
    if (
      !lineBegins ||
      token.kind === 'newline' ||
      token.kind === 'indent' ||
      token.kind === 'dedent' ||
      token.kind === 'comment'
    )
      continue;
    lineBegins = false;
    const start = source.text.lastIndexOf('\n', token.start - 1) + 1;
    const blank = source.text.slice(start, token.start);
    if (
      blank !== '' &&
      ((blank.lastIndexOf('\t') > Math.max(-1, blank.indexOf(' ')) && blank.includes(' ')) ||
        source.text[start - 2] === '\\')
    )
      source.report(
        'unclear-layout',
        token.start,
        'Indentation with a tab behind a space, or split by a backslash.',
        'Indent with spaces only, on one line.',
      );
    else if (blank === '' && start >= 2 && source.text[start - 2] === '\\')
      source.report(
        'unclear-layout',
        token.start,
        'A line that begins with a backslash continuation.',
        'Delete the backslash.',
      );
  }
}

interface Bracket {
  operators: number;
  sticky: number;
}

function checkDepth(source: Source): void {
  const brackets: Bracket[] = [{ operators: 0, sticky: 0 }];
  const elifs = [0];
  let operators = 0;
  let lineBegins = true;
  const reported = new Set<string>();
  const report = (token: Token, message: string, advice = SIMPLER) => {
    if (!reported.has(message)) source.report('too-deep', token.start, message, advice);
    reported.add(message);
  };
  const innermost = () => brackets.at(-1) as Bracket;
  const forget = (bracket: Bracket, all: boolean) => {
    operators -= bracket.operators + (all ? bracket.sticky : 0);
    bracket.operators = 0;
    if (all) bracket.sticky = 0;
  };

  for (const token of source.tokens) {
    if (token.kind === 'comment') continue;
    if (token.kind === 'indent') {
      elifs.push(0);
      if (elifs.length - 1 > MAX_INDENTS) report(token, `More than ${MAX_INDENTS} levels of indentation.`);
      continue;
    }
    if (token.kind === 'dedent') {
      elifs.pop();
      continue;
    }
    if (token.kind === 'newline') {
      brackets.length = 1;
      operators = 0;
      brackets[0] = { operators: 0, sticky: 0 };
      lineBegins = true;
      continue;
    }
    const text = token.kind === 'name' || token.kind === 'operator' ? source.slice(token) : '';
    if (lineBegins) {
      lineBegins = false;
      const chain = text === 'elif' ? (elifs.at(-1) ?? 0) + 1 : text === 'else' ? (elifs.at(-1) ?? 0) : 0;
      elifs[elifs.length - 1] = chain;
      if (chain > 0 && elifs.reduce((sum, count) => sum + count, 0) > MAX_ELIFS)
        report(
          token,
          `More than ${MAX_ELIFS} elif branches in one chain.`,
          'Use a dictionary, or split the chain.',
        );
    }
    if (token.kind === 'operator') {
      if (text === '(' || text === '[' || text === '{') {
        brackets.push({ operators: 0, sticky: 0 });
        if (brackets.length - 1 > MAX_BRACKETS) report(token, `More than ${MAX_BRACKETS} nested brackets.`);
      } else if (text === ')' || text === ']' || text === '}') {
        if (brackets.length > 1) {
          forget(innermost(), true);
          brackets.pop();
        }
        innermost().operators++;
        operators++;
      } else if (text === ';') forget(innermost(), true);
      else if (ENDS_OPERAND.has(text)) {
        if (text === ',') forget(innermost(), false);
      } else {
        innermost().operators++;
        operators++;
      }
    } else if (token.kind === 'name') {
      if (WORD_OPERATORS.has(text)) {
        innermost().operators++;
        operators++;
      } else if (STICKY_OPERATORS.has(text)) {
        innermost().sticky++;
        operators++;
      }
    }
    if (operators > MAX_OPERATORS) report(token, `An expression of more than ${MAX_OPERATORS} operators.`);
    const frames =
      (brackets.length - 1) * FRAMES.bracket +
      operators * FRAMES.operator +
      (elifs.length - 1) * FRAMES.indent;
    if (frames > MAX_FRAMES && operators <= MAX_OPERATORS)
      report(token, 'Brackets, operators and blocks nested too deep for Python.');
  }
}

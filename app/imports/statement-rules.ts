/** Errors of CPython's compiler that ruff does not know. Each was found by comparing the two (`tests/imports/syntax.test.ts`). */
import { tokenize } from './lexer.ts';
import { fieldExpressions } from './replacement-fields.ts';
import type { Source } from './source.ts';
import type { SyntaxNode } from './tree.ts';

/** CO_MAXBLOCKS in CPython 3.10 to 3.13. */
const MAX_BLOCKS = 20;
/** UNPACK_EX counts the targets before the star in one byte. */
const MAX_BEFORE_STAR = 255;

interface Frame {
  readonly node: SyntaxNode;
  /** Blocks that the compiler has open around the node, at least. */
  readonly blocks: number;
  readonly owner: AsyncFunction | null;
}

interface AsyncFunction {
  yields: boolean;
  returns: SyntaxNode | null;
}

export function checkStatements(source: Source, root: SyntaxNode): void {
  const owners: AsyncFunction[] = [];
  const open: Frame[] = [{ node: root, blocks: 0, owner: null }];
  let tooDeep: SyntaxNode | null = null;
  for (let frame = open.pop(); frame !== undefined; frame = open.pop()) {
    const { node, blocks, owner } = frame;
    checkNode(node, source, owner !== null);
    if (owner !== null && node.type === 'yield') owner.yields = true;
    if (owner !== null && node.type === 'return_statement' && node.children.length > 0) owner.returns = node;
    if (blocks > MAX_BLOCKS) tooDeep ??= node;
    const body = BODIES.has(node.type) ? node.children.at(-1) : undefined;
    for (const child of node.children) {
      if (child !== body) open.push({ node: child, blocks: blocks + opens(node, child), owner });
      else open.push({ node: child, blocks: 0, owner: ownerOf(node, source, owners) });
    }
  }
  if (tooDeep !== null)
    source.report(
      'too-deep',
      tooDeep.start,
      `More than ${MAX_BLOCKS} nested loops, with and try blocks.`,
      'Move the inner ones into functions.',
    );
  for (const { yields, returns } of owners)
    if (yields && returns !== null)
      refuse(source, returns, '`return` with a value in an asynchronous generator');
  for (const token of source.tokens)
    if (token.kind === 'string') checkString(source, token.start, source.slice(token));
}

/** Their last child runs in a scope of its own; all others belong to the code around. */
const BODIES = new Set(['function_definition', 'lambda', 'class_definition']);

function ownerOf(node: SyntaxNode, source: Source, owners: AsyncFunction[]): AsyncFunction | null {
  if (node.type !== 'function_definition' || !source.text.startsWith('async', node.start)) return null;
  const owner = { yields: false, returns: null };
  owners.push(owner);
  return owner;
}

function refuse(source: Source, node: { readonly start: number }, what: string): void {
  source.report(
    'syntax',
    node.start,
    `${what} is not valid Python.`.replace(/^./, (first) => first.toUpperCase()),
    'Python refuses to compile this: write it in another way.',
  );
}

/** How many blocks of the compiler a statement has open around its child. */
function opens(node: SyntaxNode, child: SyntaxNode): number {
  const isBlock = child.type === 'block';
  switch (node.type) {
    case 'for_statement':
    case 'while_statement':
      return isBlock ? 1 : 0;
    case 'with_statement':
      return isBlock ? (node.children[0]?.children.length ?? 1) : 0;
    case 'try_statement': {
      const last = node.children.at(-1)?.type === 'finally_clause' ? 1 : 0;
      return child.type === 'finally_clause' ? 1 : 1 + last;
    }
    case 'except_clause':
      return isBlock ? 1 : 0;
    default:
      return 0;
  }
}

function checkNode(node: SyntaxNode, source: Source, inAsync: boolean): void {
  const [first, second] = node.children;
  switch (node.type) {
    case 'yield':
      if (inAsync && first && /\bfrom\b/.test(source.text.slice(node.start, first.start).replace(/#.*/g, '')))
        refuse(source, node, '`yield from` in an asynchronous function');
      return;
    case 'attribute':
      if (second) checkDebug(second, source);
      return;
    case 'keyword_argument':
    case 'keyword_pattern':
      if (first) checkDebug(first, source);
      return;
    case 'try_statement':
      if (!node.children.some(({ type }) => type === 'except_clause')) {
        const last = node.children.at(-1)?.type;
        if (last !== 'finally_clause' || node.children.some(({ type }) => type === 'else_clause'))
          refuse(source, node, '`try` with else, or without finally, that has no except');
      }
      return;
    case 'interpolation':
      if (first?.type === 'list_splat') refuse(source, first, 'a starred expression alone in an f-string');
      return;
    case 'union_pattern':
      checkAlternatives(node, source);
      return;
    case 'string':
      if (node.parent !== null && PATTERNS.has(node.parent.type) && /^[a-zA-Z]*[fF]/.test(source.slice(node)))
        refuse(source, node, 'an f-string as a pattern');
      return;
    default:
      if (UNPACKED.has(node.type)) checkStar(node, source);
  }
}

const PATTERNS = new Set([
  'case_pattern',
  'union_pattern',
  'dict_pattern',
  'class_pattern',
  'keyword_pattern',
  'as_pattern',
  'list_pattern',
  'tuple_pattern',
]);
const UNPACKED = new Set(['pattern_list', 'tuple_pattern', 'list_pattern', 'tuple', 'list', 'case_clause']);

function checkDebug(name: SyntaxNode, source: Source): void {
  if (source.slice(name) === '__debug__') refuse(source, name, 'an assignment to `__debug__`');
}

function checkStar(node: SyntaxNode, source: Source): void {
  if ((node.type === 'tuple' || node.type === 'list') && !isTarget(node)) return;
  const star = node.children.findIndex(
    (child) => child.type.startsWith('list_splat') || child.children[0]?.type === 'splat_pattern',
  );
  if (star > MAX_BEFORE_STAR) refuse(source, node, `a star behind more than ${MAX_BEFORE_STAR} targets`);
}

function isTarget(node: SyntaxNode): boolean {
  let at: SyntaxNode | null = node;
  while (at?.type === 'tuple' || at?.type === 'list') at = at.parent;
  return at?.type === 'as_pattern_target';
}

/** `_ | 1`: an alternative that always matches must be the last; ruff knows names, but not the wildcard. */
function checkAlternatives(node: SyntaxNode, source: Source): void {
  const text = source.slice(node);
  let depth = 0;
  let alternative = '';
  for (const token of tokenize(`(${text})`).slice(1)) {
    const part = `(${text})`.slice(token.start, token.end);
    if (token.kind === 'comment') continue;
    if (part === '|' && depth === 0) {
      if (/^\(*_\)*$/.test(alternative)) refuse(source, node, 'a wildcard before other alternatives');
      alternative = '';
      continue;
    }
    if ('([{'.includes(part)) depth++;
    else if (')]}'.includes(part)) depth--;
    alternative += part;
  }
}

/** An escape of U+D800 to U+DFFF, which Python 3.12 cannot store everywhere. */
const SURROGATE = /(?:^|[^\\])(?:\\\\)*\\(?:u|U0000)[dD][89a-fA-F]/;

/** What Triton looks for as the beginning of a kernel, in the lines of its source from the first decorator on. */
const FUNCTION_INSIDE = /(?<=\n)\s*def\s+[^\s(]+\s*\(/;

function checkString(source: Source, start: number, literal: string): void {
  const prefix = /^[a-zA-Z]*/.exec(literal)?.[0].toLowerCase() ?? '';
  if (!/[rb]/.test(prefix) && /(?:^|[^\\])(?:\\\\)*\\N\{/.test(literal))
    source.report(
      'syntax',
      start,
      'A character by name (`\\N{...}`): each Python knows other names.',
      'Write its number: `\\uXXXX`.',
    );
  if (!/[rb]/.test(prefix) && SURROGATE.test(literal))
    refuse(source, { start }, 'half of a surrogate pair in a string');
  const hidden = FUNCTION_INSIDE.exec(literal);
  if (hidden !== null)
    source.report(
      'unreadable-code',
      start + hidden.index,
      'A line of a string that begins like a function: Triton could take it for the kernel itself.',
      'Begin the line with another character, such as `>>> def f(x):`.',
    );
  for (const { level, conversion, start: at } of fieldExpressions(literal)) {
    if (level > 1) refuse(source, { start: start + at }, 'a field inside a field of a format specification');
    if (!/^(?:![a-z])?$/.test(conversion))
      refuse(source, { start: start + at }, `the conversion \`${conversion.slice(0, 20)}\``);
  }
}

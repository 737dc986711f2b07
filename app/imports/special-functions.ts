/** Rules on the few imported functions that may only be used in one way, whatever name they go by. */
import { COMPILER, DECORATORS_ONLY, JIT, NEED_SCHEMA } from './reach.ts';
import type { SyntaxNode } from './tree.ts';
import { type JudgedFile, literalGetattrs, type Values } from './values.ts';

/** Judges every mention of them. */
export function judgeSpecialFunctions(file: JudgedFile, values: Values): void {
  const fetched = Array.from(literalGetattrs(file), ({ call }) => call);
  for (const node of [...file.scopes.reads.map((read) => read.node), ...file.scopes.attributes, ...fetched]) {
    if (file.scopes.stores.has(node)) continue;
    const paths = values.pathsOf(node, file);
    const decorator = paths.find((path) => DECORATORS_ONLY.has(path));
    if (decorator !== undefined) judgeDecorator(node, decorator, file);
    const operator = paths.find((path) => NEED_SCHEMA.has(path));
    if (operator !== undefined) judgeOperator(node, operator, file);
    if (paths.includes(COMPILER)) judgeCompiler(node, file);
    if (paths.includes(JIT)) judgeJit(node, file);
  }
}

/** One argument by its place, written out. */
export function isOneArgument(given: readonly SyntaxNode[]): boolean {
  return given.length === 1 && !/splat|keyword/.test(given[0]?.type ?? '');
}

/** The call of which the node is the function, and what it is given. */
function callOf(node: SyntaxNode): { call: SyntaxNode | null; given: readonly SyntaxNode[] } {
  const call = node.parent?.type === 'call' && node.parent.children[0] === node ? node.parent : null;
  const list = call?.children[1];
  // A generator expression is its own list of arguments.
  return { call, given: list === undefined ? [] : list.type === 'argument_list' ? list.children : [list] };
}

function keyword(argument: SyntaxNode, file: JudgedFile): string | null {
  const [key] = argument.children;
  return argument.type === 'keyword_argument' && key !== undefined ? file.source.slice(key) : null;
}

function judgeDecorator(node: SyntaxNode, path: string, file: JudgedFile): void {
  const { call, given } = callOf(node);
  const wraps = path === 'functools.wraps';
  const plain = wraps ? isOneArgument(given) : given.every(({ type }) => type === 'keyword_argument');
  if (plain && (call ?? node).parent?.type === 'decorator') return;
  file.source.report(
    'monkey-patch',
    node.start,
    `${path} changes what it is given, and may only decorate.`,
    wraps
      ? 'Write `@functools.wraps(function)` over a function of your own, with that one argument.'
      : 'Write `@dataclass` over a class of your own.',
  );
}

function judgeOperator(node: SyntaxNode, path: string, file: JudgedFile): void {
  const schema = callOf(node).given.find((argument) => keyword(argument, file) === 'schema');
  if (schema?.children[1]?.type === 'string') return;
  file.source.report(
    'dynamic-code',
    node.start,
    `${path} without a schema evaluates annotations.`,
    'Give it `schema="(Tensor x) -> Tensor"`, written out.',
  );
}

/** Keywords of torch.compile that only choose between ways of its own. */
const COMPILER_KEYWORDS = new Set(['fullgraph', 'dynamic', 'mode', 'disable']);

/** `options` would name the compiler to start, and `backend` a function or any package that registered one. */
function judgeCompiler(node: SyntaxNode, file: JudgedFile): void {
  const { call, given } = callOf(node);
  const plain = given.every(
    (argument, at) =>
      COMPILER_KEYWORDS.has(keyword(argument, file) ?? '') ||
      (at === 0 && !/splat|keyword/.test(argument.type)),
  );
  if (plain && (call !== null || node.parent?.type === 'decorator')) return;
  file.source.report(
    'dynamic-code',
    node.start,
    'torch.compile is called here with more than its ways of its own, or passed on.',
    `Call it, or decorate with it; beside the function give it only ${[...COMPILER_KEYWORDS].join(', ')}.`,
  );
}

/** Right over a `def`, the source that Triton finds is the one that the policy has read, with the names around it. */
function judgeJit(node: SyntaxNode, file: JudgedFile): void {
  const { call, given } = callOf(node);
  const decorator = (call ?? node).parent;
  const [below, definition] = decorator?.parent?.children.slice(-2) ?? [];
  const named = given.every((argument) => keyword(argument, file) !== null);
  if (
    decorator?.type === 'decorator' &&
    below === decorator &&
    definition?.type === 'function_definition' &&
    named
  )
    return;
  file.source.report(
    'dynamic-code',
    node.start,
    'triton.jit may only decorate, right over a `def`: otherwise it may compile another source than is seen.',
    'Write `@triton.jit` in the line above `def`; other decorators stand above it.',
  );
}

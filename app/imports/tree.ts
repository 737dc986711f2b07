/** Syntax trees as plain objects: named nodes of tree-sitter-python, comments left out. */
import { Language, Parser } from 'web-tree-sitter';
import { tokenize } from './lexer.ts';
import type { ParserSources } from './parsers.ts';
import { fieldExpressions } from './replacement-fields.ts';
import type { Source } from './source.ts';

export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly parent: SyntaxNode | null;
  readonly children: readonly SyntaxNode[];
}

/** The tree of a file that passed the syntax check, or null after reporting that it cannot be read with certainty. */
export type ReadTree = (source: Source) => SyntaxNode | null;

/** Words that are names to Python but may be keywords to the grammar, which also knows Python 2. */
const SOFT = new Set(['match', 'case', '_', 'print', 'exec', '__future__']);
const KEYWORDS = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);

const LEAVES = new Set([
  'identifier',
  'integer',
  'float',
  'true',
  'false',
  'none',
  'ellipsis',
  'string_start',
  'string_content',
  'string_end',
  'pass_statement',
  'type_conversion',
]);

export async function createTreeReader(
  parsers: Pick<ParserSources, 'treeSitter' | 'python'>,
): Promise<ReadTree> {
  await Parser.init({ wasmBinary: parsers.treeSitter });
  const language = await Language.load(parsers.python);
  const types = language.types;
  return (source) => {
    const parser = new Parser();
    try {
      parser.setLanguage(language);
      const tree = parser.parse(source.withoutComments());
      const root = tree?.rootNode;
      if (!tree || !root || root.hasError) return unreadable(source, 0);
      const read = copy(root, types);
      tree.delete();
      const stray = firstDisagreement(source, read);
      return stray === null ? read : unreadable(source, stray);
    } catch {
      return unreadable(source, 0);
    } finally {
      parser.delete();
    }
  };
}

function unreadable(source: Source, offset: number): null {
  source.report(
    'unreadable-code',
    offset,
    'This is valid Python that the policy cannot read with certainty.',
    'Write it in a plainer way: the usual spelling of statements, brackets and f-strings is always read.',
  );
  return null;
}

type Grown = { type: string; start: number; end: number; parent: SyntaxNode | null; children: SyntaxNode[] };
type ParserNode = import('web-tree-sitter').Node;

/** A deep copy without recursion: the tree may be as deep as the limits allow. */
function copy(root: ParserNode, types: readonly string[]): SyntaxNode {
  const grow = (node: ParserNode, parent: SyntaxNode | null): Grown => ({
    type: types[node.typeId] ?? 'ERROR',
    start: node.startIndex,
    end: node.endIndex,
    parent,
    children: [],
  });
  const top = grow(root, null);
  const open: [ParserNode, Grown][] = [[root, top]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [node, grown] = next;
    for (const child of node.namedChildren) {
      const copied = grow(child, grown);
      if (copied.type === 'comment' || copied.type === 'line_continuation') continue;
      grown.children.push(copied);
      if (!LEAVES.has(copied.type)) open.push([child, copied]);
    }
  }
  return top;
}

/**
 * The tree is only as good as its reader: every name that Python sees, f-strings included, must be an identifier in the
 * tree at that place, and the other way round. Returns the offset of the first that is not.
 */
function firstDisagreement(source: Source, root: SyntaxNode): number | null {
  const inTree = identifiers(root);
  const seen = new Set<number>();
  for (const name of names(source)) {
    const end = inTree.get(name.start);
    if (end === name.end) seen.add(name.start);
    else if (end !== undefined || !SOFT.has(source.slice(name))) return name.start;
  }
  for (const start of inTree.keys()) if (!seen.has(start)) return start;
  return null;
}

function identifiers(root: SyntaxNode): Map<number, number> {
  const found = new Map<number, number>();
  for (const node of nodesOf(root, 'identifier')) found.set(node.start, node.end);
  return found;
}

/** Every node of this type, in no order that means anything. */
export function* nodesOf(root: SyntaxNode, type: string): Iterable<SyntaxNode> {
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === type) yield node;
    for (const child of node.children) open.push(child);
  }
}

function* names(source: Source): Iterable<{ start: number; end: number }> {
  for (const token of source.tokens) {
    if (token.kind === 'name' && !KEYWORDS.has(source.slice(token))) yield token;
    if (token.kind !== 'string') continue;
    for (const field of fieldExpressions(source.slice(token)))
      yield* namesIn(source, token.start + field.start, token.start + field.end);
  }
}

function* namesIn(source: Source, start: number, end: number): Iterable<{ start: number; end: number }> {
  const text = source.text.slice(start, end);
  // A field's expression may begin with blanks, which at the start of a text would be indentation.
  const blank = text.length - text.trimStart().length;
  for (const token of tokenize(text.trim())) {
    const name = { start: start + blank + token.start, end: start + blank + token.end };
    if (token.kind === 'name' && !KEYWORDS.has(source.slice(name))) yield name;
  }
}

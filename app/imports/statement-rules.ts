/** Errors of CPython's compiler that ruff does not know: nested blocks, and `return value` in an asynchronous generator. */
import type { Source } from './source.ts';
import type { SyntaxNode } from './tree.ts';

/** CO_MAXBLOCKS in CPython 3.10 to 3.13. */
const MAX_BLOCKS = 20;

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
  let reported = false;
  for (let frame = open.pop(); frame !== undefined; frame = open.pop()) {
    const { node } = frame;
    let { owner } = frame;
    let base = frame.blocks;
    if (node.type === 'function_definition' || node.type === 'lambda' || node.type === 'class_definition') {
      base = 0;
      owner = null;
      if (node.type === 'function_definition' && /^async\b/.test(source.slice(node))) {
        owner = { yields: false, returns: null };
        owners.push(owner);
      }
    }
    if (owner !== null && node.type === 'yield') owner.yields = true;
    if (owner !== null && node.type === 'return_statement' && node.children.length > 0) owner.returns = node;
    if (base > MAX_BLOCKS && !reported) {
      source.report(
        'too-deep',
        node.start,
        `More than ${MAX_BLOCKS} nested loops, with and try blocks.`,
        'Move the inner ones into functions.',
      );
      reported = true;
    }
    for (const child of node.children) open.push({ node: child, blocks: base + opens(node, child), owner });
  }
  for (const { yields, returns } of owners)
    if (yields && returns !== null)
      source.report(
        'syntax',
        returns.start,
        '`return` with a value in an asynchronous generator.',
        'Return without a value, or yield it.',
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

/** Rules on what code defines: nothing that Python would run by itself, at a time that the caller does not expect. */
import { isBuiltin } from './methods.ts';
import { isDunder } from './reach.ts';
import type { Binding, Scope } from './scopes.ts';
import { quoted } from './source.ts';
import { isOneArgument } from './special-functions.ts';
import { nodesOf, type SyntaxNode } from './tree.ts';
import { meansBuiltin, REFUSED_NAMES } from './use-rules.ts';
import type { JudgedFile } from './values.ts';

/** Methods that run only when code calls, prints, measures, indexes or enters the object. */
const METHODS = new Set(
  '__init__ __post_init__ __call__ __enter__ __exit__ __repr__ __str__ __len__ __getitem__'.split(' '),
);
const VALUES: Readonly<Partial<Record<Scope['kind'], ReadonlySet<string>>>> = {
  class: new Set(['__slots__']),
  module: new Set(['__all__', '__version__']),
};

/** Judges every definition of a file. */
export function judgeDefinitions(file: JudgedFile): void {
  for (const scope of file.scopes.all)
    for (const [name, bindings] of scope.bindings)
      for (const binding of bindings) judgeBinding(name, binding, scope, file);
  for (const node of file.scopes.stores) judgeStoredDunder(node, file);
  for (const node of nodesOf(file.root, 'class_definition')) judgeClass(node, file);
  for (const { node, scope } of file.scopes.reads) {
    if (file.source.slice(node) === 'type' && meansBuiltin('type', node, scope)) judgeType(node, file);
  }
  for (const node of nodesOf(file.root, 'yield')) judgeYield(node, file);
  for (const node of nodesOf(file.root, 'await')) judgeYield(node, file);
}

function judgeBinding(name: string, { node, kind, from }: Binding, scope: Scope, file: JudgedFile): void {
  if (!isDunder(name) || REFUSED_NAMES.has(name) || !(scope.kind in VALUES)) return;
  if (kind === 'import' && name === '__version__') return;
  const method = node.parent?.type === 'function_definition';
  const allowed = method ? scope.kind === 'class' && METHODS.has(name) : VALUES[scope.kind]?.has(name);
  if (allowed === true && from === scope) return;
  refuseDunder(node, name, file);
}

function judgeStoredDunder(node: SyntaxNode, file: JudgedFile): void {
  const [, name] = node.children;
  if (name !== undefined && isDunder(file.source.slice(name)))
    refuseDunder(name, file.source.slice(name), file);
}

function refuseDunder(at: SyntaxNode, name: string, file: JudgedFile): void {
  file.source.report(
    'dunder-definition',
    at.start,
    `${quoted(name)} may not be defined: Python would use it where nobody calls it.`,
    `Of double-underscore names define only methods (${[...METHODS].join(', ')}), \`__slots__\` and \`__all__\`; give others a plain name and call them.`,
  );
}

function judgeClass(node: SyntaxNode, file: JudgedFile): void {
  const bases = node.children.find(({ type }) => type === 'argument_list')?.children ?? [];
  const odd = bases.find(
    (base, at) =>
      /splat/.test(base.type) ||
      (base.type === 'keyword_argument' ? file.source.slice(base).startsWith('metaclass') : at > 0),
  );
  if (odd !== undefined)
    file.source.report(
      'dynamic-class',
      odd.start,
      'A class with a metaclass, or with more than one base.',
      'Derive from one class at most; keep other objects in attributes.',
    );
}

/** Places where a type is only looked at. */
const LOOKED_AT = new Set(['attribute', 'interpolation', 'expression_statement']);
const LOOKING = ['isinstance', 'issubclass', 'str', 'repr', 'print'];

/** `type(x)` may be compared, printed and taken attributes of; passed on, it could be called and make classes. */
function judgeType(node: SyntaxNode, file: JudgedFile): void {
  const call = node.parent;
  let at: SyntaxNode = node;
  if (call?.type === 'call' && call.children[0] === node && isOneArgument(call.children[1]?.children ?? []))
    at = call;
  let parent = at.parent;
  while (parent?.type === 'parenthesized_expression') parent = parent.parent;
  const callee = parent?.type === 'argument_list' ? parent.parent?.children[0] : undefined;
  if (callee !== undefined && LOOKING.some((name) => isBuiltin(callee, name, file))) return;
  if (parent?.type === 'comparison_operator') return;
  if (at === call && LOOKED_AT.has(parent?.type ?? '')) return;
  file.source.report(
    'dynamic-class',
    node.start,
    '`type` does more here than ask for the type of one object.',
    'Compare `type(x)`, or use isinstance; write classes as class statements.',
  );
}

/** What stands around a suspended `yield` runs when the generator is thrown away, and so does `close` of a delegate. */
function judgeYield(node: SyntaxNode, file: JudgedFile): void {
  const refuse = (what: string, advice: string) =>
    file.source.report('late-code', node.start, `${what} when the generator is thrown away.`, advice);
  if (node.type === 'await' || /^yield\s+from\b/.test(file.source.slice(node).replace(/\\\n/g, ' ')))
    refuse(
      '`yield from` and `await`: the other object is closed',
      'Write a loop with `yield`, in plain functions.',
    );
  for (let at = node.parent; at !== null && !/^(?:function_definition|lambda)$/.test(at.type); at = at.parent)
    if (at.type === 'try_statement' || at.type === 'with_statement') {
      refuse(
        '`yield` inside `try` or `with`: the rest runs',
        'Collect the values in a list, or move `try` and `with` out of the generator.',
      );
      return;
    }
}

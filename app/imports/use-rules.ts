/** Rules on what code does with imported modules and with the interpreter, once names are resolved. */
import { isDocumentedSetting, isDunder, refusedEverywhere } from './reach.ts';
import { lookUp, mayBeUnbound, type Scope } from './scopes.ts';
import { quoted } from './source.ts';
import { nodesOf, type SyntaxNode } from './tree.ts';
import { type JudgedFile, literalGetattr, type Values } from './values.ts';

const DYNAMIC_CODE = new Set(['exec', 'eval', 'compile']);
const REFUSED_BUILTINS = new Set([
  'breakpoint',
  'delattr',
  'globals',
  'help',
  'input',
  'locals',
  'open',
  'setattr',
  'vars',
]);
export const REFUSED_NAMES = new Set([
  '__annotations__',
  '__build_class__',
  '__builtins__',
  '__cached__',
  '__class__',
  '__dict__',
  '__file__',
  '__import__',
  '__loader__',
  '__package__',
  '__path__',
  '__spec__',
]);

/** Judges every name and attribute of a file. */
export function judgeUses(file: JudgedFile, values: Values): void {
  for (const { node, scope } of file.scopes.reads) {
    judgeName(node, scope, file);
    judgeEscape(node, file, values);
  }
  for (const node of file.scopes.attributes) {
    judgeAttribute(node, file, values);
    judgeEscape(node, file, values);
  }
  for (const call of nodesOf(file.root, 'call')) judgeGetattr(call, file, values);
  for (const statement of nodesOf(file.root, 'exec_statement'))
    file.source.report(
      'dynamic-code',
      statement.start,
      '`exec` runs code that nobody can check.',
      'Write the code itself.',
    );
  for (const scope of file.scopes.all) judgeBindings(scope, file);
}

function judgeName(node: SyntaxNode, scope: Scope, file: JudgedFile): void {
  const { source } = file;
  const name = source.slice(node);
  if (REFUSED_NAMES.has(name)) {
    const rule = name === '__import__' ? 'dynamic-code' : 'dunder-access';
    source.report(
      rule,
      node.start,
      `${quoted(name)} exposes the interpreter.`,
      'Import allowed modules by import statements; nothing else is needed.',
    );
    return;
  }
  const refused = DYNAMIC_CODE.has(name) || REFUSED_BUILTINS.has(name) || name === 'getattr';
  if (!refused || !meansBuiltin(name, node, scope)) return;
  if (DYNAMIC_CODE.has(name))
    source.report(
      'dynamic-code',
      node.start,
      `The builtin ${quoted(name)} runs code that nobody can check.`,
      'Write the code itself; a function of your own needs another name.',
    );
  else if (name === 'getattr') {
    const call = node.parent;
    if (call?.type === 'call' && call.children[0] === node) return;
    source.report(
      'dynamic-attribute',
      node.start,
      '`getattr` may only be called, not passed on.',
      'Write the attribute: `object.name`.',
    );
  } else
    source.report(
      'forbidden-builtin',
      node.start,
      `The builtin ${quoted(name)} is not for kernels.`,
      'Delete it; a function of your own needs another name.',
    );
}

/**
 * Whether a read of the name can be the builtin: not when a function binds it, nor when the module's own code has bound
 * it before, unconditionally and for good.
 */
export function meansBuiltin(name: string, node: SyntaxNode, scope: Scope): boolean {
  const found = lookUp(name, scope);
  if (found === null) return true;
  if (found.scope.kind === 'class') return true;
  // Triton's compiler finds this builtin where Python finds an unbound name.
  if (found.scope.kind === 'function') return name === 'getattr' && mayBeUnbound(found);
  if (found.scope.kind === 'comprehension') return false;
  const { bindings } = found;
  if (bindings.some(({ kind }) => kind === 'delete')) return true;
  return !bindings.some(
    (binding) => isTopLevel(binding.node) && topLevelStatement(binding.node).end <= node.start,
  );
}

const PLAIN_PARENTS = new Set([
  'import_statement',
  'import_from_statement',
  'assignment',
  'expression_statement',
  'function_definition',
  'class_definition',
  'decorated_definition',
  'aliased_import',
  'dotted_name',
]);

/** Whether a binding stands in a statement of the module itself, outside every block. */
export function isTopLevel(node: SyntaxNode): boolean {
  return topLevelStatement(node).parent?.type === 'module';
}

function topLevelStatement(node: SyntaxNode): SyntaxNode {
  let at = node;
  while (at.parent !== null && PLAIN_PARENTS.has(at.parent.type)) at = at.parent;
  return at;
}

function judgeBindings(scope: Scope, file: JudgedFile): void {
  for (const [name, bindings] of scope.bindings) {
    if (!REFUSED_NAMES.has(name)) continue;
    for (const { node } of bindings)
      file.source.report(
        'dunder-access',
        node.start,
        `${quoted(name)} may not be bound: it exposes the interpreter.`,
        'Use another name.',
      );
  }
}

function judgeAttribute(node: SyntaxNode, file: JudgedFile, values: Values): void {
  const { source } = file;
  const [object, ...names] = node.children;
  const pattern = node.type === 'keyword_pattern';
  const asked = pattern && object ? [object] : names;
  let paths = pattern ? [] : values.pathsOf(object, file);
  for (const name of asked) {
    judgeMember(paths, name, source.slice(name), file, values);
    paths = values.members(paths, source.slice(name));
  }
  if (!file.scopes.stores.has(node) || !object) return;
  const patched = values
    .pathsOf(object, file)
    .find((path) => !isDocumentedSetting(`${path}.${source.slice(names[0] ?? object)}`));
  if (patched !== undefined)
    source.report(
      'monkey-patch',
      node.start,
      `${quoted(source.slice(node))} changes ${patched}, which is imported.`,
      'Keep state in your own objects; do not set or delete attributes of what you import.',
    );
}

/** Attributes of frames, code, generators, tracebacks and classes. */
const OF_FRAMES = /^(?:ag|co|cr|f|func|gi|tb)_|^mro$/;

/** Judges `name` taken from an object that can be `paths`. */
function judgeMember(
  paths: readonly string[],
  at: SyntaxNode,
  name: string,
  file: JudgedFile,
  values: Values,
): void {
  const { source } = file;
  if (refusedEverywhere(name)) {
    const rule = isDunder(name) || OF_FRAMES.test(name) ? 'dunder-access' : 'reach-through';
    source.report(
      rule,
      at.start,
      `The attribute ${quoted(name)} is refused on every object.`,
      'A kernel needs nothing that is behind it; an attribute of your own needs another name.',
    );
    return;
  }
  for (const path of paths) {
    const refusal = values.refusal(path, name);
    if (refusal === null) continue;
    if (refusal.rule === 'forbidden-package')
      source.report(
        refusal.rule,
        at.start,
        `${source.path.split('/').at(-1)}: Forbidden import found: ${path}.${name}`,
        refusal.advice,
      );
    else
      source.report(
        refusal.rule,
        at.start,
        `${quoted(name)} may not be reached through ${path}.`,
        `Use only ${path}'s own functions, classes and values.`,
      );
    return;
  }
}

function judgeGetattr(call: SyntaxNode, file: JudgedFile, values: Values): void {
  const { source } = file;
  const [callee] = call.children;
  if (callee?.type !== 'identifier' || source.slice(callee) !== 'getattr') return;
  const scope = file.scopes.scopeOf.get(callee);
  if (scope === undefined || !meansBuiltin('getattr', callee, scope)) return;
  const asked = literalGetattr(call, source);
  if (asked === null)
    source.report(
      'dynamic-attribute',
      call.start,
      '`getattr` with a name that is not a plain string literal.',
      'Write the attribute: `object.name`, or a dictionary of your own.',
    );
  else judgeMember(values.pathsOf(asked.object, file), call, asked.name, file, values);
}

/** Parents through which a value passes unchanged. */
const TRANSPARENT = new Set([
  'parenthesized_expression',
  'boolean_operator',
  'conditional_expression',
  'named_expression',
]);
/** Places where a module is only looked at. */
const HARMLESS_PLACES = new Set([
  'expression_statement',
  'comparison_operator',
  'not_operator',
  'if_statement',
  'elif_clause',
  'while_statement',
  'assert_statement',
  'if_clause',
  'type',
  'interpolation',
  'delete_statement',
  'exec_statement',
]);

/** A module may be named, aliased by a plain assignment, compared and taken attributes of; anything else hides it. */
function judgeEscape(node: SyntaxNode, file: JudgedFile, values: Values): void {
  const module = values.pathsOf(node, file).find((path) => values.isModule(path));
  if (module === undefined || file.scopes.stores.has(node)) return;
  let at = node;
  let parent = at.parent;
  while (parent !== null && TRANSPARENT.has(parent.type)) {
    if (parent.type === 'conditional_expression' && parent.children[1] === at) return;
    at = parent;
    parent = at.parent;
  }
  if (parent === null || isHarmless(at, parent, node, file)) return;
  file.source.report(
    'module-escape',
    node.start,
    `The module ${module} is used as a value here (${quoted(file.source.slice(parent))}).`,
    'Take what you need from it by name: `module.function`.',
  );
}

function isHarmless(at: SyntaxNode, parent: SyntaxNode, node: SyntaxNode, file: JudgedFile): boolean {
  if (HARMLESS_PLACES.has(parent.type)) return true;
  switch (parent.type) {
    case 'attribute':
    case 'member_type':
    case 'dotted_name':
      return parent.children[0] === at;
    case 'assignment': {
      if (parent.children[0] === at) return true;
      const scope = file.scopes.scopeOf.get(leftmost(node));
      return onlyNames(parent) && scope?.kind !== 'class';
    }
    case 'argument_list': {
      const callee = parent.parent?.children[0];
      const name = callee?.type === 'identifier' ? file.source.slice(callee) : '';
      return parent.children[0] === at && (name === 'getattr' || name === 'hasattr');
    }
    default:
      return false;
  }
}

/** Whether every target of a chain of assignments is a plain name, which the aliases then follow. */
function onlyNames(assignment: SyntaxNode): boolean {
  for (let at: SyntaxNode | null = assignment; at?.type === 'assignment'; at = at.parent)
    if (at.children[0]?.type !== 'identifier') return false;
  return true;
}

function leftmost(node: SyntaxNode): SyntaxNode {
  let at = node;
  while (at.type !== 'identifier' && at.children[0]) at = at.children[0];
  return at;
}

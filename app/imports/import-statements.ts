/** Reads import statements into absolute names, and judges every one of them, wherever it stands. */
import { isUnlisted } from './listed-names.ts';
import { absoluteModule, type ModulePolicy, parentOf } from './module-policy.ts';
import { isRefused, NAMESPACES, refusedEverywhere } from './reach.ts';
import { quoted, type Source } from './source.ts';
import type { SyntaxNode } from './tree.ts';

/** An imported name as one statement binds it. */
export interface Imported {
  /** The name bound. */
  readonly local: string;
  /** What it means, dotted and absolute; null where the import is refused. */
  readonly path: string | null;
  readonly node: SyntaxNode;
}

/** Names that a statement binds, after reporting what the policy refuses of it; refused names have no path. */
export function readImports(statement: SyntaxNode, source: Source, policy: ModulePolicy): Imported[] {
  if (statement.type === 'future_import_statement') return readFuture(statement, source);
  if (statement.type === 'import_statement')
    return statement.children.map((item) => readModule(item, source, policy));
  return readFrom(statement, source, policy);
}

const dotted = (node: SyntaxNode, source: Source): string =>
  node.children.map((part) => source.slice(part)).join('.');

/** `name` or `name as alias`. */
function named(item: SyntaxNode, source: Source): { name: string; alias: string | null; node: SyntaxNode } {
  const [name, alias] = item.children;
  if (item.type === 'aliased_import' && name && alias)
    return { name: dotted(name, source), alias: source.slice(alias), node: item };
  return { name: dotted(item, source), alias: null, node: item };
}

/** `barry_as_FLUFL` changes the grammar, and the policy could no longer read the file. */
function readFuture(statement: SyntaxNode, source: Source): Imported[] {
  return statement.children.map((item) => {
    const { name, alias, node } = named(item, source);
    if (name === 'barry_as_FLUFL')
      source.report('syntax', node.start, `${quoted(name)} changes the grammar of Python.`, 'Delete it.');
    return { local: alias ?? name, path: null, node };
  });
}

/** One item of `import a.b [as c]`. */
function readModule(item: SyntaxNode, source: Source, policy: ModulePolicy): Imported {
  const { name, alias, node } = named(item, source);
  const good = judgeModule(name, node, source, policy);
  const path = alias === null ? (name.split('.')[0] as string) : name;
  return { local: alias ?? path, path: good ? path : null, node };
}

function readFrom(statement: SyntaxNode, source: Source, policy: ModulePolicy): Imported[] {
  const [from, ...items] = statement.children;
  if (from === undefined) return [];
  const relative = from.type === 'relative_import';
  const level = relative
    ? [...source.slice(from.children[0] ?? from)].filter((unit) => unit === '.').length
    : 0;
  const name = relative ? (from.children[1] ? dotted(from.children[1], source) : '') : dotted(from, source);
  const module = absoluteModule(source.path, level, name);
  const bound = items.filter((item) => item.type !== 'wildcard_import').map((item) => named(item, source));
  if (module === null) {
    source.report(
      'relative-beyond-package',
      from.start,
      `${quoted(source.slice(from))} leaves the package ${source.path.split('/')[0]}.`,
      'Use the absolute name of an allowed module.',
    );
    return bound.map((item) => ({ local: item.alias ?? item.name, path: null, node: item.node }));
  }
  if (items.some((item) => item.type === 'wildcard_import')) {
    if (policy.forbidden(module) !== null) judgeModule(module, from, source, policy);
    source.report(
      'star-import',
      statement.start,
      `\`from ${module} import *\` hides which names are imported.`,
      'Name what you import, one by one.',
    );
    return [];
  }
  return bound.map((item) => {
    const good = judgeMember(module, item.name, item.node, source, policy);
    return { local: item.alias ?? item.name, path: good ? `${module}.${item.name}` : null, node: item.node };
  });
}

/** `import module`, or the module of a star import. */
function judgeModule(module: string, at: SyntaxNode, source: Source, policy: ModulePolicy): boolean {
  const forbidden = policy.forbidden(module);
  if (forbidden !== null) {
    source.report('forbidden-package', at.start, forbiddenMessage(module, source, at), forbidden.advice);
    return false;
  }
  if (policy.allows(module)) return true;
  source.report(
    'module-not-allowed',
    at.start,
    `${quoted(module)} is not among the modules that may be imported.`,
    instead(module, null, policy),
  );
  return false;
}

/** `from module import name`, where `module.name` may be a module itself. */
function judgeMember(
  module: string,
  name: string,
  at: SyntaxNode,
  source: Source,
  policy: ModulePolicy,
): boolean {
  const full = `${module}.${name}`;
  const forbidden = policy.forbidden(full);
  if (forbidden !== null) {
    source.report('forbidden-package', at.start, forbiddenMessage(full, source, at), forbidden.advice);
    return false;
  }
  if (refusedEverywhere(name)) {
    source.report(
      'reach-through',
      at.start,
      `${quoted(name)} may not be taken from ${module}.`,
      'Delete it: a kernel needs nothing of it.',
    );
    return false;
  }
  if (policy.allows(full) && !isUnlisted(module, name)) return true;
  if (!policy.allows(module)) {
    source.report(
      'module-not-allowed',
      at.start,
      `${quoted(module)} is not among the modules that may be imported.`,
      instead(module, name, policy),
    );
    return false;
  }
  if (policy.own.has(module) || !isRefused(module, name)) return true;
  source.report(
    'reach-through',
    at.start,
    `${quoted(name)} may not be taken from ${module}.`,
    `Import only ${module}'s own functions, classes and values.`,
  );
  return false;
}

function forbiddenMessage(path: string, source: Source, at: SyntaxNode): string {
  return `${source.path.split('/').at(-1)}: Forbidden import found: ${path} (${quoted(source.slice(statementOf(at)))})`;
}

function statementOf(node: SyntaxNode): SyntaxNode {
  let at = node;
  while (!at.type.endsWith('_statement') && at.parent !== null) at = at.parent;
  return at;
}

function instead(module: string, name: string | null, policy: ModulePolicy): string {
  const parent = parentOf(module);
  if (NAMESPACES.has(module)) {
    const root = module.split('.')[0];
    return `Write \`import ${root}\` and use \`${module}${name === null ? '' : `.${name}`}\`.`;
  }
  if (policy.leadsToAllowed(module) || (parent !== '' && policy.leadsToAllowed(parent)))
    return `Import from the allowed modules themselves: ${policy.listed}.`;
  return `Delete the import. Allowed: ${policy.listed}.`;
}

/** Who binds which name where: the scopes of a file, as Python has them. */
import type { SyntaxNode } from './tree.ts';

export interface Scope {
  readonly kind: 'module' | 'class' | 'function' | 'comprehension';
  readonly parent: Scope | null;
  readonly bindings: Map<string, Binding[]>;
  /** Names declared `global` or `nonlocal` here, and the scope that they mean. */
  readonly elsewhere: Map<string, Scope>;
}

export interface Binding {
  /** The identifier (or statement) that binds. */
  readonly node: SyntaxNode;
  /** Scope whose code binds; another one than the owner's after `global`. */
  readonly from: Scope;
  readonly kind: 'import' | 'alias' | 'delete' | 'other';
  /** Of an import: the dotted path that the name then means. Of an alias: the expression assigned. */
  readonly path?: string;
  readonly value?: SyntaxNode;
}

export interface Use {
  readonly node: SyntaxNode;
  readonly scope: Scope;
}

export interface Scopes {
  readonly module: Scope;
  readonly all: readonly Scope[];
  /** Scope of every identifier and import statement that was met. */
  readonly scopeOf: ReadonlyMap<SyntaxNode, Scope>;
  /** Identifiers that read a name. */
  readonly reads: readonly Use[];
  /** Every `object.attribute`, and those of them that are assigned or deleted. */
  readonly attributes: readonly SyntaxNode[];
  readonly stores: ReadonlySet<SyntaxNode>;
}

/** The bindings that a read of `name` in `scope` can mean, and their scope; null means a builtin or nothing. */
export function lookUp(name: string, scope: Scope): { scope: Scope; bindings: readonly Binding[] } | null {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    if (at.kind === 'class' && at !== scope) continue;
    const target = at.elsewhere.get(name) ?? at;
    const bindings = target.bindings.get(name);
    if (bindings !== undefined) return { scope: target, bindings };
  }
  return null;
}

/**
 * Whether a read of the name may mean an outer one: of a class body, where it may be unbound yet, and of a function that
 * does not take it as a parameter, since Triton looks for unbound names of a kernel in its module, other than Python.
 */
export function mayBeUnbound({ scope, bindings }: { scope: Scope; bindings: readonly Binding[] }): boolean {
  if (scope.kind === 'class') return true;
  const surely =
    bindings.some(({ node }) => isParameter(node)) && bindings.every(({ kind }) => kind !== 'delete');
  return scope.kind === 'function' && !surely;
}

function isParameter(node: SyntaxNode): boolean {
  const parent = /parameter$|splat_pattern$/.test(node.parent?.type ?? '')
    ? node.parent?.parent
    : node.parent;
  return /parameters$|parameter$/.test(parent?.type ?? '');
}

/** The next scope around that lends its names to the code inside. */
export function outside(scope: Scope): Scope | null {
  let at = scope.parent;
  while (at?.kind === 'class') at = at.parent;
  return at;
}

/** Where a walrus binds. */
export function aroundComprehensions(scope: Scope): Scope {
  let at = scope;
  while (at.kind === 'comprehension' && at.parent !== null) at = at.parent;
  return at;
}

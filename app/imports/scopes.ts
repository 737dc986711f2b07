/** Who binds which name where: Python's scopes over a syntax tree, without running anything. */
import { quoted, type Source } from './source.ts';
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

/** An imported name as one statement binds it. */
export interface Imported {
  /** The name bound. */
  readonly local: string;
  /** What it means, dotted and absolute; null where the import is refused. */
  readonly path: string | null;
  readonly node: SyntaxNode;
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

/** Names that a statement imports; the policy resolves and judges them. */
export type ReadImports = (statement: SyntaxNode, scope: Scope) => Imported[];

/** Reports what CPython refuses of `global` and `nonlocal`, as far as ruff does not. */
export function analyseScopes(source: Source, root: SyntaxNode, readImports: ReadImports): Scopes {
  const first = new ScopeReader(source, readImports, null);
  const scopes = first.read(root);
  // A `nonlocal` may mean a name that its function binds further down: only a second reading can know.
  return first.sawNonlocal ? new ScopeReader(source, readImports, scopes.all).read(root) : scopes;
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

const COMPREHENSIONS = new Set([
  'list_comprehension',
  'set_comprehension',
  'dictionary_comprehension',
  'generator_expression',
]);
const TARGET_GROUPS = new Set([
  'tuple',
  'list',
  'tuple_pattern',
  'list_pattern',
  'pattern_list',
  'expression_list',
  'list_splat',
  'list_splat_pattern',
  'dictionary_splat_pattern',
  'parenthesized_expression',
  'as_pattern_target',
]);

class ScopeReader {
  private readonly all: Scope[] = [];
  private readonly module: Scope = this.open('module', null);
  private readonly scopeOf = new Map<SyntaxNode, Scope>();
  private readonly reads: Use[] = [];
  private readonly attributes: SyntaxNode[] = [];
  private readonly stores = new Set<SyntaxNode>();
  private readonly source: Source;
  private readonly readImports: ReadImports;
  /** The same scopes, in the same order, as an earlier reading left them. */
  private readonly earlier: readonly Scope[] | null;
  sawNonlocal = false;

  constructor(source: Source, readImports: ReadImports, earlier: readonly Scope[] | null) {
    this.source = source;
    this.readImports = readImports;
    this.earlier = earlier;
  }

  read(root: SyntaxNode): Scopes {
    this.visit(root, this.module);
    const { module, all, scopeOf, reads, attributes, stores } = this;
    return { module, all, scopeOf, reads, attributes, stores };
  }

  private open(kind: Scope['kind'], parent: Scope | null): Scope {
    const scope: Scope = { kind, parent, bindings: new Map(), elsewhere: new Map() };
    this.all.push(scope);
    return scope;
  }

  private bind(scope: Scope, name: string, binding: Omit<Binding, 'from'>): void {
    const owner = scope.elsewhere.get(name) ?? scope;
    const known = owner.bindings.get(name);
    const entry = { ...binding, from: scope };
    if (known === undefined) owner.bindings.set(name, [entry]);
    else known.push(entry);
  }

  private bindName(
    node: SyntaxNode,
    scope: Scope,
    kind: Binding['kind'] = 'other',
    value?: SyntaxNode,
  ): void {
    this.scopeOf.set(node, scope);
    this.bind(scope, this.source.slice(node), { node, kind, ...(value === undefined ? {} : { value }) });
  }

  private visitAll(nodes: readonly SyntaxNode[], scope: Scope): void {
    for (const node of nodes) this.visit(node, scope);
  }

  private visit(node: SyntaxNode, scope: Scope): void {
    const [first, ...rest] = node.children;
    switch (node.type) {
      case 'identifier':
        this.scopeOf.set(node, scope);
        this.reads.push({ node, scope });
        return;
      case 'attribute':
      case 'member_type':
        this.attributes.push(node);
        if (first) this.visit(first, scope);
        return;
      case 'import_statement':
      case 'import_from_statement':
      case 'future_import_statement':
        this.scopeOf.set(node, scope);
        for (const { local, path, node: at } of this.readImports(node, scope))
          this.bind(scope, local, { node: at, kind: 'import', ...(path === null ? {} : { path }) });
        return;
      case 'keyword_argument':
        this.visitAll(rest, scope);
        return;
      case 'assignment':
        this.visitAssignment(node, scope);
        return;
      case 'augmented_assignment':
        if (first?.type === 'identifier') this.reads.push({ node: first, scope });
        if (first) this.visitTarget(first, scope);
        this.visitAll(rest, scope);
        return;
      case 'named_expression': {
        this.visitAll(rest, scope);
        if (first) this.bindName(first, aroundComprehensions(scope), 'alias', rest[0]);
        return;
      }
      case 'for_statement':
      case 'for_in_clause':
        this.visitAll(rest, scope);
        if (first) this.visitTarget(first, scope);
        return;
      case 'as_pattern_target':
        if (first) this.visitTarget(first, scope);
        return;
      case 'delete_statement':
        for (const child of node.children) this.visitTarget(child, scope, 'delete');
        return;
      case 'except_clause':
        this.visitExcept(node, scope);
        return;
      case 'global_statement':
        for (const name of node.children) this.declare(name, scope, this.module);
        return;
      case 'nonlocal_statement':
        this.sawNonlocal = true;
        for (const name of node.children) this.declare(name, scope, this.enclosing(name, scope));
        return;
      case 'function_definition':
      case 'lambda':
        this.visitFunction(node, scope);
        return;
      case 'class_definition': {
        if (first) this.bindName(first, scope);
        const inside = this.open('class', scope);
        for (const child of rest) this.visit(child, child.type === 'block' ? inside : scope);
        return;
      }
      case 'case_clause':
        for (const child of node.children) {
          if (child.type === 'case_pattern') this.visitPattern(child, scope);
          else this.visit(child, scope);
        }
        return;
      default:
        if (COMPREHENSIONS.has(node.type)) this.visitComprehension(node, scope);
        else this.visitAll(node.children, scope);
    }
  }

  private visitAssignment(node: SyntaxNode, scope: Scope): void {
    const [left, ...others] = node.children;
    let value = others.find((child) => child.type !== 'type');
    this.visitAll(others, scope);
    while (value?.type === 'assignment') value = value.children.filter((child) => child.type !== 'type')[1];
    if (left?.type === 'identifier')
      this.bindName(left, scope, value === undefined ? 'other' : 'alias', value);
    else if (left) this.visitTarget(left, scope);
  }

  private visitTarget(node: SyntaxNode, scope: Scope, kind: 'other' | 'delete' = 'other'): void {
    if (node.type === 'identifier') this.bindName(node, scope, kind);
    else if (TARGET_GROUPS.has(node.type))
      for (const child of node.children) this.visitTarget(child, scope, kind);
    else {
      if (node.type === 'attribute') this.stores.add(node);
      this.visit(node, scope);
    }
  }

  private visitExcept(node: SyntaxNode, scope: Scope): void {
    const [value, alias, ...others] = node.children;
    if (value) this.visit(value, scope);
    if (alias && alias.type !== 'block') this.visitTarget(alias, scope);
    else if (alias) this.visit(alias, scope);
    this.visitAll(others, scope);
  }

  private declare(name: SyntaxNode, scope: Scope, owner: Scope | null): void {
    this.scopeOf.set(name, scope);
    const text = this.source.slice(name);
    const refuse = (why: string) =>
      this.source.report(
        'syntax',
        name.start,
        `${quoted(text)} is ${why}.`,
        'Declare a name once, before its first use.',
      );
    const known = scope.elsewhere.get(text);
    if (scope.bindings.has(text)) refuse('bound before it is declared global or nonlocal');
    if (known !== undefined && owner !== null && (known === this.module) !== (owner === this.module))
      refuse('declared both global and nonlocal');
    if (owner !== null && owner !== scope) scope.elsewhere.set(text, owner);
  }

  /** The function that a `nonlocal` means. */
  private enclosing(name: SyntaxNode, scope: Scope): Scope | null {
    if (this.earlier === null) return null;
    const text = this.source.slice(name);
    for (let at = scope.parent; at !== null; at = at.parent) {
      const before = this.earlier[this.all.indexOf(at)];
      if (at.kind !== 'function' || before === undefined) continue;
      const elsewhere = before.elsewhere.get(text);
      if (elsewhere?.kind === 'module') break;
      if (before.bindings.has(text) && elsewhere === undefined) return at;
    }
    if (text !== '__class__')
      this.source.report(
        'syntax',
        name.start,
        `No function around binds ${quoted(text)}.`,
        'Bind it there, or declare it global.',
      );
    return null;
  }

  private visitFunction(node: SyntaxNode, scope: Scope): void {
    const inside = this.open('function', scope);
    const named = node.type === 'function_definition';
    const body = node.children.at(-1);
    for (const child of node.children) {
      if (named && child === node.children[0]) this.bindName(child, scope);
      else if (child.type === 'parameters' || child.type === 'lambda_parameters')
        this.visitParameters(child, scope, inside);
      else this.visit(child, child === body ? inside : scope);
    }
  }

  /** Names are bound inside; defaults and annotations are evaluated outside. */
  private visitParameters(parameters: SyntaxNode, outside: Scope, inside: Scope): void {
    for (const parameter of parameters.children) {
      const [name, ...rest] = parameter.type === 'identifier' ? [parameter] : parameter.children;
      if (name && parameter.type !== 'keyword_separator' && parameter.type !== 'positional_separator')
        this.visitTarget(name, inside);
      this.visitAll(rest, outside);
    }
  }

  /** The first iterable is evaluated outside, all else inside. */
  private visitComprehension(node: SyntaxNode, scope: Scope): void {
    const inside = this.open('comprehension', scope);
    let first = true;
    const clauses = node.children.slice(1);
    for (const clause of clauses) {
      if (clause.type === 'for_in_clause' && first) {
        first = false;
        const [target, ...iterables] = clause.children;
        this.visitAll(iterables, scope);
        if (target) this.visitTarget(target, inside);
      } else this.visit(clause, inside);
    }
    if (node.children[0]) this.visit(node.children[0], inside);
  }

  private visitPattern(node: SyntaxNode, scope: Scope): void {
    if (node.type === 'dotted_name') {
      const [only, ...more] = node.children;
      if (only && more.length === 0 && node.parent?.type !== 'class_pattern') this.bindName(only, scope);
      else if (only) this.visit(only, scope);
      if (more.length > 0 || node.parent?.type === 'class_pattern') this.attributes.push(node);
    } else if (node.type === 'identifier') this.bindName(node, scope);
    else if (node.type === 'keyword_pattern') {
      this.attributes.push(node);
      for (const child of node.children.slice(1)) this.visitPattern(child, scope);
    } else if (node.type === 'string' || node.type === 'concatenated_string') this.visit(node, scope);
    else for (const child of node.children) this.visitPattern(child, scope);
  }
}

/** Where a walrus binds. */
function aroundComprehensions(scope: Scope): Scope {
  let at = scope;
  while (at.kind === 'comprehension' && at.parent !== null) at = at.parent;
  return at;
}

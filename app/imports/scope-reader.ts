/** Reads the scopes of a file from its syntax tree, without running anything: which node binds a name, and which reads one. */
import type { Imported } from './import-statements.ts';
import { ScopeBuilder } from './scope-builder.ts';
import { aroundComprehensions, type Scope, type Scopes, type Use } from './scopes.ts';
import type { Source } from './source.ts';
import type { SyntaxNode } from './tree.ts';

/** Names that a statement imports; the policy resolves and judges them. */
export type ReadImports = (statement: SyntaxNode, scope: Scope) => Imported[];

/** Reports what CPython refuses of `global` and `nonlocal`, as far as ruff does not. */
export function analyseScopes(source: Source, root: SyntaxNode, readImports: ReadImports): Scopes {
  const first = new ScopeReader(source, readImports, null);
  const scopes = first.read(root);
  // A `nonlocal` may mean a name that its function binds further down: only a second reading can know.
  return first.sawNonlocal ? new ScopeReader(source, readImports, scopes.all).read(root) : scopes;
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
  private readonly builder: ScopeBuilder;
  private readonly reads: Use[] = [];
  private readonly attributes: SyntaxNode[] = [];
  private readonly stores = new Set<SyntaxNode>();
  private readonly readImports: ReadImports;
  sawNonlocal = false;

  constructor(source: Source, readImports: ReadImports, earlier: readonly Scope[] | null) {
    this.readImports = readImports;
    this.builder = new ScopeBuilder(source, earlier);
  }

  read(root: SyntaxNode): Scopes {
    const { module, all, scopeOf } = this.builder;
    this.visit(root, module);
    const { reads, attributes, stores } = this;
    return { module, all, scopeOf, reads, attributes, stores };
  }

  private visitAll(nodes: readonly SyntaxNode[], scope: Scope): void {
    for (const node of nodes) this.visit(node, scope);
  }

  private visit(node: SyntaxNode, scope: Scope): void {
    const [first, ...rest] = node.children;
    switch (node.type) {
      case 'identifier':
        this.builder.scopeOf.set(node, scope);
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
        this.builder.scopeOf.set(node, scope);
        for (const { local, path, node: at } of this.readImports(node, scope))
          this.builder.bind(scope, local, { node: at, kind: 'import', ...(path === null ? {} : { path }) });
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
        if (first) this.builder.bindName(first, aroundComprehensions(scope), 'alias', rest[0]);
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
        for (const name of node.children) this.builder.declareGlobal(name, scope);
        return;
      case 'nonlocal_statement':
        this.sawNonlocal = true;
        for (const name of node.children) this.builder.declareNonlocal(name, scope);
        return;
      case 'function_definition':
      case 'lambda':
        this.visitFunction(node, scope);
        return;
      case 'class_definition': {
        if (first) this.builder.bindName(first, scope);
        const inside = this.builder.open('class', scope);
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
      this.builder.bindName(left, scope, value === undefined ? 'other' : 'alias', value);
    else if (left) this.visitTarget(left, scope);
  }

  private visitTarget(node: SyntaxNode, scope: Scope, kind: 'other' | 'delete' = 'other'): void {
    if (node.type === 'identifier') this.builder.bindName(node, scope, kind);
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

  private visitFunction(node: SyntaxNode, scope: Scope): void {
    const inside = this.builder.open('function', scope);
    const named = node.type === 'function_definition';
    const body = node.children.at(-1);
    for (const child of node.children) {
      if (named && child === node.children[0]) this.builder.bindName(child, scope);
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
    const inside = this.builder.open('comprehension', scope);
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
      if (only && more.length === 0 && node.parent?.type !== 'class_pattern')
        this.builder.bindName(only, scope);
      else if (only) this.visit(only, scope);
      if (more.length > 0 || node.parent?.type === 'class_pattern') this.attributes.push(node);
    } else if (node.type === 'identifier') this.builder.bindName(node, scope);
    else if (node.type === 'keyword_pattern') {
      this.attributes.push(node);
      for (const child of node.children.slice(1)) this.visitPattern(child, scope);
    } else if (node.type === 'string' || node.type === 'concatenated_string') this.visit(node, scope);
    else for (const child of node.children) this.visitPattern(child, scope);
  }
}

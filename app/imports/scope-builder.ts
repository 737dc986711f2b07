/** Makes the scopes of a file: opens them, binds names, and knows what `global` and `nonlocal` mean. */
import type { Binding, Scope } from './scopes.ts';
import { quoted, type Source } from './source.ts';
import type { SyntaxNode } from './tree.ts';

export class ScopeBuilder {
  readonly all: Scope[] = [];
  readonly module: Scope = this.open('module', null);
  readonly scopeOf = new Map<SyntaxNode, Scope>();
  private readonly source: Source;
  /** The same scopes, in the same order, as an earlier reading left them. */
  private readonly earlier: readonly Scope[] | null;

  constructor(source: Source, earlier: readonly Scope[] | null) {
    this.source = source;
    this.earlier = earlier;
  }

  open(kind: Scope['kind'], parent: Scope | null): Scope {
    const scope: Scope = { kind, parent, bindings: new Map(), elsewhere: new Map() };
    this.all.push(scope);
    return scope;
  }

  bind(scope: Scope, name: string, binding: Omit<Binding, 'from'>): void {
    const owner = scope.elsewhere.get(name) ?? scope;
    const known = owner.bindings.get(name);
    const entry = { ...binding, from: scope };
    if (known === undefined) owner.bindings.set(name, [entry]);
    else known.push(entry);
  }

  bindName(node: SyntaxNode, scope: Scope, kind: Binding['kind'] = 'other', value?: SyntaxNode): void {
    this.scopeOf.set(node, scope);
    this.bind(scope, this.source.slice(node), { node, kind, ...(value === undefined ? {} : { value }) });
  }

  declareGlobal(name: SyntaxNode, scope: Scope): void {
    this.declare(name, scope, this.module);
  }

  declareNonlocal(name: SyntaxNode, scope: Scope): void {
    this.declare(name, scope, this.enclosing(name, scope));
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
}

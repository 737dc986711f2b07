/** What an expression can mean in terms of imported modules, followed through aliases and re-exports. */
import { isUnlisted } from './listed-names.ts';
import { type ModulePolicy, parentOf } from './module-policy.ts';
import { isRefused, JUDGED_BY_NAME, NAMESPACES, refusedEverywhere } from './reach.ts';
import { type Binding, lookUp, mayBeUnbound, outside, type Scope, type Scopes } from './scopes.ts';
import type { Source } from './source.ts';
import { nodesOf, type SyntaxNode } from './tree.ts';

/** A judged file's names, for its own rules and for files that import from it. */
export interface JudgedFile {
  readonly source: Source;
  readonly root: SyntaxNode;
  readonly scopes: Scopes;
}

/** Why a name cannot be had from a path. */
export type Refusal =
  | { readonly rule: 'forbidden-package'; readonly module: string; readonly advice: string }
  | { readonly rule: 'reach-through' };

/** Paths of objects (neither modules nor judged by name) that are remembered of one name: the same rules hold for all. */
const MAX_OBJECT_PATHS = 4;
/** Aliases in source order settle in two rounds; code that needs more than these is built to confuse. */
const MAX_ROUNDS = 16;

export class Values {
  private readonly policy: ModulePolicy;
  /** Judged target files by dotted module name. */
  private readonly files: ReadonlyMap<string, JudgedFile>;
  private readonly known = new Map<Scope, Map<string, readonly string[]>>();
  /** Answers per node, kept once the names are settled. */
  private readonly ofNode = new Map<SyntaxNode, readonly string[]>();
  /** False when aliases never settled: then nobody can say what a name means. */
  readonly settled: boolean;

  constructor(policy: ModulePolicy, files: ReadonlyMap<string, JudgedFile>) {
    this.policy = policy;
    this.files = files;
    this.settled = this.settle();
  }

  /** Follows aliases and re-exports until nothing new is learnt. */
  private settle(): boolean {
    const open = [...this.files.values()].flatMap((file) =>
      file.scopes.all.flatMap((scope) =>
        [...scope.bindings]
          .filter(([, bindings]) =>
            bindings.some(({ path, value }) => path !== undefined || value !== undefined),
          )
          .map(([name, bindings]) => ({ file, scope, name, bindings })),
      ),
    );
    for (let round = 0; round < MAX_ROUNDS; round++) {
      let learnt = false;
      for (const { file, scope, name, bindings } of open) {
        const before = this.pathsInScope(name, scope);
        const paths = this.union([before, ...bindings.map((binding) => this.meaning(binding, file))]);
        if (paths.length === before.length) continue;
        learnt = true;
        const names = this.known.get(scope) ?? new Map<string, readonly string[]>();
        this.known.set(scope, names.set(name, paths));
      }
      this.ofNode.clear();
      if (!learnt) return true;
    }
    return false;
  }

  private meaning({ path, value }: Binding, file: JudgedFile): readonly string[] {
    if (path === undefined) return this.pathsOf(value, file);
    const module = parentOf(path);
    return this.exported(module, path.slice(module.length + 1)) ?? [path];
  }

  /** A module or a package, as against something in one. */
  isModule(path: string): boolean {
    return this.policy.isModule(path) || NAMESPACES.has(path);
  }

  /** Why `name` may not be taken from `path`, or null. */
  refusal(path: string, name: string): Refusal | null {
    const full = `${path}.${name}`;
    const forbidden = this.policy.forbidden(full);
    if (forbidden !== null) return { rule: 'forbidden-package', ...forbidden };
    if (isUnlisted(path, name)) return { rule: 'reach-through' };
    if (this.policy.isModule(full) || this.policy.allows(full)) return null;
    if (this.policy.own.has(path) || this.policy.own.has(parentOf(path))) return null;
    if (this.policy.leadsToAllowed(path) && !NAMESPACES.has(path)) return { rule: 'reach-through' };
    return isRefused(path, name) ? { rule: 'reach-through' } : null;
  }

  /** Every module-rooted path that the expression can be; refused ones lead no further and are left out. */
  pathsOf(node: SyntaxNode | undefined, file: JudgedFile): readonly string[] {
    if (node === undefined) return [];
    const known = this.ofNode.get(node);
    if (known !== undefined) return known;
    const paths = this.read(node, file);
    this.ofNode.set(node, paths);
    return paths;
  }

  /** Paths of `name` taken from each of `paths`, as an attribute or by `from path import name`. */
  members(paths: readonly string[], name: string): string[] {
    if (refusedEverywhere(name)) return [];
    return paths
      .filter((path) => this.refusal(path, name) === null)
      .flatMap((path) => this.exported(path, name) ?? [this.isModule(path) ? `${path}.${name}` : path]);
  }

  private read(node: SyntaxNode, file: JudgedFile): readonly string[] {
    const { children } = node;
    switch (node.type) {
      case 'identifier': {
        const scope = file.scopes.scopeOf.get(node);
        return scope === undefined ? [] : this.pathsOfName(file.source.slice(node), scope);
      }
      case 'attribute':
      case 'member_type':
      case 'dotted_name': {
        const [object, ...names] = children;
        return names.reduce<readonly string[]>(
          (paths, name) => this.members(paths, file.source.slice(name)),
          this.pathsOf(object, file),
        );
      }
      case 'parenthesized_expression':
      case 'type':
        return this.pathsOf(children[0], file);
      case 'named_expression':
        return this.pathsOf(children[1], file);
      case 'conditional_expression':
        return this.union([this.pathsOf(children[0], file), this.pathsOf(children[2], file)]);
      case 'boolean_operator':
        return this.union(children.map((child) => this.pathsOf(child, file)));
      case 'call': {
        const asked = literalGetattr(node, file.source);
        if (asked === null) return [];
        return this.union([
          this.members(this.pathsOf(asked.object, file), asked.name),
          this.pathsOf(asked.fallback, file),
        ]);
      }
      default:
        return [];
    }
  }

  /** Whether the expression is surely something imported: spelled out, or by names that were never given another value. */
  isCertain(node: SyntaxNode | undefined, file: JudgedFile, depth = 0): boolean {
    if (node === undefined || depth > MAX_ROUNDS) return false;
    const [object, ...names] = node.children;
    if (node.type === 'attribute' && object !== undefined) {
      const name = names.map((one) => file.source.slice(one)).join('.');
      return (
        this.isCertain(object, file, depth + 1) &&
        this.pathsOf(object, file).every((path) => this.isCertainName(path, name, depth))
      );
    }
    const scope = node.type === 'identifier' ? file.scopes.scopeOf.get(node) : undefined;
    const found = scope === undefined ? null : lookUp(file.source.slice(node), scope);
    return found !== null && this.areCertain(found.bindings, file, depth);
  }

  private areCertain(bindings: readonly Binding[], file: JudgedFile, depth: number): boolean {
    return bindings.every(({ kind, path, value }) => {
      if (kind === 'alias') return this.isCertain(value, file, depth + 1);
      const module = parentOf(path ?? '');
      return kind === 'import' && this.isCertainName(module, (path ?? '').slice(module.length + 1), depth);
    });
  }

  /** The same of a name that a module has: of the target files' own, whatever binds it there. */
  private isCertainName(module: string, name: string, depth: number): boolean {
    const file = this.files.get(module);
    return (
      file === undefined || this.areCertain(file.scopes.module.bindings.get(name) ?? [], file, depth + 1)
    );
  }

  private pathsOfName(name: string, scope: Scope): readonly string[] {
    const found = lookUp(name, scope);
    if (found === null) return [];
    const own = this.pathsInScope(name, found.scope);
    const around = mayBeUnbound(found) ? outside(found.scope) : null;
    const outer = around === null ? [] : this.pathsOfName(name, around);
    return outer.length === 0 ? own : this.union([own, outer]);
  }

  private pathsInScope(name: string, scope: Scope): readonly string[] {
    return this.known.get(scope)?.get(name) ?? [];
  }

  /** What a target file's module scope holds under a name, when that is something imported. */
  private exported(module: string, name: string): readonly string[] | null {
    const file = this.files.get(module);
    if (file === undefined) return null;
    const paths = this.pathsInScope(name, file.scopes.module);
    return paths.length === 0 ? null : paths;
  }

  private union(sets: readonly (readonly string[])[]): readonly string[] {
    const all = new Set(sets.flat());
    let objects = 0;
    return [...all].filter(
      (path) => this.isModule(path) || JUDGED_BY_NAME.has(path) || ++objects <= MAX_OBJECT_PATHS,
    );
  }
}

/** What `getattr(object, 'name'[, fallback])` with a plain string asks for. */
interface LiteralGetattr {
  readonly object: SyntaxNode;
  readonly name: string;
  readonly fallback: SyntaxNode | undefined;
}

/** Every such call of a file. */
export function* literalGetattrs(file: JudgedFile): Iterable<LiteralGetattr & { readonly call: SyntaxNode }> {
  for (const call of nodesOf(file.root, 'call')) {
    const asked = literalGetattr(call, file.source);
    if (asked !== null) yield { call, ...asked };
  }
}

/** Null for every other call. */
export function literalGetattr(call: SyntaxNode, source: Source): LiteralGetattr | null {
  const [callee, list] = call.children;
  if (callee?.type !== 'identifier' || source.slice(callee) !== 'getattr' || list?.type !== 'argument_list')
    return null;
  const [object, name, fallback] = list.children;
  if (object === undefined || name === undefined || list.children.length > 3) return null;
  const text = plainString(name, source);
  return text === null ? null : { object, name: text, fallback };
}

/** The value of a string literal that has no prefix, escapes or fields. */
function plainString(node: SyntaxNode, source: Source): string | null {
  return node.type === 'string'
    ? (/^(["'])([A-Za-z_][A-Za-z0-9_]*)\1$/.exec(source.slice(node))?.[2] ?? null)
    : null;
}

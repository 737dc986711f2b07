/** Methods of the file's own classes whose first parameter can only be what Python itself passes. */
import { lookUp, type Scope } from './scopes.ts';
import type { SyntaxNode } from './tree.ts';
import type { JudgedFile, Values } from './values.ts';

/** Methods that Python calls on an instance; none of them can be named, so nobody hands them another object. */
const ON_INSTANCE: ReadonlySet<string> = new Set([
  '__init__',
  '__post_init__',
  '__call__',
  '__enter__',
  '__exit__',
]);
/** Methods that torch calls: of a module on an instance, of an autograd function on a context. */
const ON_CONTEXT: ReadonlySet<string> = new Set(['forward', 'setup_context']);

/** Decorators of torch and fla that keep what they wrap to themselves. */
const WRAPPERS: ReadonlySet<string> = new Set(
  [
    'torch.no_grad torch.enable_grad torch.inference_mode torch.autocast torch.compile torch.compiler.disable',
    'torch.amp.autocast torch.amp.custom_bwd torch.amp.custom_fwd torch.cuda.amp.custom_bwd torch.cuda.amp.custom_fwd',
    'torch.autograd.function.once_differentiable torch.jit.export torch.jit.ignore torch.jit.unused',
    'fla.utils.autocast_custom_bwd fla.utils.autocast_custom_fwd fla.utils.contiguous fla.utils.input_guard',
  ].flatMap((line) => line.split(' ')),
);

/** Methods that may set attributes, and that therefore nobody may call by name. */
export function maySetAttributes(name: string): boolean {
  return ON_INSTANCE.has(name) || ON_CONTEXT.has(name);
}

/** The method of a class that has `node` as its first parameter, bound once; null for any other name. */
export function methodOfFirstParameter(node: SyntaxNode | undefined, file: JudgedFile): SyntaxNode | null {
  const scope = node?.type === 'identifier' ? file.scopes.scopeOf.get(node) : undefined;
  if (node === undefined || scope === undefined) return null;
  const found = lookUp(file.source.slice(node), scope);
  const [binding, ...others] = found?.bindings ?? [];
  if (found?.scope.kind !== 'function' || binding === undefined || others.length > 0) return null;
  const at = binding.node.parent?.type.endsWith('parameter') ? binding.node.parent : binding.node;
  const parameters = at.parent;
  if (parameters?.type !== 'parameters' || parameters.children[0] !== at) return null;
  const method = parameters.parent;
  return method?.type === 'function_definition' && found.scope.parent?.kind === 'class' ? method : null;
}

/** Whether nobody but Python and torch can call the method, so that its first parameter is what it seems. */
export function isCalledByPythonAlone(method: SyntaxNode, file: JudgedFile, values: Values): boolean {
  const [name] = method.children;
  const around = name && file.scopes.scopeOf.get(name);
  if (name === undefined || around?.kind !== 'class') return false;
  const called = file.source.slice(name);
  if (!maySetAttributes(called) || around.elsewhere.has(called)) return false;
  const decorators =
    method.parent?.type === 'decorated_definition' ? method.parent.children.slice(0, -1) : [];
  return decorators.every(({ children: [expression] }) => {
    const callee = expression?.type === 'call' ? expression.children[0] : expression;
    if (callee !== undefined && isBuiltin(callee, 'staticmethod', file))
      return ON_CONTEXT.has(called) && isAutogradFunction(method, file, values);
    return values.isCertain(callee, file) && values.pathsOf(callee, file).every((path) => WRAPPERS.has(path));
  });
}

/** `super().name` in the undecorated method `name`: the same method of the base, on the same instance. */
export function isSuperOfSame(object: SyntaxNode, name: string, file: JudgedFile): boolean {
  const [callee, list] = object.children;
  const asked = object.parent;
  // Called on the spot: the method itself would be an object that gives away what it wraps.
  if (asked?.type !== 'attribute' || asked.parent?.type !== 'call' || asked.parent.children[0] !== asked)
    return false;
  if (object.type !== 'call' || callee === undefined || !isBuiltin(callee, 'super', file)) return false;
  let method: SyntaxNode | null = object;
  while (method !== null && method.type !== 'function_definition' && method.type !== 'lambda')
    method = method.parent;
  const [own] = method?.children ?? [];
  if (method?.type !== 'function_definition' || own === undefined || file.source.slice(own) !== name)
    return false;
  if (!ON_INSTANCE.has(name) || method.parent?.type === 'decorated_definition') return false;
  if (file.scopes.scopeOf.get(own)?.kind !== 'class') return false;
  const given = list?.children ?? [];
  return given.length === 0 || (given.length === 2 && methodOfFirstParameter(given[1], file) === method);
}

/** Whether an identifier is the builtin of this name, which nothing in reach binds again. */
export function isBuiltin(node: SyntaxNode, name: string, file: JudgedFile): boolean {
  const scope: Scope | undefined = file.scopes.scopeOf.get(node);
  return (
    node.type === 'identifier' &&
    file.source.slice(node) === name &&
    scope !== undefined &&
    lookUp(name, scope) === null
  );
}

/** Whether the class around a method has torch.autograd.Function as its base. */
function isAutogradFunction(method: SyntaxNode, file: JudgedFile, values: Values): boolean {
  let at: SyntaxNode | null = method.parent;
  while (at !== null && at.type !== 'class_definition') at = at.parent;
  const bases = at?.children.find(({ type }) => type === 'argument_list')?.children ?? [];
  const paths = values.pathsOf(bases[0], file);
  return (
    values.isCertain(bases[0], file) &&
    bases.length === 1 &&
    paths.every((path) => /^torch\.autograd\.(?:function\.)?Function$/.test(path))
  );
}

/** Rules on attributes of objects that no import names: who may set them, and which are nobody's business. */
import { isCalledByPythonAlone, isSuperOfSame, maySetAttributes, methodOfFirstParameter } from './methods.ts';
import { isDocumentedSetting, isDunder, namesModule } from './reach.ts';
import { lookUp } from './scopes.ts';
import { quoted } from './source.ts';
import type { SyntaxNode } from './tree.ts';
import { type JudgedFile, literalGetattrs, type Values } from './values.ts';

/** What named tuples call their public methods. */
const NAMED_TUPLE = new Set(['_asdict', '_fields', '_make', '_replace']);

/** Methods of strings that read attributes by name. */
const FORMATTERS = new Set(['format', 'format_map']);

/** Judges every attribute of a file that is set, private, or a method that sets attributes. */
export function judgeAttributes(file: JudgedFile, values: Values): void {
  for (const node of file.scopes.attributes) {
    const [first, ...names] = node.children;
    if (first === undefined) continue;
    if (node.type === 'keyword_pattern') judgeName(first, file.source.slice(first), undefined, file, values);
    for (const [at, name] of names.entries())
      if (name.type === 'identifier' && node.type !== 'keyword_pattern')
        judgeName(name, file.source.slice(name), at === 0 ? first : undefined, file, values);
    if (file.scopes.stores.has(node)) judgeStore(node, first, file, values);
  }
  for (const { call, object, name } of literalGetattrs(file)) judgeName(call, name, object, file, values);
  for (const { node, scope } of file.scopes.reads) {
    const name = file.source.slice(node);
    if (maySetAttributes(name) && lookUp(name, scope)?.scope.kind === 'class') refuseMethod(node, name, file);
  }
}

function judgeName(
  at: SyntaxNode,
  name: string,
  object: SyntaxNode | undefined,
  file: JudgedFile,
  values: Values,
): void {
  if (maySetAttributes(name)) {
    if (object === undefined || !isSuperOfSame(object, name, file)) refuseMethod(at, name, file);
    return;
  }
  if (FORMATTERS.has(name)) {
    if (!isPlainFormat(at, name, object, file)) refuseFormat(at, file);
    return;
  }
  if (namesModule(name)) {
    const own = methodOfFirstParameter(object, file) !== null || values.isCertain(object, file);
    if (!own) refuseModule(at, name, file);
    return;
  }
  if (!name.startsWith('_') || isDunder(name) || NAMED_TUPLE.has(name)) return;
  // Of what is imported, the names are judged with the module; of a method's own object, they are its own.
  const known = values
    .pathsOf(object, file)
    .some((path) => values.isModule(path) || !path.startsWith('fla.'));
  if ((known && values.isCertain(object, file)) || methodOfFirstParameter(object, file) !== null) return;
  file.source.report(
    'private-attribute',
    at.start,
    `${quoted(name)} is private to an object that the policy cannot see.`,
    'Use public attributes; private ones of your own classes are taken from `self`.',
  );
}

/** Whether it is `'{} {name}'.format(...)` on a literal whose fields take no attributes. */
function isPlainFormat(
  at: SyntaxNode,
  name: string,
  object: SyntaxNode | undefined,
  file: JudgedFile,
): boolean {
  if (name !== 'format' || object?.type !== 'string' || at.parent?.parent?.type !== 'call') return false;
  const text = file.source.slice(object);
  return (
    !/^[a-zA-Z]/.test(text) && !text.includes('\\') && /^(?:[^{}]|\{\{|\}\}|\{\w*(?::[^{}]*)?\})*$/.test(text)
  );
}

function refuseFormat(at: SyntaxNode, file: JudgedFile): void {
  file.source.report(
    'dynamic-attribute',
    at.start,
    'A format string can take any attribute of what it is given.',
    'Write an f-string, or `"{} {name}".format(...)` with plain fields, on the literal itself.',
  );
}

function refuseModule(at: SyntaxNode, name: string, file: JudgedFile): void {
  file.source.report(
    'reach-through',
    at.start,
    `${quoted(name)} is the name of a module, taken from an object that the policy cannot see.`,
    'Give an attribute of your own another name.',
  );
}

function refuseMethod(at: SyntaxNode, name: string, file: JudgedFile): void {
  file.source.report(
    'attribute-store',
    at.start,
    `${quoted(name)} may set attributes, so it may not be named: it could be given any object.`,
    `Call the object itself, or a method with a plain name; in \`${name}\` of a class, \`super()\` may be asked for it.`,
  );
}

/** Whether an attribute is taken from an imported name that means nothing else. */
function isSpelledOut(object: SyntaxNode, file: JudgedFile): boolean {
  let at: SyntaxNode | undefined = object;
  while (at?.type === 'attribute') at = at.children[0];
  const scope = at?.type === 'identifier' ? file.scopes.scopeOf.get(at) : undefined;
  const found = at !== undefined && scope !== undefined ? lookUp(file.source.slice(at), scope) : null;
  return found?.bindings.every(({ kind }) => kind === 'import') === true;
}

function judgeStore(node: SyntaxNode, object: SyntaxNode, file: JudgedFile, values: Values): void {
  const [, name] = node.children;
  const paths = values.pathsOf(object, file);
  const attribute = name === undefined ? '' : file.source.slice(name);
  // What is imported is judged as a patch; a setting must be spelled out, or the object could be another one too.
  const settings = paths.every((path) => isDocumentedSetting(`${path}.${attribute}`));
  if (paths.length > 0 && (!settings || isSpelledOut(object, file))) return;
  const method = methodOfFirstParameter(object, file);
  if (method !== null && isCalledByPythonAlone(method, file, values)) return;
  file.source.report(
    'attribute-store',
    node.start,
    `${quoted(file.source.slice(node))} is set or deleted: the object could be anybody's.`,
    'Set attributes of `self` in `__init__`, `__call__` or `forward`, and of `ctx` in `forward`; keep what changes later in a dictionary of your own.',
  );
}

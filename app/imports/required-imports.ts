/** The names that the task wants imported, by meaning, at module scope of one file, and left alone afterwards. */
import type { Task } from '../evaluations/task.ts';
import { parentOf } from './module-policy.ts';
import type { Binding } from './scopes.ts';
import { isTopLevel } from './use-rules.ts';
import type { JudgedFile } from './values.ts';

/** Reports every required name that the file does not import, or imports and then loses. */
export function judgeRequired(file: JudgedFile, required: Task['imports']['required']): void {
  for (const name of required.names) judgeOne(file, name);
}

function judgeOne(file: JudgedFile, wanted: string): void {
  const { source, scopes } = file;
  const places = scopes.all.flatMap((scope) =>
    [...scope.bindings].flatMap(([local, bindings]) =>
      bindings.filter((binding) => provides(binding, file, wanted)).map((binding) => ({ local, binding })),
    ),
  );
  const candidates = places.filter(
    ({ binding }) => binding.from === scopes.module && isTopLevel(binding.node),
  );
  const shortFile = source.path.split('/').at(-1);
  if (candidates.length === 0) {
    const elsewhere = places[0];
    const where =
      elsewhere === undefined
        ? ''
        : ` (the import in line ${source.place(elsewhere.binding.node.start).line} is not at module scope)`;
    source.report(
      'missing-import',
      elsewhere?.binding.node.start ?? 0,
      `${shortFile}: Missing required import: ${wanted}${where}`,
      `Add at module scope, outside every block: ${spelling(wanted)}`,
    );
    return;
  }
  const lastOf = new Map(candidates.map(({ local, binding }) => [local, binding]));
  const loss = [...lastOf].map(([local, last]) => lossAfter(local, last, file, wanted));
  if (loss.includes(null)) return;
  const at = (loss[0] as Binding).node;
  source.report(
    'rebound-import',
    at.start,
    `${shortFile}: Missing required import: ${wanted} (imported, but bound again or deleted in line ${source.place(at.start).line})`,
    'Keep the imported name, and give the other thing another one.',
  );
}

/** Whether an import binding gives the wanted module or name: `a.b.c` is module `a.b.c`, or name `c` of `a.b`. */
function provides(binding: Binding, file: JudgedFile, wanted: string): boolean {
  if (binding.kind !== 'import' || binding.path === undefined) return false;
  if (binding.path === wanted) return true;
  // `import a.b.c` binds `a` and imports all three.
  const statement = binding.node.parent;
  if (statement?.type !== 'import_statement' || binding.node.type !== 'dotted_name') return false;
  const module = binding.node.children.map((part) => file.source.slice(part)).join('.');
  return module === wanted || module.startsWith(`${wanted}.`);
}

/**
 * What takes the name away again: a binding at module scope that means something else and comes after the last import
 * of it, or one by `global`, which may run at any time.
 */
function lossAfter(local: string, last: Binding, file: JudgedFile, wanted: string): Binding | null {
  const loss = (file.scopes.module.bindings.get(local) ?? []).find(
    (other) =>
      other !== last &&
      (other.node.start > last.node.start || other.from !== file.scopes.module) &&
      !(other.kind === 'import' && (other.path === last.path || provides(other, file, wanted))),
  );
  return loss ?? null;
}

function spelling(wanted: string): string {
  const last = wanted.slice(parentOf(wanted).length + 1);
  if (parentOf(wanted) === '') return `import ${wanted}`;
  const isModule = !wanted.startsWith('fla.');
  return isModule
    ? `import ${wanted} as ${ALIASES[wanted] ?? last}`
    : `from ${parentOf(wanted)} import ${last}`;
}

/** The customary short names. */
const ALIASES: Readonly<Record<string, string>> = { 'torch.nn.functional': 'F', 'triton.language': 'tl' };

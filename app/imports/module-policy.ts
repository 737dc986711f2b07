/** Which modules a target file may import: the task's data, and relative names made absolute. */
import type { Task } from '../evaluations/task.ts';

export interface ModulePolicy {
  /** Whether the exact module may be imported. */
  allows(module: string): boolean;
  /** The forbidden package that a dotted path is, or lies in. */
  forbidden(path: string): { readonly module: string; readonly advice: string } | null;
  /** Whether the path leads to an allowed module without being one, as `fla.ops` does. */
  leadsToAllowed(path: string): boolean;
  /** Whether the path is a module that the task knows: allowed by its exact name, a target file, or on the way to one. */
  isModule(path: string): boolean;
  /** Dotted names of the target files. */
  readonly own: ReadonlyMap<string, string>;
  /** The allowed list as the miner reads it. */
  readonly listed: string;
}

export function modulePolicy(task: Pick<Task, 'imports' | 'targetFiles'>): ModulePolicy {
  const exact = new Set(task.imports.allowed.filter((name) => !name.endsWith('.*')));
  const parents = new Set(
    task.imports.allowed.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -2)),
  );
  const leading = new Set<string>();
  for (const module of [...exact, ...[...parents].map((parent) => `${parent}.*`)])
    for (let dot = module.lastIndexOf('.'); dot > 0; dot = module.lastIndexOf('.', dot - 1))
      leading.add(module.slice(0, dot));
  const own = new Map(task.targetFiles.map((file) => [moduleName(file), file]));
  const leadsToAllowed = (path: string) => leading.has(path) && !exact.has(path);
  return {
    allows: (module) => exact.has(module) || parents.has(parentOf(module)),
    forbidden: (path) =>
      task.imports.forbidden.find(({ module }) => path === module || path.startsWith(`${module}.`)) ?? null,
    leadsToAllowed,
    isModule: (path) => exact.has(path) || own.has(path) || leading.has(path),
    own,
    listed: task.imports.allowed.join(', '),
  };
}

export function moduleName(file: string): string {
  return file
    .replace(/\.py$/, '')
    .replace(/\/__init__$/, '')
    .replaceAll('/', '.');
}

/** The absolute module that `level` dots and `name` mean in `file`; null when the dots leave the top package. */
export function absoluteModule(file: string, level: number, name: string): string | null {
  if (level === 0) return name;
  const packages = moduleName(file).split('.').slice(0, -1);
  const kept = packages.length - (level - 1);
  if (kept < 1) return null;
  return [...packages.slice(0, kept), ...(name === '' ? [] : [name])].join('.');
}

export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.')));
}

/** An esbuild plugin: `check-task.ts` reads kernels/; a single file carries every task inside. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Plugin } from 'esbuild';
import { KERNELS_DIR, loadTask, type Task } from '../evaluations/task.ts';

export function embedTasks(): Plugin {
  return {
    name: 'embed-tasks',
    setup(build) {
      build.onLoad({ filter: /[\\/]app[\\/]cli[\\/]check-task\.ts$/ }, () => ({
        contents: replacement(everyTask()),
        loader: 'js',
      }));
    },
  };
}

/** `kernels/schemas/task.json` is the schema of the others. */
function everyTask(): Record<string, Task> {
  const names = readdirSync(KERNELS_DIR).filter(
    (name) => name !== 'schemas' && existsSync(path.join(KERNELS_DIR, name, 'task.json')),
  );
  return Object.fromEntries(names.sort().map((name) => [name, loadTask(name)]));
}

/** Same interface as the file that it replaces. */
const replacement = (tasks: Record<string, Task>): string => `
const tasks = ${JSON.stringify(tasks)};
export function importTask(name) {
  if (Object.hasOwn(tasks, name)) return tasks[name];
  throw new Error('there is no task ' + JSON.stringify(name.slice(0, 80)) + ' here, only ' + Object.keys(tasks).join(', '));
}
`;

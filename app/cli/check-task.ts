/** The rules of a task. The single-file command replaces this file and carries every task inside: see `embed-tasks.ts`. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { KERNELS_DIR, loadTask, type Task } from '../evaluations/task.ts';

/** Throws an error that names the task when there is none of that name. */
export function importTask(name: string): Task {
  if (/^\w{1,64}$/.test(name) && !existsSync(path.join(KERNELS_DIR, name, 'task.json')))
    throw new Error(`there is no task ${name} here: see the folders of ${KERNELS_DIR}`);
  return loadTask(name);
}

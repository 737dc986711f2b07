/** The import rules of a task. The single-file command replaces this file and carries every task inside: see `embed-tasks.ts`. */
import { loadTask } from '../evaluations/task.ts';
import type { ImportTask } from '../imports/policy.ts';

/** Throws an error that names the task when there is none of that name. */
export function importTask(name: string): ImportTask {
  return loadTask(name);
}

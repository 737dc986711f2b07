/** The rules of a task. The single-file command replaces this file and carries every task inside: see `embed-tasks.ts`. */
import { loadTask, type Task } from '../evaluations/task.ts';

/** Throws an error that names the task when there is none of that name. */
export function importTask(name: string): Task {
  return loadTask(name);
}

/** The import rules of a task, where there may be no `kernels/` beside the program: the single-file command has them inside. */
import quasar from '../../kernels/quasar/task.json' with { type: 'json' };
import { loadTask, Task } from '../evaluations/task.ts';
import type { ImportTask } from '../imports/policy.ts';

/** Throws an error that names the task when there is none of that name. */
export function importTask(name: string): ImportTask {
  return name === quasar.name ? Task.parse(quasar) : loadTask(name);
}

/** Entry of the single-file command that the App serves at `/cli.mjs`: what a miner needs, without a checkout of ours. */

import type { Task } from '../evaluations/task.ts';
import { installedParsers } from '../imports/installed-parsers.ts';
import { checkCommand } from './check.ts';
import { LINK_HELP, linkCommand } from './link.ts';
import { processIo } from './process-io.ts';
import { runCommand } from './run-command.ts';

/** Written in by the bundler. */
declare const BUNDLED_VERSION: string;
declare const BUNDLED_TASKS: Readonly<Record<string, Task>>;

function bundledTask(name: string): Task {
  const task = Object.hasOwn(BUNDLED_TASKS, name) ? BUNDLED_TASKS[name] : undefined;
  if (task === undefined)
    throw new Error(
      `there is no task ${JSON.stringify(name.slice(0, 80))}: ${Object.keys(BUNDLED_TASKS).join(', ')}`,
    );
  return task;
}

process.exitCode = await runCommand(
  {
    name: 'node cli.mjs',
    version: BUNDLED_VERSION,
    commands: {
      check: {
        summary: 'what the App would say of the imports of a checkout',
        load: async () => (argv, io) =>
          checkCommand(argv, io, { task: bundledTask, parsers: installedParsers }),
      },
      link: {
        summary: 'link your hotkey to your fork: writes quasar.yml',
        help: LINK_HELP,
        load: async () => linkCommand,
      },
    },
  },
  process.argv.slice(2),
  processIo(),
);

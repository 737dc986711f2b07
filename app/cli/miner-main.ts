/**
 * Entry of the single-file command that the App serves at `/cli.mjs`: what miners and validators elsewhere need, without a
 * checkout of ours.
 */
import { checkCommand } from './check.ts';
import { CHECK_HELP } from './check-help.ts';
import { LINK_HELP, linkCommand } from './link.ts';
import { processIo } from './process-io.ts';
import { runCommand } from './run-command.ts';
import { WEIGHTS_HELP, weightsCommand } from './weights.ts';

/** Written in by the bundler. */
declare const BUNDLED_VERSION: string;

process.on('uncaughtException', (error: unknown) => {
  // by itself Node would show the line that threw, and lines of this file are megabytes
  const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`This is a defect of Quasar Referee ${BUNDLED_VERSION}: ${told.slice(0, 4_000)}\n`);
  process.exit(1);
});

process.exitCode = await runCommand(
  {
    name: 'node cli.mjs',
    version: BUNDLED_VERSION,
    commands: {
      check: {
        summary: 'what the App would say of the imports of a checkout',
        help: CHECK_HELP,
        load: async () => checkCommand,
      },
      link: {
        summary: 'link your hotkey to your fork: writes quasar.yml',
        help: LINK_HELP,
        load: async () => linkCommand,
      },
      weights: {
        summary: 'follow the standing of the Referee with the weights of your own hotkey',
        help: WEIGHTS_HELP,
        load: async () => weightsCommand,
      },
    },
  },
  process.argv.slice(2),
  processIo(),
);

/** The command of a checkout: everything a miner, an operator or a validator runs here. */
import { BENCH_HELP } from './bench.ts';
import { BUILD_HELP } from './build.ts';
import { CHECK_HELP } from './check-help.ts';
import { DOCTOR_HELP } from './doctor.ts';
import { LINK_HELP } from './link.ts';
import { OPERATOR_HELP } from './operator.ts';
import { processIo } from './process-io.ts';
import { type Program, runCommand } from './run-command.ts';
import { SIGNER_HELP } from './signer.ts';
import { VERIFY_HELP } from './verify.ts';
import { version } from './version.ts';
import { WEIGHTS_HELP } from './weights.ts';

export function program(): Program {
  return {
    name: 'quasar-referee',
    version: version(),
    commands: {
      check: {
        summary: 'what the App would say of the imports of a checkout',
        help: CHECK_HELP,
        load: async () => (await import('./check.ts')).checkCommand,
      },
      link: {
        summary: 'link your hotkey to your fork: writes quasar.yml',
        help: LINK_HELP,
        load: async () => (await import('./link.ts')).linkCommand,
      },
      bench: {
        summary: 'the judge on your own tree',
        help: BENCH_HELP,
        load: async () => (await import('./bench.ts')).benchCommand,
      },
      verify: {
        summary: 'does a result record hold?',
        help: VERIFY_HELP,
        load: async () => (await import('./verify.ts')).verifyCommand,
      },
      weights: {
        summary: 'what the standing pays, and the weights that follow',
        help: WEIGHTS_HELP,
        load: async () => (await import('./weights.ts')).weightsCommand,
      },
      signer: {
        summary: 'hold the hotkey in a process of its own, which signs weights',
        help: SIGNER_HELP,
        load: async () => (await import('./signer.ts')).signerCommand,
      },
      operator: {
        summary: 'make and pin the operator repository',
        help: OPERATOR_HELP,
        load: async () => (await import('./operator.ts')).operatorCommand,
      },
      doctor: {
        summary: 'is this machine fit to be a runner?',
        help: DOCTOR_HELP,
        load: async () => (await import('./doctor.ts')).doctorCommand,
      },
      build: {
        summary: 'build dist/: the command file for miners and the Action',
        help: BUILD_HELP,
        load: async () => (await import('./build.ts')).buildCommand,
      },
    },
  };
}

/** Runs the process's own arguments; sets the exit code. */
export async function commandLine(): Promise<void> {
  process.exitCode = await runCommand(program(), process.argv.slice(2), processIo());
}

// `tsx app/cli/main.ts …`, as the npm scripts do; bin.mjs calls `commandLine` itself
if (
  process.argv[1] !== undefined &&
  import.meta.url.endsWith('/main.ts') &&
  /[\\/]cli[\\/]main\.ts$/.test(process.argv[1])
)
  await commandLine();

/** `doctor`: runs `runner/doctor`, which a runner's machine has without this package too. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { CHECKOUT } from './find-python.ts';
import { CommandError, type Io, UsageError } from './io.ts';

export const DOCTOR_HELP = `usage: doctor

Says whether this machine can run evaluations: Python with PyTorch, bubblewrap and its namespaces, git, Node, a GPU; and
for what is missing, the line that mends it. QUASAR_PYTHON names another Python. Exit 0 when nothing is missing.
`;

export async function doctorCommand(argv: readonly string[], io: Io): Promise<number> {
  if (argv.length > 0) throw new UsageError('it takes no arguments');
  return new Promise((resolve, reject) => {
    const child = spawn(path.join(CHECKOUT, 'runner', 'doctor'), {
      cwd: io.cwd,
      env: { ...io.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.setEncoding('utf8').on('data', io.out);
    child.stderr.setEncoding('utf8').on('data', io.err);
    child.once('error', (error) =>
      reject(new CommandError(`cannot start runner/doctor: ${error.message}`, 2)),
    );
    child.once('close', (code) => resolve(code ?? 1));
  });
}

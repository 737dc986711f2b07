/** A Python that can run the judge: this checkout's `.venv`, else the `python3` of the PATH when it has PyTorch. */
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError } from './io.ts';

export const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

export const INSTALL_LINES = `  python3 -m venv .venv
  .venv/bin/pip install torch==2.13.0 -r kernels/requirements.txt`;

/** Path or name of the interpreter. Throws `CommandError` (exit 2) with the lines that make one. */
export function findPython(
  checkout = CHECKOUT,
  env: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const venv = path.join(checkout, '.venv');
  // By its real path: the sandbox shows that path to its workers.
  const candidates = [
    ...(existsSync(venv) ? [path.join(realpathSync(venv), 'bin', 'python')] : []),
    'python3',
  ];
  const found = candidates.find((python) => hasTorch(python, env));
  if (found !== undefined) return found;
  throw new CommandError(`no Python with PyTorch was found. In ${checkout} run:\n${INSTALL_LINES}`, 2);
}

/** Looks for the package without importing it, which would take seconds. */
export function hasTorch(
  python: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  const probe = 'import importlib.util, sys; sys.exit(importlib.util.find_spec("torch") is None)';
  return spawnSync(python, ['-c', probe], { env: { ...env }, stdio: 'ignore', timeout: 60_000 }).status === 0;
}

/** The judge's own benchmarks are Python, as it is: a GPU host needs no Node to run them. */
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a script of this folder by the judge's Python; false where it missed a limit, or had no GPU to measure with. */
export function judgeBench(script: string): (args: readonly string[]) => Promise<boolean> {
  return async (args) => {
    const venv = path.join(ROOT, '.venv');
    if (!existsSync(venv))
      throw new Error('there is no .venv. This line makes it: npx tsx tests/setup-python.ts');
    const { status, error } = spawnSync(
      path.join(realpathSync(venv), 'bin', 'python'),
      ['-B', path.join(ROOT, 'tests', 'bench', script), ...args],
      { env: { ...process.env, PYTHONPATH: path.join(ROOT, 'kernels') }, stdio: 'inherit' },
    );
    if (error) throw error;
    return status === 0;
  };
}

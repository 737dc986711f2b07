/** Writes the operator repository: what a runner checks out, and nothing else. */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { bundleAction } from './bundle.ts';
import { CHECKOUT } from './find-python.ts';
import { CommandError, type Io } from './io.ts';
import { OPERATOR_README } from './operator-readme.ts';
import { version } from './version.ts';

/** Marks a folder as written by `init`, which may then write it anew. */
const MARK = '.quasar-operator.json';
/** Everything that `init` owns; what else lies in the folder stays. */
const OWNED = [
  '.github/workflows/evaluate.yml',
  'actions/evaluate',
  'kernels',
  'runner',
  'README.md',
  '.gitignore',
  MARK,
];
const LEFT_OUT = /^(tests|__pycache__|\.pytest_cache|\.ruff_cache|\.venv|.*\.pyc|.*\.egg-info)$/;

/** Returns 0. Throws `CommandError` for a folder that holds something else. */
export async function initOperatorRepository(
  dir: string,
  io: Pick<Io, 'cwd' | 'out' | 'err'>,
): Promise<number> {
  const target = path.resolve(io.cwd, dir);
  refuseForeign(target);
  const action = path.join(target, 'actions', 'evaluate');
  for (const owned of OWNED) rmSync(path.join(target, owned), { recursive: true, force: true });
  mkdirSync(path.join(action, 'dist'), { recursive: true });
  copy('.github/workflows/evaluate.yml', target);
  copy('actions/evaluate/action.yml', target);
  copy('kernels', target);
  copy('runner', target);
  const bundle = await bundleAction(path.join(action, 'dist', 'index.mjs'));
  writeFileSync(path.join(target, 'README.md'), OPERATOR_README);
  writeFileSync(path.join(target, '.gitignore'), '__pycache__/\n*.pyc\n.venv/\n');
  const mark = { madeBy: 'quasar-referee', version: version(), actionSha256: bundle.sha256 };
  writeFileSync(path.join(target, MARK), `${JSON.stringify(mark, null, 2)}\n`);
  io.out(`${target}\n`);
  io.err(nextSteps(target));
  return 0;
}

function refuseForeign(target: string): void {
  let names: string[];
  try {
    names = existsSync(target) ? readdirSync(target) : [];
  } catch (error) {
    throw new CommandError(`${target} is not a folder that can be read: ${(error as Error).message}`, 2);
  }
  const foreign = names.filter((name) => name !== '.git');
  if (foreign.length > 0 && !names.includes(MARK))
    throw new CommandError(
      `${target} is not empty and was not written by operator init (it holds ${foreign[0]}): name a new folder`,
      2,
    );
}

function copy(relative: string, target: string): void {
  cpSync(path.join(CHECKOUT, relative), path.join(target, relative), {
    recursive: true,
    filter: (source) => !LEFT_OUT.test(path.basename(source)),
  });
}

const nextSteps = (target: string): string => `Next:
  1. cd ${target} && git init -b main && git add -A && git commit -m "Operator repository"
  2. push it to a private repository of yours that holds nothing else: no secrets, no other workflow
  3. in the Referee's checkout, where the App runs: npx quasar-referee operator pin $(git -C ${target} rev-parse HEAD)
  4. register a runner there (see runner/README.md) and run runner/doctor on its machine
Repeat 1 to 3 after every update of the Referee.
`;

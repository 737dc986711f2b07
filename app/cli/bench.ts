/** `bench`: the judge on a miner's own tree. Options go to the judge as they are; it owns their meaning. */
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { KERNELS_DIR } from '../evaluations/task.ts';
import { importTask } from './check-task.ts';
import { CHECKOUT, findPython } from './find-python.ts';
import { CommandError, type Io, UsageError } from './io.ts';

export const BENCH_HELP = `usage: bench --path DIR [--task NAME] [--seq-len N …] [--device cpu|cuda] [--no-sandbox] [--json]

Runs the judge on the five files of a checkout, as an evaluation would, and prints what it found. Nothing is sent anywhere.

  --path DIR          checkout of your fork (--repo-path is the same)
  --task NAME         task (default: quasar; quasar_demo runs on the CPU)
  --seq-len N …       sequence lengths to time (default: the task's)
  --device cpu|cuda   where to run (default: the task's)
  --no-sandbox        without isolation: for your own code on a machine without bubblewrap
  --json              print the result record

Exit code: 0 accepted, 1 rejected, 3 inconclusive or not judged, 2 wrong use.
`;

/** Our miniature of upstream, which the demo's task is pinned to; other tasks fetch theirs. */
const MINIATURE = path.join('tests', 'fixtures', 'upstream');

/** The judge's arguments: paths made absolute, the alias resolved, the miniature upstream named for the demo's task. */
export function benchArguments(argv: readonly string[], cwd: string, checkout: string): string[] {
  const args: string[] = [];
  let task: string | undefined;
  let hasPath = false;
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? '';
    const [name, attached] = splitOption(argument);
    if (!['--path', '--repo-path', '--task', '--upstream', '--out'].includes(name)) {
      args.push(argument);
      continue;
    }
    const value = attached ?? argv[++at];
    if (value === undefined || value === '') throw new UsageError(`${name} needs a value`);
    if (name === '--task') task = value;
    const isTree = name === '--path' || name === '--repo-path';
    hasPath ||= isTree;
    if (isTree) args.push('--path', path.resolve(cwd, value));
    else args.push(name, name === '--task' ? value : path.resolve(cwd, value));
  }
  if (!hasPath) throw new UsageError('--path DIR is needed: the checkout of your fork');
  if (task === 'quasar_demo' && !args.includes('--upstream'))
    args.push('--upstream', path.join(checkout, MINIATURE));
  return args;
}

function splitOption(argument: string): [string, string | undefined] {
  const equals = argument.startsWith('--') ? argument.indexOf('=') : -1;
  return equals < 0 ? [argument, undefined] : [argument.slice(0, equals), argument.slice(equals + 1)];
}

/** Throws `CommandError` (exit 2) for a folder or a task that is not there: the judge would call both inconclusive. */
function refuseAbsent(args: readonly string[]): void {
  const after = (name: string) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const tree = after('--path') ?? '';
  if (statSync(tree, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CommandError(`there is no folder ${tree}: --path takes a checkout of your fork`, 2);
  try {
    importTask(after('--task') ?? 'quasar');
  } catch (error) {
    throw new CommandError((error as Error).message, 2);
  }
}

export async function benchCommand(argv: readonly string[], io: Io): Promise<number> {
  const args = benchArguments(argv, io.cwd, CHECKOUT);
  refuseAbsent(args);
  const python = findPython(CHECKOUT, io.env);
  return new Promise((resolve, reject) => {
    const child = spawn(python, ['-B', '-m', 'judge', 'bench', ...args], {
      cwd: KERNELS_DIR,
      env: { ...io.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.setEncoding('utf8').on('data', io.out);
    child.stderr.setEncoding('utf8').on('data', io.err);
    child.once('error', (error) => reject(new CommandError(`cannot start ${python}: ${error.message}`, 2)));
    // 4: the judge was killed, which is neither of its verdicts
    child.once('close', (code) => resolve(code ?? 4));
  });
}

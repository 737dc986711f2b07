/** `bench`: the judge on a miner's own tree. */
import { statSync } from 'node:fs';
import { importTask } from './check-task.ts';
import { CHECKOUT } from './find-python.ts';
import { CommandError, type Io, UsageError } from './io.ts';
import { judgeArguments, runJudge, upstreamOptions } from './run-judge.ts';

export const BENCH_HELP = `usage: bench --path DIR [--task NAME] [--seq-len N … | --full | --max-length | --profile DIR | --sanitize TOOL]
             [--device cpu|cuda] [--no-sandbox] [--json] [--out FILE]

Runs the judge on the five files of a checkout, as an evaluation would, and prints what it found. Nothing is sent anywhere.

  --path DIR          checkout of your fork (--repo-path is the same)
  --task NAME         task (default: quasar; quasar_demo runs on the CPU)
  --seq-len N …       sequence lengths to time (default: the task's, and on a GPU your target)
  --full              the task's lengths and the target of your quasar.yml, else the longest that fits
  --max-length        finds the longest target that fits the memory, and times nothing
  --profile DIR       writes a table of the kernels that a call spends its time in; judges nothing
  --sanitize TOOL     the op once under compute-sanitizer: memcheck, racecheck, initcheck or synccheck
  --device cpu|cuda   where to run (default: the task's)
  --no-sandbox        without isolation: for your own code on a machine without bubblewrap; no Referee takes the result
  --logit-weights DIR a real model's weights, for the logit gate on a GPU
  --json              print the result record
  --out FILE          write the result record, for verify

Exit code: 0 accepted, 1 rejected or findings, 3 inconclusive or not judged, 2 wrong use.
`;

/** The judge's arguments. Throws `UsageError` without a path. */
export function benchArguments(argv: readonly string[], cwd: string, checkout: string): string[] {
  const { args, given } = judgeArguments(argv, cwd);
  if (given('--path') === undefined) throw new UsageError('--path DIR is needed: the checkout of your fork');
  return [...args, ...upstreamOptions(given('--task'), given('--upstream'), checkout)];
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
  return runJudge('bench', args, io);
}

/** `verify`: does a result record hold together, and does its kernel give the same again? */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { CHECKOUT } from './find-python.ts';
import { CommandError, type Io, UsageError } from './io.ts';
import { judgeArguments, runJudge, upstreamOptions } from './run-judge.ts';

export const VERIFY_HELP = `usage: verify RESULT.json [--path DIR] [--upstream DIR] [--device cpu|cuda] [--no-sandbox] [--json]

Checks a result record, and with --path runs its kernel again.

From the record alone: its form and task; that the key is the one that was committed to; that rounds and input classes are those
that the key draws; that every gate passed or failed as its recorded value and limit say, and that the limits of op and state
errors are the task's; that figures follow from the recorded times, and the verdict from all this.

Not checked without --path: that the kernel reached the recorded gate values, and gave the outputs of the recorded digests.
Inputs are drawn from the key once more, the first of each length, and looked at for being finite only: their sha256 is printed,
for comparison with another host's, because the record has none. Times are never measured again.

  --path DIR          checkout with the five files that were judged: runs them again on the same inputs, and compares
                      gates and, on the same kind of board, the outputs bit by bit
  --upstream DIR      folder with exactly the pinned upstream (default: fetched once)
  --device cpu|cuda   where to run (default: the record's)
  --logit-weights DIR on a GPU, the real model's weights of a record whose logits are of "read weights"
  --no-sandbox        without isolation: for your own code on a machine without bubblewrap
  --json              print the steps as JSON

Exit code: 0 it holds, 1 something differs, 3 it could not be looked at, 2 wrong use.
`;

/** The judge's arguments. Throws `UsageError` without exactly one record. */
export function verifyArguments(argv: readonly string[], cwd: string, checkout: string): string[] {
  const { args, words, given } = judgeArguments(argv, cwd);
  // `--device cpu` has a word for a value, too
  const records = words.filter((word) => argv[argv.indexOf(word) - 1] !== '--device');
  const [record] = records;
  if (record === undefined || records.length > 1)
    throw new UsageError('one RESULT.json is needed: the record to verify');
  const file = path.resolve(cwd, record);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    throw new CommandError(`there is no file ${file}`, 2);
  const own = args.map((argument) => (argument === record ? file : argument));
  return [...own, ...upstreamOptions(taskOf(file), given('--upstream'), checkout)];
}

/** Undefined where the record says none; the judge says what is wrong with it. */
function taskOf(file: string): string | undefined {
  try {
    const { task } = JSON.parse(readFileSync(file, 'utf8')) as { task?: { name?: unknown } };
    return typeof task?.name === 'string' ? task.name : undefined;
  } catch {
    return undefined;
  }
}

export async function verifyCommand(argv: readonly string[], io: Io): Promise<number> {
  return runJudge('verify', verifyArguments(argv, io.cwd, CHECKOUT), io);
}

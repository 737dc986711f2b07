/** Starts the judge's own command. Options go to it as they are; it owns their meaning. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { KERNELS_DIR } from '../evaluations/task.ts';
import { CHECKOUT, findPython } from './find-python.ts';
import { CommandError, type Io, UsageError } from './io.ts';

/** Options whose value is a path: made absolute, because the judge runs in another folder. */
const PATHS = ['--path', '--upstream', '--out', '--profile', '--logit-weights'];

/** Our miniature of upstream, which the demo's task is pinned to; other tasks fetch theirs. */
const MINIATURE = path.join('tests', 'fixtures', 'upstream');

export interface Arguments {
  /** For the judge: `--name value`, never `--name=value` where the value is a path. */
  readonly args: string[];
  /** What stands alone, such as a file to verify, as it was typed. */
  readonly words: readonly string[];
  /** The value of an option of PATHS or of `--task`, absolute where it is a path. */
  readonly given: (name: string) => string | undefined;
}

/** Throws `UsageError` for an option of PATHS, or `--task`, without a value. */
export function judgeArguments(argv: readonly string[], cwd: string): Arguments {
  const args: string[] = [];
  const words: string[] = [];
  const values = new Map<string, string>();
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? '';
    const [typed, attached] = splitOption(argument);
    const name = typed === '--repo-path' ? '--path' : typed;
    if (!PATHS.includes(name) && name !== '--task') {
      args.push(argument);
      if (!argument.startsWith('-')) words.push(argument);
      continue;
    }
    const value = attached ?? argv[++at];
    if (value === undefined || value === '') throw new UsageError(`${typed} needs a value`);
    const meant = name === '--task' ? value : path.resolve(cwd, value);
    values.set(name, meant);
    args.push(name, meant);
  }
  return { args, words, given: (name) => values.get(name) };
}

function splitOption(argument: string): [string, string | undefined] {
  const equals = argument.startsWith('--') ? argument.indexOf('=') : -1;
  return equals < 0 ? [argument, undefined] : [argument.slice(0, equals), argument.slice(equals + 1)];
}

/** The options that name the miniature upstream, where the task is pinned to it and nothing else is said. */
export function upstreamOptions(
  task: string | undefined,
  upstream: string | undefined,
  checkout: string,
): string[] {
  return task === 'quasar_demo' && upstream === undefined
    ? ['--upstream', path.join(checkout, MINIATURE)]
    : [];
}

/** The judge's exit code; 4 where it was killed, which is none of its verdicts. */
export async function runJudge(command: string, args: readonly string[], io: Io): Promise<number> {
  const python = findPython(CHECKOUT, io.env);
  return new Promise((resolve, reject) => {
    const child = spawn(python, ['-B', '-m', 'judge', command, ...args], {
      cwd: KERNELS_DIR,
      env: { ...io.env },
      // A terminal of its own lets the judge draw a bar.
      stdio: ['ignore', 'pipe', io.terminal ? 'inherit' : 'pipe'],
    });
    child.stdout?.setEncoding('utf8').on('data', io.out);
    child.stderr?.setEncoding('utf8').on('data', io.err);
    child.once('error', (error) => reject(new CommandError(`cannot start ${python}: ${error.message}`, 2)));
    child.once('close', (code) => resolve(code ?? 4));
  });
}

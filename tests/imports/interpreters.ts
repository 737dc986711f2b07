/** The CPython interpreters of this machine that the policy can be compared with. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Interpreter {
  /** `3.10` to `3.13`. */
  readonly version: string;
  readonly command: string;
  /** Directory of its standard library. */
  readonly library: string;
}

const VERSIONS = ['3.10', '3.11', '3.12', '3.13'];

/** One interpreter of each version found on the PATH or in ~/.pyenv/versions. */
export function findInterpreters(): Interpreter[] {
  const pyenv = path.join(homedir(), '.pyenv', 'versions');
  const installed = listed(pyenv);
  return VERSIONS.flatMap((version) => {
    const own = installed
      .filter((name) => name.startsWith(`${version}.`))
      .map((name) => path.join(pyenv, name, 'bin', 'python'));
    const command = [...own, `python${version}`, 'python3'].find(
      (candidate) => versionOf(candidate) === version,
    );
    return command === undefined ? [] : [{ version, command, library: libraryOf(command) }];
  });
}

const COMPILE = fileURLToPath(new URL('compile.py', import.meta.url));

/** For each source null when the interpreter compiles it, else its error; one that kills the interpreter is refused. */
export function compileAll(interpreter: Interpreter, sources: readonly string[]): (string | null)[] {
  const run = spawnSync(interpreter.command, ['-I', COMPILE], {
    input: JSON.stringify(sources),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (run.status === 0) return JSON.parse(run.stdout) as (string | null)[];
  if (run.signal !== 'SIGSEGV')
    throw new Error(
      `${interpreter.command} failed (${run.status ?? run.signal}): ${run.stderr.slice(0, 2000)}`,
    );
  if (sources.length === 1) return ['the interpreter crashed'];
  const middle = sources.length >> 1;
  return [sources.slice(0, middle), sources.slice(middle)].flatMap((part) => compileAll(interpreter, part));
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

const ask = (command: string, code: string): string => {
  const run = spawnSync(command, ['-I', '-c', code], { encoding: 'utf8' });
  return run.status === 0 ? run.stdout.trim() : '';
};

const versionOf = (command: string): string =>
  ask(command, 'import sys; print("%d.%d" % sys.version_info[:2])');

const libraryOf = (command: string): string => ask(command, 'import os; print(os.path.dirname(os.__file__))');

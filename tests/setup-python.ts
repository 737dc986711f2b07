/** Finds or makes `.venv`: the Python of the judge and its tests. A second run is instant. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const REQUIREMENTS = ['kernels/requirements.txt', 'kernels/requirements-test.txt'];
/** The build without CUDA is a tenth of the size, but is not offered by every package index. */
const TORCH = ['torch==2.13.0+cpu', 'torch==2.13.0'];
const WORKER_UID = '65534';

/** What to do next is in the message. */
export class NoPython extends Error {
  override readonly name = 'NoPython';
}

export interface SetupOptions {
  /** Progress, a line at a time. */
  readonly log: (line: string) => void;
  /** Folder that gets `.venv`; the checkout by default. */
  readonly root?: string;
}

/**
 * Absolute path of a Python with PyTorch and everything of kernels/requirements*.txt; installs what is missing. As root the
 * environment must also be readable for the uid that workers run as. Throws `NoPython`.
 */
export async function ensurePython({ log, root = ROOT }: SetupOptions): Promise<string> {
  const venv = placeOf(root, log);
  const python = path.join(venv, 'bin', 'python');
  const stampFile = path.join(venv, '.quasar-referee');
  const stamp = createHash('sha256')
    .update(REQUIREMENTS.map((file) => readFileSync(path.join(ROOT, file), 'utf8')).join('\0'))
    .digest('hex');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && works(python, [])) return python;

  if (!works(python, [])) {
    const base = basePython();
    log(`making .venv with ${base}`);
    await run(base, ['-m', 'venv', '--clear', venv], log);
  }
  if (!works(python, ['torch'])) await installTorch(python, log);
  log('installing kernels/requirements-test.txt');
  await pip(python, ['-r', path.join(ROOT, 'kernels/requirements-test.txt')], log);
  if (isRoot() && !readableToWorkers(python))
    throw new NoPython(
      `uid ${WORKER_UID}, which workers run as, cannot use ${python}: put the checkout where every user may read (not below a private home)`,
    );
  writeFileSync(stampFile, stamp);
  log('.venv is ready');
  return python;
}

/**
 * `.venv` of the checkout. Where root's checkout is closed to the workers' uid (below a private home, or in a private
 * temporary folder), `.venv` becomes a link to a folder that is open.
 */
function placeOf(root: string, log: (line: string) => void): string {
  const link = path.join(root, '.venv');
  if (existsSync(link)) return realpathSync(link);
  if (!isRoot() || enterable(root)) return link;
  const name = createHash('sha256').update(path.resolve(root)).digest('hex').slice(0, 12);
  const open = `/opt/quasar-referee/venv-${name}`;
  mkdirSync(open, { recursive: true, mode: 0o755 });
  rmSync(link, { force: true });
  symlinkSync(open, link);
  log(`${root} is closed to uid ${WORKER_UID}: .venv is a link to ${open}`);
  return open;
}

function enterable(directory: string): boolean {
  const drop = ['--reuid', WORKER_UID, '--regid', WORKER_UID, '--clear-groups', '--no-new-privs'];
  return spawnSync('setpriv', [...drop, '/usr/bin/test', '-x', directory], { cwd: '/' }).status === 0;
}

/** The first Python >= 3.10 with venv; as root, only one whose files the workers' uid can read (a pyenv below /root is not). */
function basePython(): string {
  const candidates = [...(isRoot() ? ['/usr/bin/python3'] : []), 'python3', '/usr/bin/python3'];
  const fit = candidates.filter(
    (python) =>
      works(python, [], 'import sys; sys.exit(sys.version_info < (3, 10))') &&
      (!isRoot() || readableToWorkers(python)),
  );
  const found = fit.find((python) => works(python, ['venv', 'ensurepip']));
  if (found !== undefined) return found;
  if (fit.length > 0)
    throw new NoPython('Python cannot make environments here. Run: apt-get install -y python3-venv');
  throw new NoPython('no Python 3.10 or newer was found. Run: apt-get install -y python3 python3-venv');
}

async function installTorch(python: string, log: (line: string) => void): Promise<void> {
  for (const wanted of TORCH) {
    log(`installing ${wanted}: this takes minutes`);
    try {
      return await pip(python, [wanted], log);
    } catch (error) {
      if (wanted === TORCH.at(-1)) throw error;
      log(`${wanted} is not to be had here`);
    }
  }
}

function pip(python: string, args: readonly string[], log: (line: string) => void): Promise<void> {
  const quiet = [
    '--disable-pip-version-check',
    '--no-input',
    '--progress-bar',
    'off',
    '--root-user-action',
    'ignore',
  ];
  return run(python, ['-m', 'pip', 'install', ...quiet, ...args], (line) => {
    if (/^(Collecting|Downloading|Installing|Successfully)/.test(line)) log(`  ${line.slice(0, 160)}`);
  });
}

/** Rejects with the last lines that it said. */
function run(command: string, args: readonly string[], onLine: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const last: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        last.push(line);
        if (last.length > 8) last.shift();
        onLine(line);
      });
    child.once('error', (error) => reject(new NoPython(`${command}: ${error.message}`)));
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new NoPython(`${command} ${args.slice(0, 3).join(' ')} … failed:\n${last.join('\n')}`));
    });
  });
}

/** Whether the interpreter runs and has the modules, without importing them. */
function works(python: string, modules: readonly string[], code = ''): boolean {
  const probe = `import importlib.util, sys; sys.exit(any(importlib.util.find_spec(m) is None for m in sys.argv[1:]))`;
  const { status } = spawnSync(python, ['-c', code || probe, ...modules], {
    stdio: 'ignore',
    timeout: 60_000,
  });
  return status === 0;
}

function readableToWorkers(python: string): boolean {
  const resolved = python.includes('/')
    ? python
    : spawnSync('which', [python], { encoding: 'utf8' }).stdout.trim();
  if (!existsSync(resolved)) return false;
  // a venv's python is a link that must be started by its own name, a system's may be started by its target
  const command = /\bvenv\b/.test(resolved) ? resolved : realpathSync(resolved);
  const drop = ['--reuid', WORKER_UID, '--regid', WORKER_UID, '--clear-groups', '--no-new-privs'];
  const { status } = spawnSync('setpriv', [...drop, command, '-I', '-c', 'import json'], {
    cwd: '/',
    stdio: 'ignore',
  });
  return status === 0;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    process.stdout.write(`${await ensurePython({ log: (line) => process.stderr.write(`${line}\n`) })}\n`);
  } catch (error) {
    if (!(error instanceof NoPython)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

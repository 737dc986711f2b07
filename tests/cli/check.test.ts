/** `check` on real directories. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkCommand } from '../../app/cli/check.ts';
import { REQUIRED, task } from '../imports/judging.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'quasar-check-'));
  for (const file of task.targetFiles) write(file, file.endsWith('/chunk.py') ? REQUIRED : 'import torch\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text, { mode: 0o644 });
}

async function check(...argv: string[]): Promise<{ code: number; out: string }> {
  let out = '';
  const code = await checkCommand(argv, { out: (text) => (out += text), cwd: root });
  return { code, out };
}

const GATE = 'fla/ops/quasar/gate.py';
const rulesAt = async (file: string): Promise<string[]> => {
  const { out } = await check('--path', '.', '--json');
  const { findings } = JSON.parse(out) as { findings: { file: string; rule: string }[] };
  return findings.filter((finding) => finding.file === file).map(({ rule }) => rule);
};

describe('check', () => {
  it('passes good files', async () => {
    expect(await check('--path', root)).toEqual({ code: 0, out: 'All 5 target files pass.\n' });
    expect(await check('--path', '.', '--json')).toEqual({ code: 0, out: '{"ok":true,"findings":[]}\n' });
  });

  it('prints findings for people', async () => {
    write(GATE, 'import torch\n  \nx = 1; import os\n');
    const { code, out } = await check('--path', root);
    expect(code).toBe(1);
    expect(out).toContain(`${GATE}:3:15: module-not-allowed\n    \`os\` is not among the modules`);
    expect(out).toMatch(/\n1 finding in 1 of 5 target files\.\n$/);
  });

  it('prints findings for programs', async () => {
    write(GATE, 'from ..gla import x\n');
    const { code, out } = await check('--path', root, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      ok: false,
      findings: [
        {
          rule: 'forbidden-package',
          file: GATE,
          line: 1,
          column: 19,
          message: 'gate.py: Forbidden import found: fla.ops.gla.x (`from ..gla import x`)',
        },
      ],
    });
  });

  it('reports odd files and follows no link', async () => {
    rmSync(path.join(root, GATE));
    expect(await rulesAt(GATE)).toEqual(['file-missing']);
    symlinkSync('/etc/passwd', path.join(root, GATE));
    expect(await rulesAt(GATE)).toEqual(['file-kind']);
    rmSync(path.join(root, GATE));
    mkdirSync(path.join(root, GATE));
    expect(await rulesAt(GATE)).toEqual(['file-kind']);
    rmSync(path.join(root, GATE), { recursive: true });
    execFileSync('mkfifo', [path.join(root, GATE)]);
    expect(await rulesAt(GATE)).toEqual(['file-kind']);
    rmSync(path.join(root, GATE));
    write(GATE, 'x = 1\n');
    chmodSync(path.join(root, GATE), 0o755);
    expect(await rulesAt(GATE)).toEqual(['file-mode']);
    write('elsewhere/gate.py', 'x = 1\n');
    cpSync(path.join(root, 'fla/ops/quasar'), path.join(root, 'elsewhere'), { recursive: true });
    rmSync(path.join(root, 'fla/ops/quasar'), { recursive: true });
    symlinkSync(path.join(root, 'elsewhere'), path.join(root, 'fla/ops/quasar'));
    expect(await rulesAt(GATE)).toEqual(['file-missing']);
  });

  it.each([
    [['--json'], '--path DIR is needed'],
    [['--path', 'absent'], 'cannot read'],
    [['--path', GATE], 'is not a directory'],
    [['--path', '.', '--task', 'nope'], 'nope'],
    [['--path', '.', '--task', '../../etc'], 'no task is named'],
    [['--path', '.', '--wrong'], "Unknown option '--wrong'"],
    [['stray'], 'stray'],
  ])('refuses %j', async (argv, message) => {
    await expect(check(...argv)).rejects.toThrow(message);
  });
});

const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
const upstream = path.join(cache, 'quasar-referee', 'upstream', task.upstream.tree);
const present = task.targetFiles.every((file) => existsSync(path.join(upstream, file)));
if (!present)
  console.log(
    `skipped: upstream's own files are not in ${upstream}; a runner's first evaluation puts them there`,
  );

describe("upstream's own files", () => {
  it.skipIf(!present)('pass (from the internet)', async () => {
    expect(await check('--path', upstream, '--json')).toEqual({
      code: 0,
      out: '{"ok":true,"findings":[]}\n',
    });
  });
});

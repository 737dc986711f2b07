import { execFile } from 'node:child_process';
import { copyFileSync, cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Bundle, bundleCli } from '../../app/cli/bundle.ts';
import { CHECKOUT } from '../../app/cli/find-python.ts';
import { aFolder } from './io.ts';

const FIXTURES = path.join(CHECKOUT, 'tests', 'fixtures');
const folder = aFolder();
let bundle: Bundle;
let again: Bundle;

beforeAll(async () => {
  const built = path.join(aFolder(), 'deep', 'cli.mjs');
  [bundle, again] = await Promise.all([bundleCli(built), bundleCli(path.join(aFolder(), 'cli.mjs'))]);
  copyFileSync(built, path.join(folder, 'cli.mjs'));
});

/** Plain node in an empty folder and environment. */
async function cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const options = { cwd: folder, env: {} };
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['cli.mjs', ...args], options);
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

function aFork(name: string): string {
  const fork = aFolder();
  cpSync(path.join(FIXTURES, 'upstream'), fork, { recursive: true });
  cpSync(path.join(FIXTURES, 'forks', name), fork, { recursive: true });
  return fork;
}

describe('the single-file command', () => {
  it('passes an honest checkout and finds the forbidden import of another', {
    timeout: 120_000,
  }, async () => {
    expect(await cli('check', '--path', aFork('faster'), '--task', 'quasar_demo')).toMatchObject({
      code: 0,
      stderr: '',
    });
    const found = await cli('check', '--path', aFork('forbidden-import'), '--task', 'quasar_demo', '--json');
    expect(found).toMatchObject({ code: 1, stderr: '' });
    expect(JSON.parse(found.stdout)).toMatchObject({
      ok: false,
      findings: [{ file: 'fla/ops/quasar/chunk.py' }],
    });
  });

  it('shows a defect of ours in some lines, and not the megabytes that threw', async () => {
    const broken = 'data:text/javascript,process.cwd=()=>{throw new Error("gone")}';
    const options = { cwd: folder, env: {} };
    const run = promisify(execFile)(process.execPath, ['--import', broken, 'cli.mjs', 'check'], options);
    const { code, stderr } = await run.then(
      () => expect.unreachable(),
      (error: { code: number; stderr: string }) => error,
    );
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^This is a defect of Quasar Referee .*gone/),
    });
    expect(stderr.length).toBeLessThan(4_100);
  });

  it('knows its tasks, its version and its commands', async () => {
    expect((await cli('check', '--path', '.', '--task', 'nope')).stderr).toContain('quasar, quasar_demo');
    const { version } = JSON.parse(readFileSync(path.join(CHECKOUT, 'package.json'), 'utf8'));
    expect((await cli('--version')).stdout).toBe(`${version}\n`);
    expect((await cli('link', '--help')).stdout).toMatch(/^usage: link/);
    const overview = await cli();
    expect(overview.code).toBe(2);
    expect(overview.stderr).toContain('usage: node cli.mjs COMMAND');
    expect(overview.stderr).not.toMatch(/npx|bench|operator/);
  });

  it('refuses wrong use of link without a stack trace', async () => {
    const refused = await cli(
      'link',
      '--write',
      '--hotkey-file',
      'none',
      '--repo',
      'a/b',
      '--referee',
      'https://x.example',
    );
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(
      /^node cli.mjs link: cannot read the hotkey file .*none \(ENOENT\): it lies at/,
    );
  });

  it('is the same bytes at every build, and of a size that can be served', () => {
    expect(again).toEqual(bundle);
    expect(bundle.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(bundle.bytes).toBeLessThan(20 * 1024 * 1024);
  });
});

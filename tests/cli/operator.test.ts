import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { operatorCommand } from '../../app/cli/operator.ts';
import { readOperatorCommits } from '../../app/cli/operator-pin.ts';
import { aFolder, anIo } from './io.ts';

const shaA = 'a'.repeat(40);
const shaB = 'b'.repeat(40);

describe('operator init', () => {
  it('writes all that a runner needs and nothing of ours besides', async () => {
    const io = anIo();
    expect(await operatorCommand(['init', 'op'], io)).toBe(0);
    const target = path.join(io.cwd, 'op');
    expect(io.printed()).toBe(`${target}\n`);
    for (const file of [
      '.github/workflows/evaluate.yml',
      'actions/evaluate/action.yml',
      'actions/evaluate/dist/index.mjs',
      'kernels/judge/__main__.py',
      'kernels/quasar/task.json',
      'kernels/requirements.txt',
      'runner/doctor',
      'README.md',
    ])
      expect(existsSync(path.join(target, file)), file).toBe(true);
    const all = readdirSync(target, { recursive: true, encoding: 'utf8' });
    expect(all.filter((name) => /__pycache__|\.pyc$|\.venv|node_modules|\.ts$/.test(name))).toEqual([]);
    expect(readdirSync(path.join(target, '.github/workflows'))).toEqual(['evaluate.yml']);
    expect(statSync(path.join(target, 'runner/doctor')).mode & 0o111).not.toBe(0);
    const action = parse(readFileSync(path.join(target, 'actions/evaluate/action.yml'), 'utf8'));
    expect(existsSync(path.join(target, 'actions/evaluate', action.runs.main))).toBe(true);
  });

  it('writes anew over its own, removes what is gone and leaves the rest', async () => {
    const io = anIo();
    await operatorCommand(['init', 'op'], io);
    const target = path.join(io.cwd, 'op');
    writeFileSync(path.join(target, 'kernels', 'stale.py'), '');
    mkdirSync(path.join(target, '.git'));
    writeFileSync(path.join(target, 'NOTES'), 'mine');
    await operatorCommand(['init', 'op'], io);
    expect(existsSync(path.join(target, 'kernels', 'stale.py'))).toBe(false);
    expect(readFileSync(path.join(target, 'NOTES'), 'utf8')).toBe('mine');
  });

  it('takes a fresh clone, and refuses a folder of somebody else untouched', async () => {
    const clone = anIo();
    mkdirSync(path.join(clone.cwd, '.git'));
    expect(await operatorCommand(['init', '.'], clone)).toBe(0);
    const foreign = anIo();
    writeFileSync(path.join(foreign.cwd, 'README.md'), 'theirs');
    await expect(operatorCommand(['init', '.'], foreign)).rejects.toThrow(/not empty/);
    expect(readdirSync(foreign.cwd)).toEqual(['README.md']);
  });
});

describe('operator pin', () => {
  it('records commits once each, newest last', async () => {
    const io = anIo();
    for (const sha of [shaA, shaB, shaA.toUpperCase()])
      expect(await operatorCommand(['pin', sha], io)).toBe(0);
    const file = path.join(io.cwd, 'data', 'operator-commits.json');
    expect(readOperatorCommits(file)).toEqual([shaB, shaA]);
    expect(readdirSync(path.dirname(file))).toEqual(['operator-commits.json']);
  });

  it('takes the data folder by option', async () => {
    const io = anIo();
    const data = aFolder();
    await operatorCommand(['pin', shaA, '--data', data], io);
    expect(readOperatorCommits(path.join(data, 'operator-commits.json'))).toEqual([shaA]);
  });

  it.each(['abc', 'HEAD', 'g'.repeat(40), `${shaA}0`])('refuses %s', async (sha) => {
    await expect(operatorCommand(['pin', sha], anIo())).rejects.toThrow(/full 40-digit commit/);
  });

  it('does not replace a file that it cannot understand', async () => {
    const io = anIo();
    const data = aFolder();
    const file = path.join(data, 'operator-commits.json');
    writeFileSync(file, '{"a":');
    await expect(operatorCommand(['pin', shaA, '--data', data], io)).rejects.toThrow(/mend it/);
    expect(readFileSync(file, 'utf8')).toBe('{"a":');
  });

  it('is none where nothing was pinned', () => {
    expect(readOperatorCommits(path.join(aFolder(), 'none.json'))).toEqual([]);
  });
});

describe('the workflow that runners run', () => {
  const text = readFileSync(new URL('../../.github/workflows/evaluate.yml', import.meta.url), 'utf8');
  const workflow = parse(text);

  it('asks for an OIDC token and nothing more', () => {
    expect(workflow.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
  });

  it('puts no expression into a shell, pins what it uses and keeps no credentials', () => {
    for (const step of workflow.jobs.evaluate.steps) {
      expect(step.run).toBeUndefined();
      expect(step.uses).toMatch(/^(\.\/|[\w-]+\/[\w-]+@[0-9a-f]{40}$)/);
    }
    expect(workflow.jobs.evaluate.steps[0].with).toEqual({ 'persist-credentials': false });
    expect(workflow['run-name']).toBe(`quasar evaluation $\{{ inputs.evaluation }}`);
  });
});

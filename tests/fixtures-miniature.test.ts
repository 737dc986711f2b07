import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadTask } from '../app/evaluations/task.ts';
import { commitMiniature, MINIATURE_DIR } from './fixtures/miniature.ts';

describe('the miniature upstream', () => {
  let scratch: string;
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', scratch, ...args], { encoding: 'utf8' });

  beforeAll(() => {
    scratch = mkdtempSync(path.join(tmpdir(), 'miniature-test-'));
    git('init', '-q', '--bare', '.');
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  it('becomes the commit and tree that task quasar_demo pins', () => {
    const { upstream } = loadTask('quasar_demo');
    expect(commitMiniature(scratch)).toEqual({ commit: upstream.commit, tree: upstream.tree });
  });

  it('is the same commit the second time, has no parent and moves no ref', () => {
    const first = commitMiniature(scratch);
    expect(commitMiniature(scratch)).toEqual(first);
    expect(git('log', '--format=%P|%an <%ae>|%at|%ct|%B', first.commit).trim()).toBe(
      '|Quasar Miniature <miniature@example.com>|1767225600|1767225600|Miniature upstream',
    );
    expect(git('for-each-ref')).toBe('');
  });

  it('holds the target files of the task, byte for byte', () => {
    const { commit } = commitMiniature(scratch);
    for (const file of loadTask('quasar_demo').targetFiles)
      expect(git('show', `${commit}:${file}`)).toBe(readFileSync(path.join(MINIATURE_DIR, file), 'utf8'));
  });
});

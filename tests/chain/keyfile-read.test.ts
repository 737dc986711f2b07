import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readPasswordFile, readSecretFile } from '../../app/chain/keyfile-read.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'quasar-secret-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (content: string, mode = 0o600) => {
  const file = path.join(folder, 'secret');
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
};

describe('a password file', () => {
  it.each([
    ['correct horse', 'correct horse'],
    ['correct horse\n', 'correct horse'],
    ['correct horse\r\n', 'correct horse'],
    [' spaces are part of it ', ' spaces are part of it '],
    ['two\nlines\n', 'two\nlines'],
    ['Pferd 🐎\n', 'Pferd 🐎'],
  ])('that holds %j gives %j', (content, password) => {
    expect(readPasswordFile(write(content))).toBe(password);
  });

  it.each(['', '\n'])('that holds %j holds none', (content) => {
    expect(() => readPasswordFile(write(content))).toThrow('is empty');
  });
});

describe('a secret file', () => {
  it('is named in every error', () => {
    const file = write('x', 0o644);
    expect(() => readSecretFile(file, 'password file')).toThrow(`password file ${file}`);
    expect(() => readSecretFile(`${file}-absent`, 'password file')).toThrow(
      `password file ${file}-absent (ENOENT)`,
    );
  });

  it('is not waited for where it is a pipe', () => {
    const pipe = path.join(folder, 'pipe');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    expect(() => readSecretFile(pipe, 'hotkey file')).toThrow('is not a hotkey file');
  });
});

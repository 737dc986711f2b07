import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isSealedBy, sealed } from '../../../app/chain/standing/envelope.ts';
import { openServerKey, ServerKeyError } from '../../../app/chain/standing/server-key.ts';

function aFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'server-key-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const refusal = (file: string) => {
  try {
    openServerKey(file);
  } catch (error) {
    if (error instanceof ServerKeyError) return error;
    throw error;
  }
  throw new Error('the key was opened');
};

describe('the server key', () => {
  it('is made once, for its owner only, in a folder that need not be there', () => {
    const file = path.join(aFolder(), 'data', 'server-key.pem');
    const first = openServerKey(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(path.dirname(file))).toEqual(['server-key.pem']);
    const again = openServerKey(file);
    expect([again.keyId, again.publicKey]).toEqual([first.keyId, first.publicKey]);
    expect(isSealedBy(sealed({ a: 1 }, first.privateKey), again.publicKey)).toBe(true);
    expect(openServerKey(path.join(aFolder(), 'k')).keyId).not.toBe(first.keyId);
  });

  it('is the same for processes that begin at once', async () => {
    const folder = aFolder();
    const module = path.resolve(import.meta.dirname, '../../../app/chain/standing/server-key.ts');
    const script = `
      const { openServerKey } = await import(${JSON.stringify(module)});
      process.stdin.once('data', () => {
        for (let i = 0; i < 40; i += 1) console.log(openServerKey(${JSON.stringify(folder)} + '/' + i + '/key.pem').keyId);
        process.exit();
      });
      console.error('ready');`;
    const children = [1, 2, 3].map(() => {
      const run = promisify(execFile)(process.execPath, [
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        script,
      ]);
      const ready = new Promise((resolve) => run.child.stderr?.once('data', resolve));
      return { run, ready };
    });
    await Promise.all(children.map(({ ready }) => ready));
    for (const { run } of children) run.child.stdin?.write('go\n');
    const [one, ...others] = (await Promise.all(children.map(({ run }) => run))).map(({ stdout }) => stdout);
    expect(one?.trim().split('\n')).toHaveLength(40);
    for (const other of others) expect(other).toBe(one);
    expect(readdirSync(path.join(folder, '0'))).toEqual(['key.pem']);
  });

  it('is not replaced, whatever stands in its place', () => {
    const file = path.join(aFolder(), 'server-key.pem');
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    for (const text of [
      '',
      'no key',
      rsa.export({ type: 'pkcs8', format: 'pem' }).toString(),
      'x'.repeat(70_000),
    ]) {
      writeFileSync(file, text, { mode: 0o600 });
      expect(refusal(file)).toMatchObject({ code: 'not_a_key', retryable: false });
      expect(readFileSync(file, 'utf8')).toBe(text);
    }
  });

  it('says what to do about a file that others may open, and about a folder', () => {
    const file = path.join(aFolder(), 'server-key.pem');
    openServerKey(file);
    chmodSync(file, 0o640);
    expect(refusal(file)).toMatchObject({ code: 'too_open' });
    expect(refusal(file).userMessage).toContain(`chmod 600 ${file}`);
    const folder = path.join(aFolder(), 'server-key.pem');
    mkdirSync(folder);
    expect(refusal(folder)).toMatchObject({ code: 'not_a_key' });
    expect(refusal(path.join(file, 'below'))).toMatchObject({ code: 'unreadable' });
  });
});

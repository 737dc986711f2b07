import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { hexToU8a } from '@polkadot/util';
import { sr25519Verify } from '@polkadot/util-crypto/sr25519';
import { afterAll, describe, expect, it } from 'vitest';
import { remoteSigner } from '../../app/chain/signer-client.ts';
import { runSigner, SIGNER_HELP } from '../../app/chain/signer-process.ts';
import { LOCKED, PLAIN } from './keyfile-vectors.ts';
import { aCall, aRequest, FINNEY, OTHER, signedByPolkadot, TRANSFER } from './signer-requests.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'quasar-signer-process-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const write = (name: string, content: string | Buffer, mode = 0o600) => {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
};
const HOTKEY = write('hotkey', JSON.stringify(PLAIN));
const SOCKET = path.join(folder, 'signer.sock');
const ARGUMENTS = ['--hotkey-file', HOTKEY, '--netuid', '7', '--genesis', FINNEY, '--socket', SOCKET];
const without = (name: string) => ARGUMENTS.toSpliced(ARGUMENTS.indexOf(name), 2);
const instead = (name: string, value: string) => [...without(name), name, value];

async function start() {
  const command = ['--import', 'tsx', 'app/cli/main.ts', 'signer', ...ARGUMENTS];
  const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  const log: string[] = [];
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => log.push(line));
  await Promise.race([once(lines, 'line'), once(child, 'exit')]);
  return { child, log };
}

/** In this process, told to stop before it opens its socket. */
async function run(...argv: readonly string[]) {
  let said = '';
  const say = (text: string) => {
    said += text;
  };
  const code = await runSigner(argv, { out: say, err: say, now: () => 0, stop: AbortSignal.abort() });
  return { code, said };
}

describe('the signer as a process', () => {
  it('signs weights, refuses the rest, and stops in good order', async () => {
    const { child, log } = await start();
    expect(JSON.parse(log[0] ?? '{}')).toMatchObject({
      msg: 'signer listens',
      hotkey: PLAIN.ss58Address,
      netuid: 7,
    });

    const signer = remoteSigner(SOCKET);
    const address = PLAIN.ss58Address;
    const request = aRequest({ address });
    const { signature } = await signer.signPayload(request);
    const bytes = hexToU8a(signature).subarray(1);
    expect(sr25519Verify(signedByPolkadot(request), bytes, hexToU8a(PLAIN.publicKey))).toBe(true);

    const row = { uids: [1], values: [65_535] };
    const elsewhere = aCall('set_weights', 0, { kind: 'plain', netuid: 8, mecid: 0, row, versionKey: 0n });
    for (const [overrides, code] of [
      [{ method: TRANSFER }, 'not_a_weight_call'],
      [{ method: elsewhere }, 'another_netuid'],
      [{ genesisHash: `0x${'33'.repeat(32)}` }, 'another_genesis'],
    ] as const)
      await expect(signer.signPayload(aRequest({ address, ...overrides }))).rejects.toMatchObject({ code });

    child.kill('SIGTERM');
    // unlike `exit`, this comes after its last words
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(existsSync(SOCKET)).toBe(false);
    expect(log.map((line) => JSON.parse(line).msg)).toEqual([
      'signer listens',
      'weights signed',
      'signature refused',
      'signature refused',
      'signature refused',
      'signer stopped',
    ]);
    for (const secret of ['bottom drive', PLAIN.secretSeed.slice(2), PLAIN.privateKey.slice(2)])
      expect(log.join('\n')).not.toContain(secret);
  });

  it('comes back after it was killed', async () => {
    const first = await start();
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    expect(existsSync(SOCKET)).toBe(true);
    const second = await start();
    expect((await remoteSigner(SOCKET).identity()).hotkey).toBe(PLAIN.ss58Address);
    second.child.kill('SIGTERM');
    await once(second.child, 'exit');
  });
});

describe('the command of the signer', () => {
  it('explains itself', async () => {
    expect(await run('--help')).toEqual({ code: 0, said: SIGNER_HELP });
  });

  it('would start with these arguments', async () => {
    expect(await run(...ARGUMENTS)).toEqual({ code: 0, said: '' });
    expect(await run(...ARGUMENTS, '--proxy-for', OTHER.hotkey, '--group', '--max-per-hour', '9')).toEqual({
      code: 0,
      said: '',
    });
  });

  it.each([
    ['--hotkey-file is missing', without('--hotkey-file')],
    ['--netuid is missing', without('--netuid')],
    ['--genesis is missing', without('--genesis')],
    ['--socket is missing', without('--socket')],
    ['--netuid is not', instead('--netuid', '65536')],
    ['--netuid is not', instead('--netuid', '7x')],
    ['--genesis is not', instead('--genesis', FINNEY.slice(0, -1))],
    ['--max-per-hour is not', [...ARGUMENTS, '--max-per-hour', '0']],
    ['--proxy-for is not', [...ARGUMENTS, '--proxy-for', 'cosmos1xyz']],
    ['--password', [...ARGUMENTS, '--password', 'x']],
  ])('says that %s', async (words, argv) => {
    const { code, said } = await run(...argv);
    expect(code).toBe(2);
    expect(said).toContain(words);
    expect(said).toContain('usage: signer');
  });

  it.each([
    ['a file that all may read', 'open', JSON.stringify(PLAIN), 0o644, [], 'chmod 600'],
    ['an encrypted file without a password', 'locked', LOCKED, 0o600, [], 'password'],
  ] as const)('says what is wrong with %s', async (_, name, content, mode, more, words) => {
    const file = write(name, content, mode);
    const { code, said } = await run(...instead('--hotkey-file', file), ...more);
    expect(code).toBe(1);
    expect(said).toContain(words);
  });

  it.each([
    ['that all may read', 'secret\n', 0o640, 'chmod 600'],
    ['that is empty', '\n', 0o600, 'is empty'],
  ])('does not take a password file %s', async (_, content, mode, words) => {
    const file = write('password', content, mode);
    const { code, said } = await run(...ARGUMENTS, '--password-file', file);
    expect(code).toBe(1);
    expect(said).toContain(words);
    expect(said).not.toContain('secret\n');
  });
});

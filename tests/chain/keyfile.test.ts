import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { sr25519Verify } from '@polkadot/util-crypto/sr25519';
import { afterAll, describe, expect, it } from 'vitest';
import { parseKeyfile, readKeyfile } from '../../app/chain/keyfile.ts';
import { KeyfileError } from '../../app/chain/keyfile-error.ts';
import { HotkeyPair } from '../../app/chain/keyfile-pair.ts';
import { isLocked } from '../../app/chain/keyfile-password.ts';
import { FROM_BAD_SEED, FROM_URI, LOCKED, PASSWORD, PASSWORD_KEY, PLAIN } from './keyfile-vectors.ts';

const bytesOf = (content: unknown) => Buffer.from(JSON.stringify(content));
const plain = (content: unknown) => parseKeyfile(bytesOf(content), 'FILE', { password: null });
/** Stands in for the seconds of argon2i; `keyfile-peers.test.ts` takes the real one. */
const derive = async (password: Uint8Array) =>
  Buffer.from(password).toString() === PASSWORD ? PASSWORD_KEY : Buffer.alloc(32, 1);
const { secretPhrase, secretSeed, privateKey, publicKey, ss58Address } = PLAIN;

async function refusal(opening: Promise<HotkeyPair> | (() => Promise<HotkeyPair>)): Promise<KeyfileError> {
  try {
    await (typeof opening === 'function' ? opening() : opening);
  } catch (error) {
    if (error instanceof KeyfileError) return error;
    throw error;
  }
  throw new Error('it was opened');
}

describe('a hotkey file', () => {
  it.each([
    ['all that the wallet writes', PLAIN],
    ['the phrase', { secretPhrase }],
    ['the seed', { secretSeed }],
    ['the private and the public key', { privateKey, publicKey }],
    ['a null where there is no phrase', { ...PLAIN, secretPhrase: null }],
    ['a key type in words', { ...PLAIN, cryptoType: '1' }],
  ])('opens with %s', async (_, content) => {
    const pair = await plain(content);
    expect(pair.hotkey).toBe(ss58Address);
    const message = Buffer.from('a message');
    expect(sr25519Verify(message, pair.sign(message), Buffer.from(publicKey.slice(2), 'hex'))).toBe(true);
  });

  it('of a derived key opens by its private key', async () => {
    expect((await plain(FROM_URI)).hotkey).toBe('5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY');
  });

  it('whose seed the wallet garbled opens by its private key', async () => {
    expect((await plain(FROM_BAD_SEED)).hotkey).toBe(FROM_BAD_SEED.ss58Address);
  });

  it.each([
    ['another address', { ...PLAIN, ss58Address: FROM_URI.ss58Address }, 'contradiction'],
    ['another public key', { secretPhrase, publicKey: FROM_URI.publicKey }, 'contradiction'],
    ['a seed that is not the phrase', { secretPhrase, secretSeed: `0x${'07'.repeat(32)}` }, 'contradiction'],
    ['a public part only', { ss58Address, publicKey }, 'no_secret'],
    ['a private key of another', { privateKey, publicKey: FROM_URI.publicKey }, 'no_secret'],
    ['a private key of no scalar', { privateKey: `0x${'ff'.repeat(64)}`, publicKey }, 'no_secret'],
    ['an ed25519 key', { ...PLAIN, cryptoType: 0 }, 'wrong_key_type'],
    ['a phrase with a wrong word', { secretPhrase: `${secretPhrase}s` }, 'not_a_keyfile'],
    ['a list', [PLAIN], 'not_a_keyfile'],
    ['nothing', null, 'not_a_keyfile'],
  ])('with %s is refused', async (_, content, code) => {
    const error = await refusal(plain(content));
    expect(error).toMatchObject({ code, retryable: false });
    expect(error.userMessage).toContain('FILE');
  });

  it.each([
    ['broken JSON', JSON.stringify(PLAIN).slice(0, -1)],
    ['a wrong phrase', JSON.stringify({ secretPhrase: `${secretPhrase} walk` })],
    ['a contradiction', JSON.stringify({ ...PLAIN, publicKey: FROM_URI.publicKey })],
    ['a wrong type', JSON.stringify({ ...PLAIN, secretPhrase: [secretPhrase] })],
  ])('never gets into the error about %s', async (_, text) => {
    const error = await refusal(parseKeyfile(Buffer.from(text), 'FILE', { password: null }));
    const shown = [inspect(error, { depth: 9, showHidden: true }), error.stack, JSON.stringify(error)].join(
      '\n',
    );
    for (const secret of [secretPhrase, 'bottom drive', secretSeed.slice(2), privateKey.slice(2)])
      expect(shown).not.toContain(secret);
  });
});

describe('an encrypted hotkey file', () => {
  it('opens with its password', async () => {
    expect(isLocked(LOCKED)).toBe(true);
    const pair = await parseKeyfile(LOCKED, 'FILE', { password: PASSWORD, derive });
    expect(pair.hotkey).toBe(ss58Address);
  });

  it('says that a password is wrong', async () => {
    const error = await refusal(parseKeyfile(LOCKED, 'FILE', { password: 'wrong horse', derive }));
    expect(error.code).toBe('wrong_password');
    expect(inspect(error)).not.toContain('wrong horse');
  });

  it.each([null, ''])('asks for a password when it gets %j', async (password) => {
    expect((await refusal(parseKeyfile(LOCKED, 'FILE', { password, derive }))).code).toBe('password_missing');
  });

  it('is told from one that was cut', async () => {
    const cut = LOCKED.subarray(0, 40);
    expect((await refusal(parseKeyfile(cut, 'FILE', { password: PASSWORD, derive }))).code).toBe(
      'not_a_keyfile',
    );
  });

  it('notices that it was changed', async () => {
    const changed = Buffer.from(LOCKED);
    changed[100] = (changed[100] ?? 0) ^ 1;
    expect((await refusal(parseKeyfile(changed, 'FILE', { password: PASSWORD, derive }))).code).toBe(
      'wrong_password',
    );
  });

  it.each(['$ANSIBLE_VAULT;1.1;AES256\n6162', 'gAAAAABkZ0'])(
    'of the old form %s is refused',
    async (text) => {
      const error = await refusal(parseKeyfile(Buffer.from(text), 'FILE', { password: PASSWORD, derive }));
      expect(error.code).toBe('unsupported_encryption');
    },
  );
});

describe('a hotkey pair', () => {
  it('shows its address and not its secret, however it is printed', async () => {
    const pair = await plain(PLAIN);
    const shown = [
      `${pair}`,
      JSON.stringify({ pair }),
      inspect({ pair }, { depth: 9, showHidden: true }),
      JSON.stringify(Object.entries(pair)),
      JSON.stringify(structuredClone(pair)),
    ].join('\n');
    expect(shown).toContain(ss58Address);
    for (const secret of [secretSeed.slice(2), privateKey.slice(2, 40), 'bottom'])
      expect(shown).not.toContain(secret);
  });

  it('signs differently each time', () => {
    const pair = HotkeyPair.fromMiniSecret(Buffer.alloc(32, 7));
    expect(pair.sign(Buffer.from('x'))).not.toEqual(pair.sign(Buffer.from('x')));
  });

  it('is not made of a seed of another length', () => {
    expect(() => HotkeyPair.fromMiniSecret(Buffer.alloc(31))).toThrow('32 bytes');
    expect(HotkeyPair.fromPrivateKey(Buffer.alloc(63), Buffer.alloc(32))).toBeNull();
  });
});

describe('reading a hotkey file', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'quasar-keyfile-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const write = (name: string, mode: number, content: unknown = PLAIN) => {
    const file = path.join(folder, name);
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    chmodSync(file, mode);
    return file;
  };
  const read = (file: string) => readKeyfile(file, { password: null });

  it.each([0o600, 0o400])('gives the key of a file of mode %o', async (mode) => {
    expect((await read(write('good', mode))).hotkey).toBe(ss58Address);
  });

  it('follows a link to the file that is checked', async () => {
    const link = path.join(folder, 'link');
    symlinkSync(write('open', 0o644), link);
    expect((await refusal(() => read(link))).code).toBe('too_open');
  });

  it.each([0o604, 0o620, 0o640, 0o644, 0o666, 0o601])('refuses mode %o and says the remedy', async (mode) => {
    const file = write('open', mode);
    const error = await refusal(() => read(file));
    expect(error.code).toBe('too_open');
    expect(error.userMessage).toContain(`chmod 600 ${file}`);
  });

  it('says where a missing file would lie', async () => {
    const error = await refusal(() => read(path.join(folder, 'absent')));
    expect(error.code).toBe('unreadable');
    expect(error.userMessage).toContain('ENOENT');
  });

  it('refuses a folder and what is too long', async () => {
    const sub = path.join(folder, 'sub');
    mkdirSync(sub, { recursive: true });
    expect((await refusal(() => read(sub))).code).toBe('not_a_keyfile');
    const long = write('long', 0o600, JSON.stringify({ ...PLAIN, more: 'x'.repeat(70_000) }));
    expect((await refusal(() => read(long))).code).toBe('not_a_keyfile');
  });

  it.each(['coldkey', 'coldkeypub.txt'])('does not even open a %s', async (name) => {
    expect((await refusal(() => read(write(name, 0o600)))).code).toBe('coldkey');
  });
});

/** Files that Bittensor's own wallet package writes now, and the real derivation of a key from a password. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readKeyfile } from '../../app/chain/keyfile.ts';
import { deriveKey } from '../../app/chain/keyfile-password.ts';
import { PASSWORD, PASSWORD_KEY, PLAIN } from './keyfile-vectors.ts';
import { askPeer, findPeers } from './prepare-peers.ts';

const python = findPeers();

describe('a file of bittensor-wallet', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'quasar-wallet-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const written = async (password: string) => {
    const said = await askPeer(python ?? '', 'wallet', folder, password, PLAIN.secretPhrase);
    return said.split('\n').at(-1) ?? '';
  };

  it.runIf(python !== null)('opens', async () => {
    expect((await readKeyfile(await written(''), { password: null })).hotkey).toBe(PLAIN.ss58Address);
  });

  it.runIf(python !== null)(
    'opens with its password',
    async () => {
      const file = await written(PASSWORD);
      const pair = await readKeyfile(file, { password: PASSWORD, derive: async () => PASSWORD_KEY });
      expect(pair.hotkey).toBe(PLAIN.ss58Address);
    },
    60_000,
  );
});

describe('the key of a password', () => {
  it('is the one that libsodium derives', async () => {
    expect(Buffer.from(await deriveKey(Buffer.from(PASSWORD))).equals(PASSWORD_KEY)).toBe(true);
  });
});

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { HotkeyPair } from '../app/chain/keyfile-pair.ts';
import { createSigner } from '../app/chain/signer.ts';
import { startSignerServer } from '../app/chain/signer-server.ts';
import { prepareWallet } from '../app/chain-wallet.ts';
import type { ChainConfig } from '../app/config/chain.ts';
import type { Hotkey } from '../app/ids.ts';
import { GENESIS } from './http/weights-samples.ts';

const SEED = `0x${'07'.repeat(32)}`;
const KEY = HotkeyPair.fromMiniSecret(new Uint8Array(32).fill(7)).hotkey;
const OTHER = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY' as Hotkey;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'quasar-wallet-'));
  file = path.join(folder, 'default');
  writeFileSync(file, JSON.stringify({ secretSeed: SEED, ss58Address: KEY }), { mode: 0o600 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const prepare = (more: Partial<ChainConfig>, log = (_: string, _fields: object) => {}) =>
  prepareWallet(
    {
      endpoints: ['ws://127.0.0.1:1'],
      genesisHash: GENESIS,
      blockMs: 12_000,
      hotkey: null,
      wallet: { kind: 'file', file, passwordFile: null },
      proxyFor: null,
      versionKey: 0,
      loose: 'owner',
      carryOverMs: 0,
      ...more,
    },
    { netuid: 24, now: () => 0, log },
  );

it('is none in a dry run', async () => {
  expect(await (await prepare({ wallet: null }))()).toBeNull();
});

it('signs for the account of its key, or for the one that it is the proxy of', async () => {
  const own = await (await prepare({}))();
  expect(own).toMatchObject({ account: KEY, signingAccount: KEY });
  expect(await own?.signer.identity()).toEqual({
    hotkey: KEY,
    netuid: 24,
    genesisHash: GENESIS,
    proxyFor: null,
  });
  const proxy = await (await prepare({ proxyFor: OTHER, hotkey: OTHER }))();
  expect(proxy).toMatchObject({ account: OTHER, signingAccount: KEY });
  expect(await proxy?.signer.identity()).toMatchObject({ hotkey: KEY, proxyFor: OTHER });
});

it('says before the App listens which file cannot be used and why, and never what is in it', async () => {
  const refused = async (more: Partial<ChainConfig> = {}) => {
    const error = await prepare(more).then(
      () => null,
      (problem: unknown) => problem,
    );
    expect(error).toMatchObject({ name: 'ConfigError' });
    expect(String(error)).not.toContain('0707');
    return String(error);
  };
  expect(await refused({ hotkey: OTHER })).toContain(
    `WALLET_HOTKEY is not the address of the key in WALLET_FILE, which is ${KEY}`,
  );
  chmodSync(file, 0o644);
  expect(await refused()).toContain('chmod 600');
  chmodSync(file, 0o600);
  writeFileSync(file, `$NACL${'x'.repeat(60)}`);
  expect(await refused()).toContain('WALLET_PASSWORD_FILE is missing');
  expect(await refused({ wallet: { kind: 'file', file: `${file}-not`, passwordFile: null } })).toContain(
    'WALLET_FILE cannot be used: cannot read the hotkey file',
  );
});

it('asks a signer process when there is a use for it, not at boot', async () => {
  const open = await prepare({ wallet: { kind: 'socket', socket: path.join(folder, 'signer.sock') } });
  await expect(open()).rejects.toMatchObject({ name: 'SignerError', code: 'unavailable', retryable: true });
});

it('signs for the key of the signer process, once it answers', async () => {
  const socketPath = path.join(folder, 'signer.sock');
  const open = await prepare({
    wallet: { kind: 'socket', socket: socketPath },
    proxyFor: OTHER,
    hotkey: OTHER,
  });
  const signer = createSigner({
    pair: HotkeyPair.fromMiniSecret(new Uint8Array(32).fill(7)),
    policy: { netuid: 24, genesisHash: GENESIS, proxyFor: OTHER },
    limit: { signatures: 1, windowMs: 1 },
    now: () => 0,
    log: () => {},
  });
  const server = await startSignerServer({ signer, socketPath, group: false, log: () => {} });
  try {
    expect(await open()).toMatchObject({ account: OTHER, signingAccount: KEY });
  } finally {
    await server.stop();
  }
});

/** Bittensor's hotkey files, `~/.bittensor/wallets/NAME/hotkeys/HOTKEY`: plain JSON, or encrypted with a password. */
import path from 'node:path';
import { hexToU8a, isHex, u8aEq } from '@polkadot/util';
import { mnemonicToMiniSecret } from '@polkadot/util-crypto/mnemonic';
import { z } from 'zod';
import { KeyfileError } from './keyfile-error.ts';
import { HotkeyPair } from './keyfile-pair.ts';
import { type DeriveKey, isLocked, unlock } from './keyfile-password.ts';
import { readPasswordFile, readSecretFile } from './keyfile-read.ts';

export interface KeyfileOptions {
  /** Of an encrypted file; null where there is none. */
  readonly password: string | null;
  /** The slow step from password to key; argon2i as Bittensor's wallets have it by default. */
  readonly derive?: DeriveKey;
}

const KeyfileJson = z.looseObject({
  secretPhrase: z.string().nullish(),
  secretSeed: z.string().nullish(),
  privateKey: z.string().nullish(),
  publicKey: z.string().nullish(),
  ss58Address: z.string().nullish(),
  /** 1 is sr25519; older files have none. */
  cryptoType: z.union([z.number(), z.string()]).nullish(),
});
type KeyfileJson = z.infer<typeof KeyfileJson>;

/** As `readKeyfile`, with the password in a file of its own; null where the hotkey file needs none. Throws `KeyfileError`. */
export async function openKeyfile(file: string, passwordFile: string | null): Promise<HotkeyPair> {
  const password = passwordFile === null ? null : readPasswordFile(passwordFile);
  return readKeyfile(file, { password });
}

/** Reads and opens a hotkey file that nobody but its owner may read. Throws `KeyfileError`. */
export async function readKeyfile(file: string, options: KeyfileOptions): Promise<HotkeyPair> {
  if (/^coldkey(pub\.txt)?$/.test(path.basename(file)))
    throw new KeyfileError(
      'coldkey',
      `${file} is a coldkey, which this never needs: take it off this machine, and give a hotkey (~/.bittensor/wallets/NAME/hotkeys/HOTKEY)`,
    );
  return parseKeyfile(readSecretFile(file, 'hotkey file'), file, options);
}

/** `file` is for messages only. Throws `KeyfileError`. */
export async function parseKeyfile(
  bytes: Uint8Array,
  file: string,
  { password, derive }: KeyfileOptions,
): Promise<HotkeyPair> {
  const plain = isLocked(bytes) ? await unlock(bytes, file, password, derive) : bytes;
  const parsed = KeyfileJson.safeParse(json(plain));
  if (!parsed.success)
    throw new KeyfileError('not_a_keyfile', `${file} is not a Bittensor hotkey file (JSON with a secret)`);
  const { cryptoType } = parsed.data;
  if (cryptoType != null && Number(cryptoType) !== 1)
    throw new KeyfileError('wrong_key_type', `${file} does not hold an sr25519 key, and hotkeys are sr25519`);
  return pairOf(parsed.data, file);
}

function pairOf(content: KeyfileJson, file: string): HotkeyPair {
  const { secretPhrase, secretSeed, privateKey, publicKey, ss58Address } = content;
  const pairs = [
    secretPhrase ? fromPhrase(secretPhrase, file) : null,
    // some versions of Bittensor's wallet wrote a seed that is not hex, beside a private key that is right
    isHex(secretSeed, 256) ? HotkeyPair.fromMiniSecret(hexToU8a(secretSeed)) : null,
    isHex(privateKey, 512) && isHex(publicKey, 256)
      ? HotkeyPair.fromPrivateKey(hexToU8a(privateKey), hexToU8a(publicKey))
      : null,
  ].filter((pair) => pair !== null);
  const [pair] = pairs;
  if (pair === undefined)
    throw new KeyfileError(
      'no_secret',
      `${file} holds no secret that can sign (the public part only?): give hotkeys/HOTKEY, not a file that ends in pub.txt`,
    );
  const fits =
    pairs.every(({ hotkey }) => hotkey === pair.hotkey) &&
    (!ss58Address || ss58Address === pair.hotkey) &&
    (!publicKey || (isHex(publicKey) && u8aEq(hexToU8a(publicKey), pair.publicKey)));
  if (!fits)
    throw new KeyfileError(
      'contradiction',
      `${file} contradicts itself: its address is not that of its secret (${pair.hotkey}); regenerate the hotkey from its phrase`,
    );
  return pair;
}

function fromPhrase(phrase: string, file: string): HotkeyPair {
  let miniSecret: Uint8Array;
  try {
    miniSecret = mnemonicToMiniSecret(phrase);
  } catch {
    throw new KeyfileError('not_a_keyfile', `the secret phrase in ${file} is not a valid one`);
  }
  return HotkeyPair.fromMiniSecret(miniSecret);
}

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}

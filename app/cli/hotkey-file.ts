/** Bittensor's hotkey files: JSON with a secret phrase or seed. The secret stays in memory and is never printed. */
import { readFileSync } from 'node:fs';
import { hexToU8a, isHex, u8aEq } from '@polkadot/util';
import { mnemonicToMiniSecret } from '@polkadot/util-crypto/mnemonic';
import { z } from 'zod';
import type { Hotkey } from '../ids.ts';
import { hotkeyOf } from '../miners/link.ts';
import { CommandError } from './io.ts';

export interface HotkeySecret {
  readonly hotkey: Hotkey;
  readonly miniSecret: Uint8Array;
}

const MAX_BYTES = 64 * 1024;
const ELSEWHERE =
  'run `link --print --hotkey SS58 …`, sign that text with your wallet, and give the signature with --signature';

const HotkeyJson = z.looseObject({
  secretPhrase: z.string().nullish(),
  secretSeed: z.string().nullish(),
  ss58Address: z.string().nullish(),
  publicKey: z.string().nullish(),
  /** 1 is sr25519; older files have none. */
  cryptoType: z.union([z.number(), z.string()]).nullish(),
});

/** Reads `~/.bittensor/wallets/<name>/hotkeys/<hotkey>`. Throws `CommandError` with what to do; no message quotes the content. */
export function readHotkeyFile(file: string): HotkeySecret {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new CommandError(
      `cannot read the hotkey file ${file} (${(error as NodeJS.ErrnoException).code}): it lies at ~/.bittensor/wallets/NAME/hotkeys/HOTKEY`,
      2,
    );
  }
  return parseHotkeyFile(bytes, file);
}

/** `file` is for messages only. */
export function parseHotkeyFile(bytes: Buffer, file: string): HotkeySecret {
  const start = bytes.subarray(0, 14).toString('latin1');
  if (/^(\$NACL|\$ANSIBLE_VAULT|gAAAAA)/.test(start))
    throw new CommandError(`${file} is protected by a password, which is not asked for here: ${ELSEWHERE}`);
  const parsed = bytes.length > MAX_BYTES ? null : HotkeyJson.safeParse(json(bytes));
  if (!parsed?.success)
    throw new CommandError(`${file} is not a Bittensor hotkey file (JSON with a secret)`, 2);
  const { secretPhrase, secretSeed, ss58Address, publicKey, cryptoType } = parsed.data;
  if (cryptoType != null && Number(cryptoType) !== 1)
    throw new CommandError(`${file} does not hold an sr25519 key, and only those can be hotkeys here`);
  if (!secretPhrase && !secretSeed)
    throw new CommandError(`${file} holds no secret phrase or seed (a public part only?): ${ELSEWHERE}`);
  const miniSecret = secretPhrase ? fromPhrase(secretPhrase, file) : fromSeed(secretSeed ?? '', file);
  const { hotkey, publicKey: derived } = hotkeyOf(miniSecret);
  const fits =
    (!ss58Address || ss58Address === hotkey) &&
    (!publicKey || (isHex(publicKey) && u8aEq(hexToU8a(publicKey), derived)));
  if (!fits)
    throw new CommandError(`${file} contradicts itself: its address is not that of its secret (${hotkey})`);
  return { hotkey, miniSecret };
}

function fromPhrase(phrase: string, file: string): Uint8Array {
  try {
    return mnemonicToMiniSecret(phrase);
  } catch {
    throw new CommandError(`the secret phrase in ${file} is not a valid one`);
  }
}

function fromSeed(seed: string, file: string): Uint8Array {
  if (!isHex(seed, 256)) throw new CommandError(`the secret seed in ${file} is not 32 bytes of hex`);
  return hexToU8a(seed);
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

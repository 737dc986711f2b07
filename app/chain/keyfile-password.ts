/** Bittensor's password protection of key files: `$NACL`, a nonce, and a secretbox under an argon2i key. */
import { naclDecrypt } from '@polkadot/util-crypto/nacl';
import { argon2i } from 'hash-wasm';
import { KeyfileError } from './keyfile-error.ts';

export type DeriveKey = (password: Uint8Array) => Promise<Uint8Array>;

const MAGIC = Buffer.from('$NACL');
const NONCE_BYTES = 24;
/** The same for every file, as Bittensor's wallets have it. */
const SALT = Buffer.from('137183dff15a09bc9c90b5518739e9b1', 'hex');
const OTHER_FORMS = [
  ['$ANSIBLE_VAULT', 'Ansible Vault'],
  ['gAAAAA', 'Fernet'],
] as const;

/**
 * The 32-byte key of a password: libsodium's argon2i13 at its `SENSITIVE` limits, 8 passes over 512 MiB. Takes that memory and
 * several seconds of one core, in which the event loop stands still.
 */
export const deriveKey: DeriveKey = (password) =>
  argon2i({
    password,
    salt: SALT,
    iterations: 8,
    memorySize: 512 * 1024,
    parallelism: 1,
    hashLength: 32,
    outputType: 'binary',
  });

export const isLocked = (bytes: Uint8Array): boolean =>
  MAGIC.equals(bytes.subarray(0, MAGIC.length)) || otherForm(bytes) !== undefined;

/** The JSON inside. Throws `KeyfileError`; `file` is for messages only. */
export async function unlock(
  bytes: Uint8Array,
  file: string,
  password: string | null,
  derive: DeriveKey = deriveKey,
): Promise<Uint8Array> {
  const other = otherForm(bytes);
  if (other !== undefined)
    throw new KeyfileError(
      'unsupported_encryption',
      `${file} is encrypted in the old ${other} form: let btcli rewrite it (any command that unlocks it does), or regenerate the hotkey from its phrase`,
    );
  if (password === null || password === '')
    throw new KeyfileError(
      'password_missing',
      `${file} is encrypted: give the file that holds its password with --password-file`,
    );
  const nonce = bytes.subarray(MAGIC.length, MAGIC.length + NONCE_BYTES);
  const box = bytes.subarray(MAGIC.length + NONCE_BYTES);
  if (nonce.length < NONCE_BYTES || box.length <= 16)
    throw new KeyfileError('not_a_keyfile', `${file} begins like an encrypted key file and is cut short`);
  const opened = naclDecrypt(box, nonce, await derive(Buffer.from(password)));
  if (opened === null)
    throw new KeyfileError('wrong_password', `the password does not open ${file}, or the file is damaged`);
  return opened;
}

function otherForm(bytes: Uint8Array): string | undefined {
  const start = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  return OTHER_FORMS.find(([prefix]) => start.startsWith(prefix))?.[1];
}

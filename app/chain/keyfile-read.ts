/** Files that only their owner may open: keys and passwords. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { KeyfileError } from './keyfile-error.ts';

const MAX_BYTES = 64 * 1024;

/** The bytes of a `what` that no other user may open. Throws `KeyfileError`: `unreadable`, `not_a_keyfile` or `too_open`. */
export function readSecretFile(file: string, what: 'hotkey file' | 'password file'): Uint8Array {
  // opened once, so that what is checked is what is read
  const descriptor = open(file, what);
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > MAX_BYTES)
      throw new KeyfileError(
        'not_a_keyfile',
        `${file} is not a ${what}: it is no file, or one of more than 64 KiB`,
      );
    if ((stat.mode & 0o077) !== 0)
      throw new KeyfileError(
        'too_open',
        `other users may open the ${what} ${file} (mode ${(stat.mode & 0o777).toString(8)}): run  chmod 600 ${file}`,
      );
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The password in a file, without the end of its line. Throws `KeyfileError`. */
export function readPasswordFile(file: string): string {
  const password = Buffer.from(readSecretFile(file, 'password file'))
    .toString('utf8')
    .replace(/\r?\n$/, '');
  if (password === '')
    throw new KeyfileError(
      'password_missing',
      `the password file ${file} is empty: write the password into it`,
    );
  return password;
}

function open(file: string, what: string): number {
  try {
    // without the flag a named pipe would hold the process until somebody writes
    return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const place = what === 'hotkey file' ? 'it lies at ~/.bittensor/wallets/NAME/hotkeys/HOTKEY, and ' : '';
    throw new KeyfileError(
      'unreadable',
      `cannot read the ${what} ${file} (${code}): ${place}the user of this process must own it`,
    );
  }
}

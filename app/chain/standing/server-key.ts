/** The App's own signing key: a file made at first boot, and never sent anywhere. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { syncFolder, writeSynced } from '../durable-file.ts';
import { keyIdOf, rawPublicKey } from './envelope.ts';

export interface ServerKey {
  readonly privateKey: KeyObject;
  readonly keyId: string;
  /** Base64 of its 32 raw bytes. */
  readonly publicKey: string;
}

/** The file cannot be used as it is; `message` says what to do. */
export class ServerKeyError extends Error {
  override readonly name = 'ServerKeyError';
  readonly retryable = false;
  constructor(
    readonly code: 'unreadable' | 'unwritable' | 'too_open' | 'not_a_key',
    readonly userMessage: string,
    cause?: unknown,
  ) {
    super(`${code}: ${userMessage}`, { cause });
  }
}

const MAX_BYTES = 64 * 1024;

/**
 * The key in `file`; made there, for its owner only, when there is none. Of several processes that begin at once with the
 * same file one makes the key and all have it; a process killed meanwhile leaves no half of one. Throws `ServerKeyError`.
 */
export function openServerKey(file: string): ServerKey {
  const pem = read(file) ?? made(file);
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch (error) {
    throw new ServerKeyError('not_a_key', notAKey(file), error);
  }
  if (privateKey.asymmetricKeyType !== 'ed25519') throw new ServerKeyError('not_a_key', notAKey(file));
  const publicKey = rawPublicKey(privateKey);
  return { privateKey, keyId: keyIdOf(publicKey), publicKey };
}

function notAKey(file: string): string {
  return `${file} holds no ed25519 key in PEM form: put the file from your backup there, or remove it for a new key, which every validator who pinned the old one must be told of`;
}

/** Null when there is no such file. */
function read(file: string): string | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    throw new ServerKeyError(
      'unreadable',
      `cannot read ${file} (${code}): the App's user must own it`,
      error,
    );
  }
  try {
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > MAX_BYTES) throw new ServerKeyError('not_a_key', notAKey(file));
    if ((stat.mode & 0o077) !== 0)
      throw new ServerKeyError(
        'too_open',
        `other users may open ${file} (mode ${(stat.mode & 0o777).toString(8)}): run  chmod 600 ${file}`,
      );
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

function made(file: string): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  const beside = `${file}.${randomBytes(6).toString('hex')}.new`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeSynced(beside, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'wx');
    linkIfAbsent(beside, file);
    syncFolder(path.dirname(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ServerKeyError(
      'unwritable',
      `cannot make ${file} (${code}): give the App's user a folder to write to`,
      error,
    );
  } finally {
    rmSync(beside, { force: true });
  }
  // another process may have been first
  const pem = read(file);
  if (pem === null)
    throw new ServerKeyError('unreadable', `${file} was removed while the App started: start it again`);
  return pem;
}

/** A link appears whole or not at all, and never replaces what is there. */
function linkIfAbsent(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

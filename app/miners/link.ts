/** The link: an sr25519 signature by which a hotkey vouches for one repository of one owner. Pure. */
import { stringToU8a, u8aEq, u8aToHex } from '@polkadot/util';
import { decodeAddress, encodeAddress } from '@polkadot/util-crypto/address';
import { sr25519PairFromSeed, sr25519Sign, sr25519Verify } from '@polkadot/util-crypto/sr25519';
import type { Hotkey } from '../ids.ts';

/** What a link binds together. A transfer or rename of any of it asks for a new signature; a repository rename does not. */
export interface LinkSubject {
  /** Bittensor network as the App names it, e.g. `finney`. */
  readonly network: string;
  readonly netuid: number;
  readonly repoId: number;
  readonly ownerId: number;
  readonly hotkey: string;
}

export type LinkProblem = 'hotkey_invalid' | 'signature_format' | 'signature_length' | 'signature_mismatch';

export type LinkCheck =
  | { readonly ok: true; readonly form: 'plain' | 'wrapped' }
  | { readonly ok: false; readonly code: LinkProblem; readonly why: string; readonly mend: string };

/** The bittensor address prefix; other prefixes of the same key are refused, so that a hotkey has one spelling. */
const SS58_PREFIX = 42;

/** The text that the hotkey signs (issue interface: `quasar-referee/link/v1 …`). Throws on parts that cannot stand in it. */
export function linkMessage(subject: LinkSubject): string {
  const { network, netuid, repoId, ownerId, hotkey } = subject;
  if (!/^[a-z0-9][a-z0-9._-]{0,31}$/.test(network))
    throw new Error(`not a network name: ${JSON.stringify(network.slice(0, 40))}`);
  for (const [name, value] of Object.entries({ netuid, repoId, ownerId }))
    if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} is not a whole number: ${value}`);
  return `quasar-referee/link/v1 network=${network} netuid=${netuid} repo=${repoId} owner=${ownerId} hotkey=${hotkey}`;
}

/**
 * A hotkey in its one accepted spelling (SS58, prefix 42), or why it is not one.
 * The all-zero key is refused: anybody can make signatures that verify under it.
 */
export function parseHotkey(text: string): { ok: true; hotkey: Hotkey } | { ok: false; why: string } {
  const key = publicKeyOf(text);
  return typeof key === 'string' ? { ok: false, why: key } : { ok: true, hotkey: text as Hotkey };
}

function publicKeyOf(text: string): Uint8Array | string {
  if (text === '') return 'the hotkey is empty';
  if (text.startsWith('0x'))
    return 'this is a public key in hex; the SS58 address (it begins with 5) is wanted';
  if (!/^[1-9A-HJ-NP-Za-km-z]{46,50}$/.test(text))
    return 'this is not an SS58 address (about 48 base58 characters)';
  let key: Uint8Array;
  try {
    key = decodeAddress(text, false, SS58_PREFIX);
  } catch (error) {
    return (error as Error).message.includes('ss58Format')
      ? `this address belongs to another network; a Bittensor hotkey has prefix ${SS58_PREFIX} and begins with 5`
      : 'the checksum of this address is wrong: it was mistyped or cut';
  }
  if (key.length !== 32) return 'this address does not hold a 32-byte key';
  if (key.every((byte) => byte === 0)) return 'this is the all-zero key, which nobody owns';
  return key;
}

const SIGN_AGAIN =
  'make the signature again with the `link` command, or sign the exact text that `link --print` shows';

/**
 * Checks a link's signature: 64 bytes of sr25519 in hex (`0x` optional) over `linkMessage`, as it stands or wrapped in
 * `<Bytes>…</Bytes>`, which is what browser wallets do to any text they are asked to sign. No other key type or form is
 * accepted (util-crypto's `signatureVerify` would take several), so one proof has one meaning.
 */
export function verifyLink(proof: LinkSubject & { readonly signature: string }): LinkCheck {
  const key = publicKeyOf(proof.hotkey);
  if (typeof key === 'string')
    return { ok: false, code: 'hotkey_invalid', why: key, mend: 'write the SS58 address of your hotkey' };
  const signature = parseSignature(proof.signature);
  if ('code' in signature) return { ok: false, ...signature };
  const message = linkMessage(proof);
  if (verifies(message, signature.bytes, key)) return { ok: true, form: 'plain' };
  if (verifies(`<Bytes>${message}</Bytes>`, signature.bytes, key)) return { ok: true, form: 'wrapped' };
  return {
    ok: false,
    code: 'signature_mismatch',
    why: `the signature is not by ${proof.hotkey} over "${message}": it was made by another key, or for another repository, owner or network`,
    mend: SIGN_AGAIN,
  };
}

/** Bytes of a signature as written in `quasar.yml`, or what is wrong with the writing. */
export function parseSignature(
  text: string,
): { bytes: Uint8Array } | { code: 'signature_format' | 'signature_length'; why: string; mend: string } {
  const hex = text.startsWith('0x') ? text.slice(2) : text;
  if (!/^[0-9a-fA-F]*$/.test(hex))
    return { code: 'signature_format', why: 'the signature is not hexadecimal', mend: SIGN_AGAIN };
  if (hex.length === 128) return { bytes: Buffer.from(hex, 'hex') };
  const why = `the signature has ${hex.length} hex digits, 128 are wanted`;
  // A MultiSignature puts its key type before the 64 bytes: 01 is sr25519.
  const mend = hex.length === 130 && hex.startsWith('01') ? 'remove its first two digits (01)' : SIGN_AGAIN;
  return { code: 'signature_length', why, mend };
}

function verifies(message: string, signature: Uint8Array, key: Uint8Array): boolean {
  try {
    return sr25519Verify(stringToU8a(message), signature, key);
  } catch {
    // the library throws where the bytes are no curve point or no schnorrkel signature
    return false;
  }
}

/** Signs a link with a 32-byte mini secret; returns `0x` and 128 hex digits. Throws when the secret is not that of the hotkey. */
export function signLink(subject: LinkSubject, miniSecret: Uint8Array): `0x${string}` {
  const pair = sr25519PairFromSeed(miniSecret);
  const key = publicKeyOf(subject.hotkey);
  if (typeof key === 'string') throw new Error(key);
  if (!u8aEq(key, pair.publicKey)) throw new Error(`the secret is not that of hotkey ${subject.hotkey}`);
  return u8aToHex(sr25519Sign(stringToU8a(linkMessage(subject)), pair));
}

/** The SS58 address (prefix 42) and public key of a 32-byte mini secret. */
export function hotkeyOf(miniSecret: Uint8Array): { hotkey: Hotkey; publicKey: Uint8Array } {
  const { publicKey } = sr25519PairFromSeed(miniSecret);
  return { hotkey: encodeAddress(publicKey, SS58_PREFIX) as Hotkey, publicKey };
}

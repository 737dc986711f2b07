/** A hotkey in memory: it signs and says its address, and nothing that prints an object shows its secret. */
import { inspect } from 'node:util';
import { encodeAddress } from '@polkadot/util-crypto/address';
import { sr25519PairFromSeed, sr25519Sign, sr25519Verify } from '@polkadot/util-crypto/sr25519';
import type { Hotkey } from '../ids.ts';

/** The bittensor address prefix. */
const SS58_PREFIX = 42;
const PROBE = Buffer.from('quasar-referee: does this secret belong to this key?');

export class HotkeyPair {
  readonly hotkey: Hotkey;
  readonly publicKey: Uint8Array;
  readonly #secretKey: Uint8Array;

  private constructor(publicKey: Uint8Array, secretKey: Uint8Array) {
    this.hotkey = encodeAddress(publicKey, SS58_PREFIX) as Hotkey;
    this.publicKey = publicKey;
    this.#secretKey = secretKey;
  }

  /** From the 32 bytes that Bittensor calls the secret seed. Throws on another length. */
  static fromMiniSecret(miniSecret: Uint8Array): HotkeyPair {
    const { publicKey, secretKey } = sr25519PairFromSeed(miniSecret);
    return new HotkeyPair(publicKey, secretKey);
  }

  /**
   * From the 64 bytes that Bittensor calls the private key: schnorrkel's scalar and nonce. Null when they are not the secret
   * of that public key.
   */
  static fromPrivateKey(privateKey: Uint8Array, publicKey: Uint8Array): HotkeyPair | null {
    if (privateKey.length !== 64 || publicKey.length !== 32) return null;
    const pair = new HotkeyPair(publicKey, ed25519Form(privateKey));
    try {
      return sr25519Verify(PROBE, pair.sign(PROBE), publicKey) ? pair : null;
    } catch {
      // the library throws where the bytes are no scalar or no curve point
      return null;
    }
  }

  /** The 64 bytes of an sr25519 signature in Substrate's context; another one each time. */
  sign(message: Uint8Array): Uint8Array {
    return sr25519Sign(message, { publicKey: this.publicKey, secretKey: this.#secretKey });
  }

  toString(): string {
    return `hotkey ${this.hotkey} (secret not shown)`;
  }

  toJSON(): string {
    return this.toString();
  }

  [inspect.custom](): string {
    return this.toString();
  }
}

/** Polkadot's libraries hold the scalar times the cofactor 8, schnorrkel the scalar itself. */
function ed25519Form(privateKey: Uint8Array): Uint8Array {
  const secretKey = Uint8Array.from(privateKey);
  let carry = 0;
  for (let at = 0; at < 32; at++) {
    const shifted = ((privateKey[at] ?? 0) << 3) | carry;
    secretKey[at] = shifted & 0xff;
    carry = shifted >> 8;
  }
  return secretKey;
}

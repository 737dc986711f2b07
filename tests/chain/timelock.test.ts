import { createHash, randomBytes } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { describe, expect, it } from 'vitest';
import { roundPoint } from '../../app/chain/drand.ts';
import {
  TIMELOCK_OVERHEAD,
  TimelockError,
  timelockDecrypt,
  timelockEncrypt,
} from '../../app/chain/timelock.ts';
import { MADE_BY_RUST, OPENED_BY_RUST, PAYLOAD, PULSE_1000 } from './timelock-vectors.ts';

/** Hands out the given bytes, one array for each request, and insists on their lengths. */
function scripted(...answers: readonly Uint8Array[]) {
  const left = [...answers];
  return (length: number): Uint8Array => {
    const next = left.shift();
    if (next?.length !== length) throw new Error(`asked for ${length} bytes, not for ${next?.length}`);
    return next;
  };
}

function codeOf(ciphertext: Uint8Array, pulse: Uint8Array = PULSE_1000): string {
  try {
    timelockDecrypt(ciphertext, pulse);
  } catch (error) {
    if (error instanceof TimelockError) return error.code;
    throw error;
  }
  return 'opened';
}

const changed = (bytes: Uint8Array, at: number) => {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};

describe('timelock encryption', () => {
  it('gives the bytes that the Rust implementation opens', () => {
    const random = scripted(Buffer.alloc(32, 2), Buffer.alloc(32, 1), Buffer.alloc(12, 3));
    const ciphertext = timelockEncrypt(PAYLOAD, 1000, { random });
    expect(Buffer.from(ciphertext).equals(OPENED_BY_RUST)).toBe(true);
    expect(createHash('sha256').update(ciphertext).digest('hex')).toBe(
      'fbe3fe9044bacfe61a41f3b5eaf979a7024020faeb3b84c1be8aeebf40d2b854',
    );
  });

  it.each([0, 1, 59, 1_300])('opens its own %i bytes with the pulse', (length) => {
    const plaintext = randomBytes(length);
    const ciphertext = timelockEncrypt(plaintext, 1000, { random: randomBytes });
    expect(ciphertext).toHaveLength(length + TIMELOCK_OVERHEAD);
    expect(Buffer.from(timelockDecrypt(ciphertext, PULSE_1000)).equals(plaintext)).toBe(true);
  });

  it('is different each time', () => {
    const [one, two] = [1, 2].map(() => timelockEncrypt(PAYLOAD, 1000, { random: randomBytes }));
    expect(one).not.toEqual(two);
  });

  it('encrypts to another beacon when told its key', () => {
    const secret = 0x1234567890abcdefn;
    const publicKey = bls12_381.G2.Point.BASE.multiply(secret).toHex(true);
    const pulse = roundPoint(77).multiply(secret).toBytes(true);
    const ciphertext = timelockEncrypt(PAYLOAD, 77, { random: randomBytes, publicKey });
    expect(Buffer.from(timelockDecrypt(ciphertext, pulse)).equals(PAYLOAD)).toBe(true);
  });

  it('refuses what is no round', () => {
    expect(() => timelockEncrypt(PAYLOAD, 0, { random: randomBytes })).toThrow(RangeError);
  });
});

describe('timelock decryption', () => {
  it('opens what the Rust implementation made', () => {
    expect(Buffer.from(timelockDecrypt(MADE_BY_RUST, PULSE_1000)).equals(PAYLOAD)).toBe(true);
  });

  it('leaves the arrays that it is given as they were', () => {
    const [ciphertext, pulse] = [Uint8Array.from(MADE_BY_RUST), Uint8Array.from(PULSE_1000)];
    timelockDecrypt(ciphertext, pulse);
    expect([ciphertext, pulse]).toEqual([Uint8Array.from(MADE_BY_RUST), Uint8Array.from(PULSE_1000)]);
  });

  it('does not open with the pulse of another round', () => {
    expect(codeOf(timelockEncrypt(PAYLOAD, 1001, { random: randomBytes }))).toBe('wrong_pulse');
  });

  it.each([
    ['v', 96 + 8, 'wrong_pulse'],
    ['w', 96 + 40 + 8, 'wrong_pulse'],
    ['the sealed body', 96 + 40 + 40 + 16, 'damaged'],
    ['the tag', MADE_BY_RUST.length - 16 - 20 - 1, 'damaged'],
    ['the nonce', MADE_BY_RUST.length - 17, 'damaged'],
    ['the name of the suite', MADE_BY_RUST.length - 1, 'malformed'],
    ['a length', 96, 'malformed'],
    ['the highest byte of a length', 96 + 7, 'malformed'],
  ])('notices a change of %s', (_, at, code) => {
    expect(codeOf(changed(MADE_BY_RUST, at))).toBe(code);
  });

  it('refuses every other length', () => {
    for (let length = 0; length < MADE_BY_RUST.length; length++)
      expect(codeOf(MADE_BY_RUST.subarray(0, length)), `${length} bytes`).toBe('malformed');
    expect(codeOf(Buffer.concat([MADE_BY_RUST, Buffer.alloc(1)]))).toBe('malformed');
  });

  it('refuses the age container of other timelock libraries', () => {
    expect(codeOf(Buffer.from(`age-encryption.org/v1\n-> tlock 1000 52db9b\n${'A'.repeat(300)}`))).toBe(
      'malformed',
    );
  });

  it('refuses a pulse that is no point', () => {
    expect(codeOf(MADE_BY_RUST, new Uint8Array(48))).toBe('malformed');
    expect(codeOf(MADE_BY_RUST, new Uint8Array(0))).toBe('malformed');
  });
});

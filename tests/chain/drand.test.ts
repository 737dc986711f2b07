import { describe, expect, it } from 'vitest';
import { isPulse, QUICKNET, roundIdentity, roundPoint } from '../../app/chain/drand.ts';
import { PULSE_1000 } from './timelock-vectors.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('a drand round', () => {
  it('has the identity and the point that the Rust implementation computes', () => {
    expect(hex(roundIdentity(1000))).toBe('f652498d092acd949bad74e40683bf3824fb817980504a0c7e6722cfc5a9c0a3');
    expect(hex(roundPoint(1000).toBytes(true))).toBe(
      '8f5a32d53837b00fbc0ee31ce9966435a41c5188a80ce9934d3c80588b6ad6f643ebda1b83ef89e44da9ced6205cdecf',
    );
  });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 53])('is not %s', (round) => {
    expect(() => roundIdentity(round)).toThrow(RangeError);
  });
});

describe('a pulse', () => {
  it('is told by the public key of quicknet', () => {
    expect(isPulse(1000, PULSE_1000)).toBe(true);
  });

  it('is of one round only', () => {
    expect(isPulse(1001, PULSE_1000)).toBe(false);
  });

  it('is of one beacon only', () => {
    const another =
      'a0b862a7527fee3a731bcb59280ab6abd62d5c0b6ea03dc4ddf6612fdfc9d01f01c31542541771903475eb1ec6615f8d0df0b8b6dce385811d6dcf8cbefb8759e5e616a3dfd054c928940766d9a5b9db91e3b697e5d70a975181e007f87fca5e';
    expect(another).toHaveLength(QUICKNET.publicKey.length);
    expect(isPulse(1000, PULSE_1000, another)).toBe(false);
  });

  it('is a point', () => {
    expect(isPulse(1000, new Uint8Array(48))).toBe(false);
    expect(isPulse(1000, PULSE_1000.subarray(1))).toBe(false);
  });

  it('leaves the array that it is given as it was', () => {
    const given = Uint8Array.from(PULSE_1000);
    isPulse(1000, given);
    expect(given).toEqual(Uint8Array.from(PULSE_1000));
  });
});

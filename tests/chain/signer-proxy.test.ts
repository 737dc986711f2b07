import { u8aToHex } from '@polkadot/util';
import { describe, expect, it } from 'vitest';
import { isProxyCall, unwrapProxy, wrapInProxy } from '../../app/chain/signer-proxy.ts';
import { bytesOf, OTHER, TRANSFER, WEIGHTS } from './signer-requests.ts';

const real = OTHER.publicKey;
const wrapped = wrapInProxy(bytesOf(WEIGHTS), real);

describe('a call by proxy', () => {
  it('is proxy.proxy(real, NonFungible, call)', () => {
    expect(u8aToHex(wrapped)).toBe(`0x100000${u8aToHex(real).slice(2)}0105${WEIGHTS.slice(2)}`);
    expect(isProxyCall(wrapped)).toBe(true);
    expect(isProxyCall(bytesOf(WEIGHTS))).toBe(false);
  });

  it('comes apart again', () => {
    const parts = unwrapProxy(wrapped);
    expect([u8aToHex(parts?.real), u8aToHex(parts?.call)]).toEqual([u8aToHex(real), WEIGHTS]);
  });

  it.each([
    ['call', 1],
    ['form of address', 2],
    ['choice of type', 35],
    ['proxy type', 36],
  ])('with another %s is none', (_, at) => {
    const changed = Uint8Array.from(wrapped);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(unwrapProxy(changed)).toBeNull();
  });

  it.each([0, 1, 2, 3, 36, 37])('of %i bytes is none', (length) => {
    expect(unwrapProxy(wrapped.subarray(0, length))).toBeNull();
  });

  it('is not a transfer, nor for a key of another length', () => {
    expect(unwrapProxy(bytesOf(TRANSFER))).toBeNull();
    expect(() => wrapInProxy(bytesOf(WEIGHTS), real.subarray(1))).toThrow(RangeError);
  });
});

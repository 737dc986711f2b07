import { describe, expect, it } from 'vitest';
import { timelockPayload } from '../../app/chain/timelock-payload.ts';
import { PAYLOAD } from './timelock-vectors.ts';

const hotkey = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
const some = { hotkey, uids: [0, 1, 2, 7], values: [10, 20, 30, 65_535], versionKey: 841n };

describe('the payload of a timelocked commit', () => {
  it('has the bytes of the Rust vector', () => {
    expect(Buffer.from(timelockPayload(some)).equals(PAYLOAD)).toBe(true);
  });

  it('has no hotkey for a runtime that knows none', () => {
    expect(Buffer.from(timelockPayload({ ...some, hotkey: null })).equals(PAYLOAD.subarray(33))).toBe(true);
  });

  it.each([
    [63, 'fc'],
    [64, '0101'],
    [16_383, 'fdff'],
    [16_384, '02000100'],
  ])('writes %i entries in compact form', (count, prefix) => {
    const numbers = Array.from({ length: count }, (_, index) => index);
    const bytes = timelockPayload({ hotkey: null, uids: numbers, values: numbers, versionKey: 0n });
    expect(Buffer.from(bytes.subarray(0, prefix.length / 2)).toString('hex')).toBe(prefix);
    expect(bytes).toHaveLength(2 * (prefix.length / 2 + 2 * count) + 8);
  });

  it.each([
    ['a key of another length', { ...some, hotkey: hotkey.subarray(1) }],
    ['a uid without a value', { ...some, values: [1, 2, 3] }],
    ['a value above u16', { ...some, values: [10, 20, 30, 65_536] }],
    ['a negative uid', { ...some, uids: [-1, 1, 2, 7] }],
    ['a fraction', { ...some, values: [0.5, 20, 30, 65_535] }],
    ['a negative version key', { ...some, versionKey: -1n }],
    ['a version key above u64', { ...some, versionKey: 2n ** 64n }],
  ])('refuses %s', (_, payload) => {
    expect(() => timelockPayload(payload)).toThrow(RangeError);
  });
});

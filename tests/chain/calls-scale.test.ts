import { TypeRegistry } from '@polkadot/types';
import { describe, expect, it } from 'vitest';
import type { ArgType } from '../../app/chain/calls.ts';
import { type ArgValue, encodeValue, ScaleReader } from '../../app/chain/calls-scale.ts';

const registry = new TypeRegistry();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('SCALE', () => {
  // a length takes 1, 2 or 4 bytes
  it.each([0, 1, 63, 64, 16_383, 16_384, 70_000])('writes a list of %i as polkadot-js does', (length) => {
    const list = Array.from({ length }, (_, index) => index % 65_536);
    const bytes = encodeValue('Vec<u16>', list);
    expect(hex(bytes)).toBe(hex(registry.createType('Vec<u16>', list).toU8a()));
    expect(new ScaleReader(bytes).value('Vec<u16>')).toEqual(list);
    const blob = Uint8Array.from({ length }, (_, index) => index % 256);
    const raw = encodeValue('Bytes', blob);
    expect(hex(raw)).toBe(hex(registry.createType('Bytes', `0x${hex(blob)}`).toU8a()));
    expect(new ScaleReader(raw).value('Bytes')).toEqual(blob);
  });

  it.each<[ArgType, ArgValue, string]>([
    ['u8', 255, 'ff'],
    ['u16', 0x0102, '0201'],
    ['u64', 2n ** 64n - 1n, 'ffffffffffffffff'],
    ['u64', 841n, '4903000000000000'],
  ])('writes and reads %s %s', (type, value, golden) => {
    expect(hex(encodeValue(type, value))).toBe(golden);
    expect(new ScaleReader(Buffer.from(golden, 'hex')).value(type)).toBe(value);
  });

  it('reads one value after the other', () => {
    const reader = new ScaleReader(Buffer.from('0708010200', 'hex'));
    expect([reader.value('u8'), reader.value('Bytes'), reader.value('u8')]).toEqual([
      7,
      Uint8Array.of(1, 2),
      0,
    ]);
    expect(() => reader.value('u8')).toThrow('1 bytes are wanted, 0 are left');
  });

  it.each<[ArgType, ArgValue | undefined]>([
    ['u8', 256],
    ['u8', -1],
    ['u16', 1.5],
    ['u16', undefined],
    ['u64', 5],
    ['u64', -1n],
    ['Bytes', [1]],
    ['Vec<u16>', 5],
    ['Vec<u16>', [70_000]],
  ])('refuses for %s what is none: %s', (type, value) => {
    expect(() => encodeValue(type, value)).toThrow(RangeError);
  });
});

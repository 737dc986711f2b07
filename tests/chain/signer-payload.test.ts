import { TypeRegistry } from '@polkadot/types';
import { u8aToHex } from '@polkadot/util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { eraPeriod, SignPayload, signedBytes } from '../../app/chain/signer-payload.ts';
import { aRequest, signedByPolkadot } from './signer-requests.ts';

const parse = (overrides: Record<string, unknown>) => SignPayload.parse(aRequest(overrides));
const hex = (value: number | bigint, bytes: number) => `0x${value.toString(16).padStart(2 * bytes, '0')}`;

describe('the bytes that are signed', () => {
  it('are those of polkadot-js, field by field', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 2, maxLength: 400 }),
        fc.oneof(fc.constantFrom(0, 63, 64, 16_383, 16_384, 2 ** 30 - 1, 2 ** 30, 2 ** 32 - 1), fc.nat()),
        fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }),
        fc.integer({ min: 1, max: 2 ** 32 - 1 }),
        fc.boolean(),
        (method, nonce, tip, specVersion, withMetadataHash) => {
          const { signedExtensions } = aRequest();
          const request = aRequest({
            method: u8aToHex(method),
            nonce: hex(nonce, 4),
            tip: hex(tip, 16),
            specVersion: hex(specVersion, 4),
            signedExtensions: withMetadataHash ? signedExtensions : signedExtensions.slice(0, -1),
          });
          expect(u8aToHex(signedBytes(SignPayload.parse(request)))).toBe(u8aToHex(signedByPolkadot(request)));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('are hashed above 256', () => {
    const fixed = signedBytes(parse({ method: '0x' })).length;
    const lengthFor = (method: number) => signedBytes(parse({ method: `0x${'00'.repeat(method)}` })).length;
    expect(lengthFor(256 - fixed)).toBe(256);
    expect(lengthFor(257 - fixed)).toBe(32);
  });
});

describe('a request', () => {
  it.each([
    ['no method', { method: undefined }],
    ['a method of half a byte', { method: '0x077' }],
    ['a method that is not hex', { method: '0xzz' }],
    ['a genesis hash of 31 bytes', { genesisHash: `0x${'11'.repeat(31)}` }],
    ['a nonce above u32', { nonce: '0x0100000000' }],
    ['a nonce as number', { nonce: 3 }],
    ['a negative tip', { tip: '-0x01' }],
    ['extensions that are no list', { signedExtensions: 'CheckNonce' }],
    ['an address of a megabyte', { address: '5'.repeat(1_000_000) }],
  ])('with %s is none', (_, overrides) => {
    expect(SignPayload.safeParse(aRequest(overrides)).success).toBe(false);
  });
});

describe('an era', () => {
  it('lasts as long as polkadot-js says', () => {
    const registry = new TypeRegistry();
    for (const period of [4, 8, 32, 64, 128, 4_096, 65_536])
      for (const current of [0, 1, 63, 1_000, 9_999_999]) {
        const era = registry.createType('ExtrinsicEra', { current, period });
        expect(eraPeriod(era.toU8a()), `${period} at ${current}`).toBe(period);
      }
  });

  it('that is immortal has no period', () => {
    expect(eraPeriod(Uint8Array.of(0))).toBeNull();
  });

  it.each([[[]], [[1]], [[0, 1]], [[0x05, 0x00, 0x00]], [[0x10, 0x00]], [[0x41, 0x01]]])(
    'is not %j',
    (bytes) => {
      expect(() => eraPeriod(Uint8Array.from(bytes))).toThrow(RangeError);
    },
  );
});

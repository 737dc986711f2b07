/**
 * What an extrinsic's signature is made over. The signer lays these bytes out itself and from no metadata: whoever asks for a
 * signature could hand in metadata under which the same bytes look harmless. Pure.
 */
import { hexToU8a } from '@polkadot/util';
import { blake2AsU8a } from '@polkadot/util-crypto/blake2';
import { z } from 'zod';

const hex = (bytes?: number) =>
  z
    .string()
    .regex(bytes === undefined ? /^0x(?:[0-9a-f]{2})*$/ : new RegExp(`^0x[0-9a-f]{${2 * bytes}}$`))
    .transform((text) => hexToU8a(text));
/** Numbers come as polkadot-js writes them: big-endian hex. */
const number = (max: bigint) =>
  z
    .string()
    .regex(/^0x[0-9a-f]{1,32}$/)
    .transform(BigInt)
    .refine((value) => value <= max, 'too large');
const U32 = 2n ** 32n - 1n;

/** The part of polkadot-js's `SignerPayloadJSON` that is signed, or that must not ask for more than is signed. */
export const SignPayload = z.object({
  address: z.string().max(64),
  method: hex(),
  era: hex(),
  nonce: number(U32),
  tip: number(2n ** 128n - 1n),
  specVersion: number(U32),
  transactionVersion: number(U32),
  genesisHash: hex(32),
  blockHash: hex(32),
  mode: z.number().nullish(),
  metadataHash: z.string().nullish(),
  assetId: z.string().nullish(),
  signedExtensions: z.array(z.string().max(64)).max(64),
  version: z.number(),
});
export type SignPayload = z.infer<typeof SignPayload>;

/** Adds a byte (its mode) and another (no hash); every runtime so far has it last. */
const METADATA_HASH = 'CheckMetadataHash';

/**
 * The bytes that sr25519 signs: the payload, or its hash above 256 bytes. Laid out for the extensions that subtensor's runtimes
 * have. For any other runtime this is a signature that fits nothing: the call comes first and ends itself, so that no
 * extension can turn it into another.
 */
export function signedBytes(payload: SignPayload): Uint8Array {
  const withMetadataHash = payload.signedExtensions.includes(METADATA_HASH);
  const bytes = Buffer.concat([
    payload.method,
    payload.era,
    compact(payload.nonce),
    compact(payload.tip),
    Buffer.from(withMetadataHash ? [0] : []),
    u32(payload.specVersion),
    u32(payload.transactionVersion),
    payload.genesisHash,
    payload.blockHash,
    Buffer.from(withMetadataHash ? [0] : []),
  ]);
  return bytes.length > 256 ? blake2AsU8a(bytes, 256) : bytes;
}

/** Blocks that a mortal era lasts; null for an immortal one. Throws `RangeError` on bytes that are no era. */
export function eraPeriod(era: Uint8Array): number | null {
  const [low, high] = era;
  if (era.length === 1 && low === 0) return null;
  if (era.length !== 2 || low === undefined || high === undefined || low === 0)
    throw new RangeError('an era has one byte 00, or two bytes of which the first is not 00');
  const encoded = low + 256 * high;
  const period = 2 ** ((encoded & 15) + 1);
  const phase = (encoded >> 4) * Math.max(1, period >> 12);
  if (period < 4 || phase >= period) throw new RangeError('the phase of the era is outside of its period');
  return period;
}

function u32(value: bigint): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(Number(value));
  return bytes;
}

/** SCALE's compact form of a number up to u32. */
function compact(value: bigint): Uint8Array {
  const size = value < 2n ** 6n ? 1 : value < 2n ** 14n ? 2 : value < 2n ** 30n ? 4 : null;
  if (size === null) return Buffer.concat([Buffer.from([3]), u32(value)]);
  const bytes = Buffer.alloc(size);
  bytes.writeUIntLE(Number(value) * 4 + Math.log2(size), 0, size);
  return bytes;
}

/** drand's quicknet: the beacon whose pulses the chain opens timelocked weights with. */
import { createHash } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';

/** Constants of the chain `quicknet` (scheme bls-unchained-g1-rfc9380); subtensor's pallet_drand pins the same. */
export const QUICKNET = {
  chainHash: '52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971',
  genesisSeconds: 1_692_803_367,
  periodSeconds: 3,
  /** Compressed point of G2. */
  publicKey:
    '83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a',
} as const;

const { G1, G2 } = bls12_381;
const DST = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_';

/** What quicknet signs in a round: sha256 of the round as a big-endian u64. Throws on what is no round. */
export function roundIdentity(round: number): Uint8Array {
  if (!Number.isSafeInteger(round) || round < 1) throw new RangeError(`not a drand round: ${round}`);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(round));
  return createHash('sha256').update(bytes).digest();
}

/** The point of G1 that the pulse of a round is a multiple of. */
export function roundPoint(round: number): InstanceType<typeof G1.Point> {
  return G1.Point.fromAffine(G1.hashToCurve(roundIdentity(round), { DST }).toAffine());
}

/** Whether these 48 bytes are the beacon's signature of that round, by its public key (compressed, hex). */
export function isPulse(
  round: number,
  signature: Uint8Array,
  publicKey: string = QUICKNET.publicKey,
): boolean {
  const point = roundPoint(round);
  let pulse: InstanceType<typeof G1.Point>;
  try {
    // a copy: the parser of @noble/curves 1.9 clears the flag bits of the array that it is given
    pulse = G1.Point.fromBytes(Uint8Array.from(signature));
  } catch {
    return false;
  }
  const { Fp12 } = bls12_381.fields;
  return Fp12.eql(
    bls12_381.pairing(pulse, G2.Point.BASE),
    bls12_381.pairing(point, G2.Point.fromHex(publicKey)),
  );
}

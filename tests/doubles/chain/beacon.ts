/** A randomness beacon with drand's clock and a key of its own, so that the pulse of any round can be made. */
import { createHash } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { QUICKNET, roundPoint } from '../../../app/chain/drand.ts';

/** Known to everybody, and good for nothing but tests. */
const SECRET = 0x1234_5678_90ab_cdefn;

export interface TestBeacon {
  readonly genesisSeconds: number;
  readonly periodSeconds: number;
  /** Compressed point of G2, hex: what commits are to be encrypted with. */
  readonly publicKey: string;
  /** The signature of a round, 48 bytes. */
  pulse(round: number): Uint8Array;
}

export const TEST_BEACON: TestBeacon = {
  genesisSeconds: QUICKNET.genesisSeconds,
  periodSeconds: QUICKNET.periodSeconds,
  publicKey: bls12_381.G2.Point.BASE.multiply(SECRET).toHex(true),
  pulse: (round) => roundPoint(round).multiply(SECRET).toBytes(true),
};

/** The newest round that exists at a time. */
export function roundAt(beacon: TestBeacon, unixMs: number): number {
  return Math.max(0, Math.floor((unixMs / 1_000 - beacon.genesisSeconds) / beacon.periodSeconds));
}

/** As the chain stores it. */
export function storedPulse(beacon: TestBeacon, round: number) {
  const signature = beacon.pulse(round);
  const randomness = createHash('sha256').update(signature).digest();
  return {
    round,
    randomness: `0x${randomness.toString('hex')}`,
    signature: `0x${Buffer.from(signature).toString('hex')}`,
  };
}

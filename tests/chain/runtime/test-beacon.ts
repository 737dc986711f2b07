/** A drand beacon with a key of our own, so that a test has the pulse of any round. Same scheme as quicknet. */
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { roundPoint } from '../../../app/chain/drand.ts';

const SECRET = 20_260_101n;

export const TEST_BEACON = {
  /** Compressed, hex. */
  publicKey: bls12_381.G2.Point.BASE.multiply(SECRET).toHex(true),
  /** The 48 bytes that it publishes in that round. */
  pulse: (round: number): Uint8Array => roundPoint(round).multiply(SECRET).toBytes(true),
} as const;

import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Envelope,
  isSealedBy,
  keyIdOf,
  rawPublicKey,
  sealed,
} from '../../../app/chain/standing/envelope.ts';
import { StandingPayload } from '../../../app/chain/standing/payload.ts';
import { aStanding } from './a-standing.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const publicKey = rawPublicKey(privateKey);
const travelled = (envelope: Envelope): Envelope => JSON.parse(JSON.stringify(envelope));

describe('an envelope', () => {
  it('holds after its payload was written and read as JSON, in whatever order of keys', () => {
    const envelope = travelled(sealed(aStanding(), privateKey));
    expect(isSealedBy(envelope, publicKey)).toBe(true);
    const payload = Object.fromEntries(Object.entries(envelope.payload as object).reverse());
    expect(isSealedBy({ ...envelope, payload }, publicKey)).toBe(true);
    expect(StandingPayload.parse(envelope.payload)).toEqual(aStanding());
  });

  it('is the same for the same payload: replicas that share a key answer alike', () => {
    expect(sealed(aStanding(), privateKey)).toEqual(sealed(aStanding(), privateKey));
  });

  it('does not hold for any other value anywhere in it', () => {
    const envelope = travelled(sealed(aStanding(), privateKey));
    const paths = leaves(envelope.payload);
    expect(paths.length).toBeGreaterThan(80);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const changed = structuredClone(envelope);
        const was = replace(changed.payload, path, value);
        fc.pre(JSON.stringify(was) !== JSON.stringify(value));
        expect(isSealedBy(changed, publicKey)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('does not hold with a field more or less, another key or another signature', () => {
    const envelope = travelled(sealed(aStanding(), privateKey));
    const payload = envelope.payload as Record<string, unknown>;
    const { network: _, ...less } = payload;
    expect(isSealedBy({ ...envelope, payload: less }, publicKey)).toBe(false);
    expect(isSealedBy({ ...envelope, payload: { ...payload, more: 1 } }, publicKey)).toBe(false);
    const other = generateKeyPairSync('ed25519').privateKey;
    expect(isSealedBy(envelope, rawPublicKey(other))).toBe(false);
    const forged = { ...sealed(payload, other), keyId: envelope.keyId };
    expect(isSealedBy(forged, publicKey)).toBe(false);
    expect(isSealedBy({ ...envelope, signature: Buffer.alloc(64).toString('base64') }, publicKey)).toBe(
      false,
    );
  });

  it('is told false, not thrown, for 32 bytes that are no key', () => {
    const nothing = Buffer.alloc(32, 0xff).toString('base64');
    expect(isSealedBy({ ...sealed(1, privateKey), keyId: keyIdOf(nothing) }, nothing)).toBe(false);
  });

  it('names its key by the digest of the raw bytes', () => {
    expect(Buffer.from(publicKey, 'base64')).toHaveLength(32);
    // sha256 of 32 zero bytes
    expect(keyIdOf(Buffer.alloc(32).toString('base64'))).toBe('66687aadf862bd77');
  });
});

type Path = readonly (string | number)[];

function leaves(value: unknown, at: Path = []): Path[] {
  if (value === null || typeof value !== 'object') return [at];
  return Object.entries(value).flatMap(([key, item]) => leaves(item, [...at, key]));
}

function replace(root: unknown, path: Path, value: unknown): unknown {
  // biome-ignore lint/suspicious/noExplicitAny: any JSON
  const parent = path.slice(0, -1).reduce((node: any, key) => node[key], root);
  const last = path.at(-1) as string;
  const was = parent[last];
  parent[last] = value;
  return was;
}

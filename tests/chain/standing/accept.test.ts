import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { acceptStanding, type Expectation, StandingError } from '../../../app/chain/standing/accept.ts';
import { keyIdOf, rawPublicKey, sealed } from '../../../app/chain/standing/envelope.ts';
import { aStanding, ISSUED_AT } from './a-standing.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const publicKey = rawPublicKey(privateKey);
const keys = [{ keyId: keyIdOf(publicKey), publicKey }];
const WELL_KNOWN = { network: 'test', netuid: 24, keys, version: '1' };
const EXPECTED: Expectation = {
  netuid: 24,
  network: 'test',
  key: null,
  keySource: '',
  last: null,
  now: ISSUED_AT,
};
const accept = (payload: unknown, expected: Partial<Expectation> = {}, wellKnown: unknown = WELL_KNOWN) =>
  acceptStanding(wellKnown, sealed(payload, privateKey), { ...EXPECTED, ...expected });
const codeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    if (error instanceof StandingError) return `${error.code}${error.retryable ? ', passes' : ''}`;
    throw error;
  }
  return 'accepted';
};

describe('a signed standing', () => {
  it('is accepted with the shares that follow from it', () => {
    const { shares, issuedAt, keyId } = accept(aStanding());
    expect([shares.length, issuedAt, keyId]).toEqual([4, ISSUED_AT, keys[0]?.keyId]);
  });

  it('is accepted of a Referee that lists more keys, and says more of itself', () => {
    const other = { keyId: '0'.repeat(16), publicKey: Buffer.alloc(32).toString('base64'), since: 1 };
    expect(codeOf(() => accept(aStanding(), {}, { ...WELL_KNOWN, keys: [other, ...keys], more: 1 }))).toBe(
      'accepted',
    );
  });

  it.each<[string, string, () => unknown]>([
    ['no payload', 'not_a_referee', () => accept(null)],
    ['a payload of another kind', 'not_a_referee', () => accept({ version: 1, kind: 'result' })],
    ['a field that this version does not know', 'not_a_referee', () => accept({ ...aStanding(), more: 1 })],
    [
      'a margin in which everything ties',
      'not_a_referee',
      () => accept({ ...aStanding(), rules: { shares: [1], tieMargin: 1, baseline: null } }),
    ],
    [
      'a name of a network at its address that steers terminals',
      'not_a_referee',
      () => accept(aStanding(), {}, { ...WELL_KNOWN, network: '\u001b[2Jtest' }),
    ],
    ['a later version', 'unknown_version', () => accept({ ...aStanding(), version: 2 })],
    ['no keys', 'not_a_referee', () => accept(aStanding(), {}, { ...WELL_KNOWN, keys: [] })],
    [
      'a key under another id',
      'bad_signature',
      () =>
        accept(
          aStanding(),
          {},
          {
            ...WELL_KNOWN,
            keys: [{ ...keys[0], publicKey: Buffer.alloc(32, 1).toString('base64') }],
          },
        ),
    ],
    ['another key than the trusted one', 'other_key', () => accept(aStanding(), { key: '0'.repeat(16) })],
    ['another network by its own words', 'other_subnet', () => accept(aStanding({ network: 'main' }))],
    [
      'another network at its address',
      'other_subnet',
      () => accept(aStanding(), {}, { ...WELL_KNOWN, network: 'main' }),
    ],
    ['an age of a day', 'too_old, passes', () => accept(aStanding(), { now: ISSUED_AT + 86_400_001 })],
    ['a time to come', 'from_the_future, passes', () => accept(aStanding(), { now: ISSUED_AT - 600_001 })],
    ['a round before', 'rolled_back, passes', () => accept(aStanding(), { last: { round: 4, issuedAt: 0 } })],
    [
      'a time before',
      'rolled_back, passes',
      () => accept(aStanding(), { last: { round: 3, issuedAt: ISSUED_AT + 600_001 } }),
    ],
    ['shares that do not follow', 'differs', () => accept(aStanding({ shares: [] }))],
  ])('with %s is %s', (_, code, work) => {
    expect(codeOf(work)).toBe(code);
  });
});

import { u8aToHex } from '@polkadot/util';
import { describe, expect, it } from 'vitest';
import { KNOWN_CALLS } from '../../app/chain/calls.ts';
import type { WeightCall } from '../../app/chain/calls-bytes.ts';
import { applyPolicy, type RefusalCode, SIGNED_CALLS } from '../../app/chain/signer-policy.ts';
import { wrapInProxy } from '../../app/chain/signer-proxy.ts';
import {
  aCall,
  aRequest,
  bytesOf,
  FINNEY,
  OTHER,
  PAIR,
  POLICY,
  TRANSFER,
  WEIGHTS,
} from './signer-requests.ts';

const plain: WeightCall = {
  kind: 'plain',
  netuid: 7,
  mecid: 0,
  row: { uids: [1, 2], values: [65_535, 27_306] },
  versionKey: 0n,
};
const timelocked: WeightCall = {
  kind: 'timelocked',
  netuid: 7,
  mecid: 0,
  commit: Buffer.alloc(303, 5),
  revealRound: 1000,
};
const inner = (method: string) => method.slice(2);
const batch = (...calls: string[]) =>
  `0x0b02${(calls.length * 4).toString(16).padStart(2, '0')}${calls.map(inner).join('')}`;

function expectRefusal(payload: unknown, code: RefusalCode, ...words: string[]): void {
  const answer = applyPolicy(payload, POLICY);
  if (answer.kind !== 'refused') throw new Error('it was allowed');
  expect(answer.code).toBe(code);
  for (const word of words) expect(answer.message).toContain(word);
}

describe('the signer', () => {
  it.each([
    ['set_weights', 0, plain],
    ['set_mechanism_weights', 119, plain],
    ['commit_crv3_weights', 99, timelocked],
    ['commit_timelocked_weights', 113, timelocked],
    ['commit_timelocked_mechanism_weights', 118, timelocked],
  ])('signs %s', (name, index, content) => {
    const answer = applyPolicy(aRequest({ method: aCall(name, index, content) }), POLICY);
    expect(answer).toMatchObject({ kind: 'allowed', call: { name }, content: { netuid: 7, mecid: 0 } });
  });

  it('knows the place of every call that is ever sent', () => {
    expect(SIGNED_CALLS.map(({ name }) => name)).toEqual(KNOWN_CALLS.map(({ name }) => name));
  });

  it('signs the call of the golden bytes, and says what it holds', () => {
    expect(applyPolicy(aRequest(), POLICY)).toMatchObject({
      kind: 'allowed',
      content: { row: { uids: [2, 3, 4, 5], values: [65_535, 27_306, 10_922, 5_461] } },
    });
  });
});

describe('the signer refuses', () => {
  it('a transfer', () => {
    expectRefusal(aRequest({ method: TRANSFER }), 'not_a_weight_call', '5.3', 'Balances, which moves funds');
  });

  it.each([
    ['add_stake', '0x0702'],
    ['register', '0x0706'],
    ['swap_hotkey', '0x0746'],
    ['a call of an unknown pallet', '0xff00'],
    ['nothing', '0x'],
  ])('%s', (_, method) => {
    expectRefusal(aRequest({ method }), 'not_a_weight_call');
  });

  it('calls within a batch, be they of weights', () => {
    expectRefusal(aRequest({ method: batch(WEIGHTS) }), 'not_a_weight_call', 'Utility');
    expectRefusal(aRequest({ method: batch(WEIGHTS, TRANSFER) }), 'not_a_weight_call', 'Utility');
  });

  it('a weight call with something after it', () => {
    expectRefusal(aRequest({ method: `${WEIGHTS}00` }), 'not_a_weight_call', 'other bytes');
    expectRefusal(aRequest({ method: WEIGHTS + inner(TRANSFER) }), 'not_a_weight_call');
    expectRefusal(aRequest({ method: WEIGHTS.slice(0, -2) }), 'not_a_weight_call');
  });

  it('another netuid', () => {
    const method = aCall('set_weights', 0, { ...plain, netuid: 8 });
    expectRefusal(aRequest({ method }), 'another_netuid', 'netuid 8', 'only 7');
    const commit = aCall('commit_timelocked_weights', 113, { ...timelocked, netuid: 263 });
    expectRefusal(aRequest({ method: commit }), 'another_netuid', 'netuid 263');
  });

  it('another mechanism', () => {
    const method = aCall('set_mechanism_weights', 119, { ...plain, mecid: 1 });
    expectRefusal(aRequest({ method }), 'another_mechanism', 'mechanism 1');
  });

  it('another genesis', () => {
    const genesisHash = `0x${'33'.repeat(32)}`;
    expectRefusal(aRequest({ genesisHash }), 'another_genesis', genesisHash, FINNEY);
  });

  it('another account', () => {
    expectRefusal(aRequest({ address: OTHER.hotkey }), 'another_account', OTHER.hotkey, PAIR.hotkey);
  });

  it.each([
    ['0x00', 'lasts_too_long', 'for ever'],
    ['0x0600', 'lasts_too_long', '128 blocks'],
    ['0x0000', 'malformed', 'era'],
    ['0x', 'malformed', 'era'],
  ] as const)('the era %s', (era, code, word) => {
    expectRefusal(aRequest({ era }), code, word);
  });

  it('a tip', () => {
    expectRefusal(aRequest({ tip: '0x00000000000000000000000000000001' }), 'tip', 'tip of 1');
  });

  it('another form of transaction', () => {
    expectRefusal(aRequest({ transactionVersion: '0x00000002' }), 'transaction_version');
    expectRefusal(aRequest({ version: 5 }), 'transaction_version');
  });

  it('a metadata hash and a fee asset', () => {
    expectRefusal(aRequest({ mode: 1, metadataHash: `0x${'44'.repeat(32)}` }), 'asset');
    expectRefusal(aRequest({ assetId: '0x01' }), 'asset');
  });

  it.each([null, 7, 'sign this', [], {}])('%j', (payload) => {
    expectRefusal(payload, 'malformed');
  });

  it('every change of what the call is and whom it is for, bit by bit', () => {
    const bytes = bytesOf(WEIGHTS);
    const HEAD = 5; // pallet, call, netuid, mechanism
    const allowed = Array.from({ length: 8 * bytes.length }, (_, bit) => bit).filter((bit) => {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      return applyPolicy(aRequest({ method: u8aToHex(changed) }), POLICY).kind === 'allowed';
    });
    expect(allowed.filter((bit) => bit >> 3 < HEAD)).toEqual([]);
    // the rest are uids, values and the version key, which the App decides
    expect(allowed).toHaveLength(8 * (4 * 2 + 4 * 2 + 8));
  });
});

describe('a signer that is a proxy', () => {
  const policy = { ...POLICY, proxyFor: OTHER.hotkey };
  const wrapped = (method: string, real = OTHER.publicKey) => u8aToHex(wrapInProxy(bytesOf(method), real));
  const answer = (method: string) => applyPolicy(aRequest({ method }), policy);

  it('signs weights in the name of the account', () => {
    expect(answer(wrapped(WEIGHTS))).toMatchObject({ kind: 'allowed', content: { netuid: 7 } });
  });

  it.each([
    ['a call of its own', WEIGHTS, 'not_by_proxy'],
    ['a transfer of its own', TRANSFER, 'not_by_proxy'],
    ['a transfer in the name of the account', wrapped(TRANSFER), 'not_a_weight_call'],
    ['weights in the name of another', wrapped(WEIGHTS, PAIR.publicKey), 'another_proxy'],
    ['a proxy within a proxy', wrapped(wrapped(WEIGHTS)), 'not_a_weight_call'],
    ['the proxy type Any', wrapped(WEIGHTS).replace('0105', '0100'), 'another_proxy'],
    ['another subnet', wrapped(aCall('set_weights', 0, { ...plain, netuid: 8 })), 'another_netuid'],
  ])('refuses %s', (_, method, code) => {
    expect(answer(method)).toMatchObject({ kind: 'refused', code });
  });

  it('is not taken for one when it is not configured', () => {
    expectRefusal(aRequest({ method: wrapped(WEIGHTS) }), 'not_by_proxy', "nobody's proxy");
  });
});

import { decodeAddress } from '@polkadot/util-crypto/address';
import { describe, expect, it } from 'vitest';
import { wrapInProxy } from '../../../app/chain/signer-proxy.ts';
import {
  aDouble,
  aSigner,
  connected,
  NETUID,
  STRANGER,
  signedWeights,
  VALIDATOR,
  weights,
} from './a-chain.ts';

describe('an extrinsic in a finalized block', () => {
  it('is found with its place and its events', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes, hash, birthBlock, deathBlock } = await signedWeights(chain);
    await double.mine(11);
    await chain.submit(bytes);
    const block = await double.mine();
    await double.mine(3);
    expect(await chain.find(bytes, birthBlock, double.head().number)).toEqual({
      block,
      index: 1,
      bytes,
      hash,
      problem: null,
      events: ['subtensorModule.WeightsSet', 'system.ExtrinsicSuccess'],
    });
    expect(await chain.find(bytes, block.number, block.number)).toMatchObject({ block });
    expect(block.number).toBeLessThan(deathBlock);
  });

  it('is not found in other blocks, or where there are none', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes } = await signedWeights(chain);
    await chain.submit(bytes);
    const { number } = await double.mine();
    await double.mine(20);
    expect(await chain.find(bytes, number + 1, number + 20)).toBeNull();
    expect(await chain.find(bytes, number + 1, number)).toBeNull();
    expect(await chain.find('0x00', 1_000, number + 20)).toBeNull();
  });

  it('failed, and says why by the name of the error', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes } = await signedWeights(chain);
    await chain.submit(bytes);
    double.faults.failDispatch('NeuronNoValidatorPermit', 1);
    const { number } = await double.mine();
    const outcome = await chain.find(bytes, number, number);
    expect(outcome?.problem).toMatchObject({ code: 'no_permit' });
    expect(outcome?.problem?.message).toContain('NeuronNoValidatorPermit');
    expect(outcome?.events).toEqual(['system.ExtrinsicFailed']);
  });

  it('succeeded as a proxy, while the call in it failed', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const view = await chain.finalized();
    const call = wrapInProxy(weights(view), decodeAddress(VALIDATOR.hotkey));
    const signer = aSigner(double, { pair: STRANGER, proxyFor: VALIDATOR.hotkey });
    const { bytes } = await chain.sign(view, call, { account: STRANGER.hotkey, nonce: 0, signer });
    expect(await chain.submit(bytes)).toEqual({ kind: 'pending' });
    const { number } = await double.mine();
    const outcome = await chain.find(bytes, number, number);
    expect(outcome).not.toBeNull();
    expect(outcome?.problem).toMatchObject({ code: 'proxy' });
  });
});

describe('a transaction that was signed twice', () => {
  it('is in one block, and is found there under the signature that it has', async () => {
    const double = await aDouble();
    double.subnet(NETUID).set({ weightsSetRateLimit: 0 });
    await double.mine();
    const { chain } = connected([double.url], double);
    const first = await signedWeights(chain);
    double.faults.refuseInPool({ custom: 255 }, 1);
    expect(await chain.submit(first.bytes)).toMatchObject({ kind: 'refused' });
    expect(await chain.submit(first.bytes)).toEqual({ kind: 'banned' });
    await double.mine(9);
    const again = await chain.signAgain(first, { account: VALIDATOR.hotkey, signer: aSigner(double) });
    expect({ ...again, bytes: first.bytes, hash: first.hash }).toEqual(first);
    expect(again.hash).not.toBe(first.hash);
    expect(await chain.submit(again.bytes)).toEqual({ kind: 'pending' });
    const { number } = await double.mine();
    await double.mine(3);
    double.dropPool();
    expect(await chain.submit(first.bytes)).toMatchObject({ kind: 'refused', problem: { code: 'outdated' } });
    expect(double.record.inclusions.map(({ hash }) => hash)).toEqual([again.hash]);
    expect(await chain.find(first.bytes, first.birthBlock, number + 3)).toMatchObject({
      block: { number },
      bytes: again.bytes,
      hash: again.hash,
    });
  });

  it('is another one with another nonce, another era or other weights', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const signer = aSigner(double);
    const view = await chain.finalized();
    const signed = (nonce: number, call = weights(view), at = view) =>
      chain.sign(at, call, { account: VALIDATOR.hotkey, nonce, signer });
    const first = await signed(0);
    await double.mine();
    const others = [
      await signed(1),
      await signed(0, weights(view, [65_535, 2])),
      await signed(0, weights(view), await chain.finalized()),
    ];
    await chain.submit(first.bytes);
    await double.mine();
    const found = (bytes: string) => chain.find(bytes, 1_000, double.head().number);
    expect(await found(first.bytes)).toMatchObject({ hash: first.hash });
    for (const { bytes } of others) expect(await found(bytes)).toBeNull();
  });

  it('is not signed again for a runtime that is no more', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const first = await signedWeights(chain);
    double.upgrade({ specVersion: 476 });
    await double.mine(3);
    await expect(
      chain.signAgain(first, { account: VALIDATOR.hotkey, signer: aSigner(double) }),
    ).rejects.toMatchObject({ code: 'upgrading' });
  });
});

describe('blocks that cannot be looked through', () => {
  it('are not final yet: look again later', async () => {
    const double = await aDouble({ finalityLag: 4 });
    const { chain } = connected([double.url], double);
    await double.mine(6);
    const { number } = double.finalized();
    const nothing = '0x00';
    await expect(chain.find(nothing, number, number + 1)).rejects.toMatchObject({
      code: 'unreachable',
      retryable: true,
    });
    expect(await chain.find(nothing, number, number)).toBeNull();
  });

  it('have the extrinsic and no state: what became of it cannot be told', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes } = await signedWeights(chain);
    await chain.submit(bytes);
    const { number } = await double.mine();
    await double.mine(20);
    double.keepStates(5);
    await expect(chain.find(bytes, number, number)).rejects.toMatchObject({
      code: 'pruned',
      retryable: true,
    });
  });

  it('do not exist on this node', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    await expect(chain.find('0x00', 990, 1_000)).rejects.toMatchObject({ code: 'pruned' });
  });
});

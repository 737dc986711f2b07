import { decodeAddress } from '@polkadot/util-crypto/address';
import { describe, expect, it } from 'vitest';
import { wrapInProxy } from '../../../app/chain/signer-proxy.ts';
import { aDouble, aSigner, connected, STRANGER, signedWeights, VALIDATOR, weights } from './a-chain.ts';

describe('an extrinsic in a finalized block', () => {
  it('is found with its place and its events', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes, hash, birthBlock, deathBlock } = await signedWeights(chain);
    await double.mine(11);
    await chain.submit(bytes);
    const block = await double.mine();
    await double.mine(3);
    expect(await chain.find(hash, birthBlock, double.head().number)).toEqual({
      block,
      index: 1,
      problem: null,
      events: ['subtensorModule.WeightsSet', 'system.ExtrinsicSuccess'],
    });
    expect(await chain.find(hash, block.number, block.number)).toMatchObject({ block });
    expect(block.number).toBeLessThan(deathBlock);
  });

  it('is not found in other blocks, or where there are none', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes, hash } = await signedWeights(chain);
    await chain.submit(bytes);
    const { number } = await double.mine();
    await double.mine(20);
    expect(await chain.find(hash, number + 1, number + 20)).toBeNull();
    expect(await chain.find(hash, number + 1, number)).toBeNull();
    expect(await chain.find(`0x${'ab'.repeat(32)}`, 1_000, number + 20)).toBeNull();
  });

  it('failed, and says why by the name of the error', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes, hash } = await signedWeights(chain);
    await chain.submit(bytes);
    double.faults.failDispatch('NeuronNoValidatorPermit', 1);
    const { number } = await double.mine();
    const outcome = await chain.find(hash, number, number);
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
    const { hash, bytes } = await chain.sign(view, call, { account: STRANGER.hotkey, nonce: 0, signer });
    expect(await chain.submit(bytes)).toEqual({ kind: 'pending' });
    const { number } = await double.mine();
    const outcome = await chain.find(hash, number, number);
    expect(outcome).not.toBeNull();
    expect(outcome?.problem).toMatchObject({ code: 'proxy' });
  });
});

describe('blocks that cannot be looked through', () => {
  it('are not final yet: look again later', async () => {
    const double = await aDouble({ finalityLag: 4 });
    const { chain } = connected([double.url], double);
    await double.mine(6);
    const { number } = double.finalized();
    const nothing = `0x${'ab'.repeat(32)}`;
    await expect(chain.find(nothing, number, number + 1)).rejects.toMatchObject({
      code: 'unreachable',
      retryable: true,
    });
    expect(await chain.find(nothing, number, number)).toBeNull();
  });

  it('have the extrinsic and no state: what became of it cannot be told', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes, hash } = await signedWeights(chain);
    await chain.submit(bytes);
    const { number } = await double.mine();
    await double.mine(20);
    double.keepStates(5);
    await expect(chain.find(hash, number, number)).rejects.toMatchObject({ code: 'pruned', retryable: true });
  });

  it('do not exist on this node', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    await expect(chain.find(`0x${'ab'.repeat(32)}`, 990, 1_000)).rejects.toMatchObject({ code: 'pruned' });
  });
});

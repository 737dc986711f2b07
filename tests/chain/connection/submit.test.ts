import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../eventually.ts';
import { aDouble, connected, NETUID, signedWeights, VALIDATOR } from './a-chain.ts';
import { startTcpProxy } from './tcp-proxy.ts';

async function aProxy(url: string) {
  const proxy = await startTcpProxy(url);
  onTestFinished(() => proxy.close());
  return proxy;
}

describe('submitted bytes', () => {
  it('wait in the pool, then they are in a block, and their weights are stored', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes, hash } = await signedWeights(chain);
    expect(await chain.submit(bytes)).toEqual({ kind: 'pending' });
    expect(await chain.nextNonce(VALIDATOR.hotkey)).toBe(1);
    const block = await double.mine();
    expect(double.record.inclusions).toMatchObject([{ hash, block: block.number, error: null }]);
    expect(double.subnet(NETUID).row(VALIDATOR.hotkey)).toEqual([
      [0, 65_535],
      [1, 27_306],
    ]);
  });

  it('may be sent again at any time, and are in one block', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes } = await signedWeights(chain);
    for (let time = 0; time < 3; time++) expect(await chain.submit(bytes)).toEqual({ kind: 'pending' });
    await double.mine();
    // the node has seen them, and says so
    expect(await chain.submit(bytes)).toEqual({ kind: 'banned' });
    await double.mine(3);
    expect(double.record.inclusions).toHaveLength(1);
    expect(double.record.submissions.map(({ answer }) => answer.slice(0, 8))).toEqual([
      'accepted',
      '1013: Tr',
      '1013: Tr',
      '1012: Tr',
    ]);
  });

  it('go to the next endpoint when the first takes them again and again and no block has them', async () => {
    const [first, second] = [await aDouble(), await aDouble()];
    const { chain } = connected([first.url, second.url], first);
    const { bytes } = await signedWeights(chain);
    for (let time = 0; time < 8; time++) await chain.submit(bytes);
    expect(second.record.submissions).toHaveLength(0);
    await chain.submit(bytes);
    expect([first.record.submissions.length, second.record.submissions.length]).toEqual([8, 1]);
    expect(chain.status()).toMatchObject({ endpoint: second.url, failovers: 1 });
  });

  it('stay with the only endpoint that there is', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes } = await signedWeights(chain);
    for (let time = 0; time < 20; time++) await chain.submit(bytes);
    expect(double.record.submissions).toHaveLength(20);
    expect(chain.status().failovers).toBe(0);
  });

  it('are sent again over another connection when the first was cut before the answer: one block has them', async () => {
    const double = await aDouble();
    const [first, second] = [await aProxy(double.url), await aProxy(double.url)];
    const { chain } = connected([first.url, second.url], double);
    const { bytes, hash, birthBlock } = await signedWeights(chain);
    first.holdAnswers();
    const sent = chain.submit(bytes);
    await eventually(() => expect(double.record.submissions).toHaveLength(1));
    first.cut();
    await expect(sent).rejects.toMatchObject({ code: 'unreachable', retryable: true });
    expect(await chain.submit(bytes)).toEqual({ kind: 'pending' });
    expect(chain.status().endpoint).toBe(second.url);
    await double.mine(2);
    expect(double.record.inclusions.map((each) => each.hash)).toEqual([hash]);
    expect(await chain.find(bytes, birthBlock, double.head().number)).toMatchObject({ problem: null });
  });

  it.each(['before', 'after'] as const)(
    'reach one block when the node hangs up %s it took them',
    async (when) => {
      const double = await aDouble();
      const { chain } = connected([double.url], double);
      const { bytes } = await signedWeights(chain);
      double.faults.cutOnSubmit(when);
      await expect(chain.submit(bytes)).rejects.toMatchObject({ code: 'unreachable', retryable: true });
      expect(await chain.submit(bytes)).toEqual({ kind: 'pending' });
      await double.mine(2);
      expect(double.record.inclusions).toHaveLength(1);
    },
  );

  it('are not known to be lost when another one has their nonce', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const [one, other] = [await signedWeights(chain), await signedWeights(chain, [65_535, 1])];
    expect(other.nonce).toBe(one.nonce);
    await chain.submit(one.bytes);
    expect(await chain.submit(other.bytes)).toEqual({ kind: 'pending' });
    expect(double.record.submissions[1]?.answer).toMatch(/^1014/);
  });
});

describe('a refused submission', () => {
  it.each([
    [{ custom: 1 }, 'stake_too_low'],
    [{ custom: 6 }, 'too_fast'],
    [{ code: 1010, message: '{"invalid":{"custom":15}}' }, 'round_too_early'],
    [{ code: 1, message: '1010: {"invalid":{"stale":null}}' }, 'outdated'],
  ])('is told in our words: %j', async (refusal, code) => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes } = await signedWeights(chain);
    double.faults.refuseInPool(refusal, 1);
    expect(await chain.submit(bytes)).toMatchObject({ kind: 'refused', problem: { code } });
  });

  it('has a stale nonce, an old era, or bytes that are nothing', async () => {
    const double = await aDouble();
    double.subnet(NETUID).set({ weightsSetRateLimit: 0 });
    await double.mine();
    const { chain } = connected([double.url], double);
    const [one, other] = [await signedWeights(chain), await signedWeights(chain, [65_535, 1])];
    await chain.submit(one.bytes);
    await double.mine();
    expect(await chain.submit(other.bytes)).toMatchObject({ kind: 'refused', problem: { code: 'outdated' } });
    const late = await signedWeights(chain, [65_535, 2]);
    await double.mine(40);
    expect(await chain.submit(late.bytes)).toMatchObject({ kind: 'refused' });
    expect(await chain.submit('0x00')).toMatchObject({ kind: 'refused', problem: { code: 'unknown' } });
  });

  it('is none where the pool is full: the same bytes are sent again', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes } = await signedWeights(chain);
    double.faults.refuseInPool({ code: 1016, message: 'Immediately Dropped' }, 1);
    await expect(chain.submit(bytes)).rejects.toMatchObject({ code: 'unreachable', retryable: true });
    expect(await chain.submit(bytes)).toEqual({ kind: 'pending' });
  });

  it('is none where the endpoint takes no submissions at all', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes } = await signedWeights(chain);
    double.faults.failMethod('author_submitExtrinsic', { code: -32_601, message: 'Method not found' }, 1);
    await expect(chain.submit(bytes)).rejects.toMatchObject({ code: 'protocol', retryable: false });
  });
});

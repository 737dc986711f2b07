import net from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ChainDouble } from '../../doubles/chain/start.ts';
import { eventually } from '../../eventually.ts';
import { aDouble, connected, signedWeights, VALIDATOR } from './a-chain.ts';

/** Of blocks older than these the first endpoint keeps no state. */
const KEPT = 5;

/** Two endpoints of one chain at block 1030, of which the first has forgotten most. */
async function anArchive(): Promise<readonly [ChainDouble, ChainDouble]> {
  const doubles = [await aDouble(), await aDouble()] as const;
  for (const double of doubles) await double.mine(30);
  doubles[0].keepStates(KEPT);
  return doubles;
}

const connections = (double: ChainDouble) => double.record.count('chain_subscribeNewHeads');

describe('a block that the endpoint in use has forgotten', () => {
  it('is read at the next one, over one connection, and the first stays in use', async () => {
    const [first, second] = await anArchive();
    const { chain } = connected([first.url, second.url], first);
    await chain.finalized();
    for (const number of [1_010, 1_011, 1_012]) {
      const view = await chain.viewAt(number);
      expect(view.block.number).toBe(number);
      expect(String(await view.api.query.system?.number?.())).toBe(String(number));
      expect(await chain.initializationEvents(number)).toEqual([]);
    }
    expect(chain.status()).toMatchObject({ endpoint: first.url, failovers: 0 });
    expect([connections(first), connections(second)]).toEqual([1, 1]);
  });

  it('tells there what became of an extrinsic', async () => {
    const [first, second] = [await aDouble(), await aDouble()];
    const { chain } = connected([first.url, second.url], first);
    const { bytes, birthBlock } = await signedWeights(chain);
    await chain.submit(bytes);
    await connected([second.url], second).chain.submit(bytes);
    for (const double of [first, second]) await double.mine(30);
    first.keepStates(KEPT);
    expect(await chain.find(bytes, birthBlock, 1_020)).toMatchObject({
      block: { number: 1_001 },
      problem: null,
    });
    expect(await chain.find(bytes, 1_002, 1_020)).toBeNull();
    expect(chain.status().endpoint).toBe(first.url);
  });

  it('is forgotten where every other one has forgotten it too', async () => {
    const [first, second] = await anArchive();
    second.keepStates(KEPT);
    const { chain } = connected([first.url, second.url], first);
    await expect(chain.viewAt(1_010)).rejects.toMatchObject({
      code: 'pruned',
      userMessage: expect.stringContaining(first.url),
    });
    expect(connections(second)).toBe(1);
    expect(chain.status()).toMatchObject({ endpoint: first.url, failovers: 0 });
  });

  it('is asked for where an archive is behind others that cannot be used', async () => {
    const [first, second] = await anArchive();
    const other = await aDouble({ chainName: 'Another one' });
    const forgetful = await aDouble();
    await forgetful.mine(30);
    forgetful.keepStates(KEPT);
    const { chain } = connected([first.url, 'ws://127.0.0.1:9', other.url, forgetful.url, second.url], first);
    expect((await chain.viewAt(1_010)).block.number).toBe(1_010);
    expect(chain.status()).toMatchObject({
      endpoint: first.url,
      putAside: [{ endpoint: other.url, problem: { code: 'wrong_genesis' } }],
    });
  });
});

describe('the connection to another endpoint', () => {
  it('is let go when nobody asked it for a minute', async () => {
    const [first, second] = await anArchive();
    const { chain, timers } = connected([first.url, second.url], first, { limits: { headMs: 3_600_000 } });
    const ask = () => chain.viewAt(1_010);
    await ask();
    timers.advance(59_999);
    await ask();
    timers.advance(59_999);
    await ask();
    expect(connections(second)).toBe(1);
    timers.advance(60_000);
    await ask();
    expect([connections(first), connections(second)]).toEqual([1, 2]);
  });

  it('is made anew when it was cut', async () => {
    const [first, second] = await anArchive();
    const { chain } = connected([first.url, second.url], first);
    await chain.viewAt(1_010);
    second.cut();
    await eventually(() => expect(chain.viewAt(1_011)).resolves.toBeDefined());
    expect(connections(second)).toBe(2);
  });

  it('is tried once in a minute where nobody answers', async () => {
    const opened = vi.fn();
    const server = net.createServer((socket) => {
      opened();
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const url = `ws://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
    const [first] = await anArchive();
    const { chain, timers } = connected([first.url, url], first, { limits: { headMs: 3_600_000 } });
    const asked = () => expect(chain.viewAt(1_010)).rejects.toMatchObject({ code: 'pruned' });
    await asked();
    await asked();
    expect(opened).toHaveBeenCalledTimes(1);
    timers.advance(59_999);
    await asked();
    expect(opened).toHaveBeenCalledTimes(1);
    timers.advance(1);
    await asked();
    expect(opened).toHaveBeenCalledTimes(2);
  });

  it('ends with all others, and none is made after that', async () => {
    const [first, second] = await anArchive();
    const { chain, timers } = connected([first.url, second.url], first);
    const view = await chain.viewAt(1_010);
    await chain.close();
    await expect(view.api.query.system?.account?.(VALIDATOR.hotkey)).rejects.toMatchObject({
      code: 'closed',
    });
    await expect(chain.viewAt(1_010)).rejects.toMatchObject({ code: 'closed' });
    expect([connections(second), timers.waiting]).toEqual([1, 0]);
  });
});

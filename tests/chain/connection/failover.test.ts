import http from 'node:http';
import net from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ChainDouble } from '../../doubles/chain/start.ts';
import { eventually } from '../../eventually.ts';
import { aDouble, connected, signedWeights, VALIDATOR } from './a-chain.ts';

/** Nobody listens there. */
const NOWHERE = 'ws://127.0.0.1:9';
const OTHER_CHAIN = `0x${'11'.repeat(32)}`;

const arrived = (double: ChainDouble, method: string) =>
  eventually(() => expect(double.record.count(method)).toBeGreaterThan(0));

/** A WebSocket that answers each message by itself; its address. */
async function aServer(answer: (text: string) => string): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  server.on('connection', (socket: WebSocket) =>
    socket.on('message', (data: Buffer) => socket.send(answer(data.toString()))),
  );
  await new Promise<void>((resolve) => server.once('listening', () => resolve()));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return `ws://127.0.0.1:${server.address().port}`;
}

describe('several endpoints', () => {
  it('are tried in their order until one serves', async () => {
    const double = await aDouble();
    const { chain } = connected([NOWHERE, double.url], double);
    expect((await chain.finalized()).block).toEqual(double.head());
    expect(chain.status()).toMatchObject({ endpoint: double.url, failovers: 0 });
  });

  it('take over from one that is cut, within the same call', async () => {
    const [first, second] = [await aDouble(), await aDouble()];
    const { chain } = connected([first.url, second.url], first);
    await chain.finalized();
    first.faults.silent.add('chain_getFinalizedHead');
    const asked = chain.finalized();
    await eventually(() => expect(first.record.count('chain_getFinalizedHead')).toBe(2));
    first.cut();
    await asked;
    expect(chain.status()).toMatchObject({ endpoint: second.url, failovers: 1 });
    expect(second.record.count('chain_getFinalizedHead')).toBe(1);
  });

  it('take over from one that keeps silent, when its time is up', async () => {
    const [first, second] = [await aDouble(), await aDouble()];
    const { chain, timers } = connected([first.url, second.url], first);
    first.faults.silent.add('system_accountNextIndex');
    const asked = chain.nextNonce(VALIDATOR.hotkey);
    await arrived(first, 'system_accountNextIndex');
    timers.advance(29_999);
    expect(chain.status().endpoint).toBe(first.url);
    timers.advance(1);
    expect(await asked).toBe(0);
    expect(chain.status()).toMatchObject({ endpoint: second.url, failovers: 1 });
  });

  it('take over from one that tells of no new block for a minute', async () => {
    const [first, second] = [await aDouble(), await aDouble()];
    const { chain, timers } = connected([first.url, second.url], first);
    await chain.finalized();
    timers.advance(50_000);
    await first.mine();
    await eventually(() => expect(chain.status().headAt).toBe(timers.now()));
    timers.advance(59_999);
    expect(chain.status().endpoint).toBe(first.url);
    timers.advance(1);
    expect(chain.status()).toMatchObject({ endpoint: null, headAt: timers.now() - 60_000, failovers: 1 });
    await chain.finalized();
    expect(chain.status().endpoint).toBe(second.url);
  });

  it('take over from one that wants no more requests', async () => {
    const [first, second] = [await aDouble(), await aDouble()];
    const { chain } = connected([first.url, second.url], first);
    await chain.finalized();
    first.faults.failMethod('system_accountNextIndex', { code: -32_005, message: 'Too many requests' });
    expect(await chain.nextNonce(VALIDATOR.hotkey)).toBe(0);
    expect(chain.status().endpoint).toBe(second.url);
  });

  it('take over from one that is far behind what was seen, and one that is a little behind is waited for', async () => {
    const [first, second] = [await aDouble(), await aDouble()];
    await first.mine(5);
    const { chain } = connected([first.url, second.url], first);
    await chain.finalized();
    first.cut();
    await eventually(() => expect(chain.status().endpoint).toBeNull());
    await expect(chain.finalized()).rejects.toMatchObject({ code: 'unreachable', retryable: true });
    expect(chain.status().endpoint).toBe(second.url);
    await second.mine(5);
    expect((await chain.finalized()).block.number).toBe(1_005);
    await second.mine(30);
    await chain.finalized();
    second.cut();
    await eventually(() => expect(chain.status().endpoint).toBeNull());
    expect((await chain.finalized()).block.number).toBe(1_035);
    expect(chain.status().endpoint).toBe(second.url);
  });
});

it('does not believe for ever in a height that nobody confirms', async () => {
  const [first, second] = [await aDouble(), await aDouble()];
  await first.mine(15);
  const { chain } = connected([first.url, second.url], first);
  await chain.finalized();
  first.cut();
  await eventually(() => expect(chain.status().endpoint).toBeNull());
  for (let answer = 1; answer < 100; answer++)
    await expect(chain.finalized()).rejects.toMatchObject({ code: 'unreachable' });
  expect((await chain.finalized()).block.number).toBe(1_000);
  await second.mine();
  expect((await chain.finalized()).block.number).toBe(1_001);
});

describe('an endpoint of another chain', () => {
  it('is put aside, told of, and nothing but its genesis is asked for', async () => {
    const asked: string[] = [];
    const wrong = await aServer((text) => {
      const { id, method } = JSON.parse(text) as { id: number; method: string };
      asked.push(method);
      return JSON.stringify({ jsonrpc: '2.0', id, result: OTHER_CHAIN });
    });
    const right = await aDouble();
    const log = vi.fn();
    const { chain } = connected([wrong, right.url], right, { log });
    expect((await chain.finalized()).block).toEqual(right.head());
    expect(asked).toEqual(['chain_getBlockHash']);
    const told = { endpoint: wrong, code: 'wrong_genesis' };
    expect(log).toHaveBeenCalledWith('endpoint does not serve', expect.objectContaining(told));
    expect(chain.status()).toMatchObject({
      endpoint: right.url,
      putAside: [
        {
          endpoint: wrong,
          problem: { code: 'wrong_genesis', userMessage: expect.stringContaining(OTHER_CHAIN) },
        },
      ],
    });
  });

  it('ends it all where there is no other one, and waiting does not help', async () => {
    const [first, second] = [await aDouble(), await aDouble()];
    const { chain } = connected([first.url, second.url], { genesisHash: OTHER_CHAIN });
    await expect(chain.finalized()).rejects.toMatchObject({
      code: 'wrong_genesis',
      retryable: false,
      userMessage: expect.stringMatching(/another chain.*correct the address or the genesis hash/),
    });
    expect(chain.status().putAside.map(({ endpoint }) => endpoint)).toEqual([first.url, second.url]);
    expect(first.record.requests.map(({ method }) => method)).toEqual(['chain_getBlockHash']);
  });

  it('is looked at again after ten minutes', async () => {
    const double = await aDouble();
    const { chain, timers } = connected([double.url], { genesisHash: OTHER_CHAIN });
    await expect(chain.finalized()).rejects.toMatchObject({ code: 'wrong_genesis' });
    timers.advance(599_999);
    await expect(chain.finalized()).rejects.toMatchObject({ code: 'wrong_genesis' });
    expect(double.record.count('chain_getBlockHash')).toBe(1);
    timers.advance(60_001);
    await expect(chain.finalized()).rejects.toMatchObject({ code: 'wrong_genesis' });
    expect(double.record.count('chain_getBlockHash')).toBe(2);
  });

  it('is told apart from a network that is down: that may pass', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url, NOWHERE], { genesisHash: OTHER_CHAIN });
    const error = await chain.finalized().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'unreachable', retryable: true });
    expect(error).toMatchObject({ userMessage: expect.stringContaining('another chain') });
  });
});

describe('when no endpoint serves', () => {
  it('the next round waits 1 s, then 2, and never more than a minute', async () => {
    const connections = vi.fn();
    const server = net.createServer((socket) => {
      connections();
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const url = `ws://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
    const { chain, timers } = connected([url], { genesisHash: OTHER_CHAIN });
    const fail = () =>
      expect(chain.finalized()).rejects.toMatchObject({ code: 'unreachable', retryable: true });
    await fail();
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]) {
      const before = connections.mock.calls.length;
      await fail();
      timers.advance(pauseMs - 1);
      await fail();
      expect(connections).toHaveBeenCalledTimes(before);
      timers.advance(1);
      await fail();
      expect(connections).toHaveBeenCalledTimes(before + 1);
    }
  });

  it('serves again at once when one is back', async () => {
    const double = await aDouble();
    double.faults.refuseConnections = true;
    const { chain, timers } = connected([double.url], double);
    await expect(chain.finalized()).rejects.toMatchObject({ code: 'unreachable' });
    double.faults.refuseConnections = false;
    timers.advance(1_000);
    await expect(chain.finalized()).resolves.toBeDefined();
  });
});

describe('an endpoint that hangs up while it is being opened', () => {
  it.each(['chain_getBlockHash', 'chain_subscribeNewHeads', 'system_chain', 'state_call'])(
    'at %s: the next one serves',
    async (method) => {
      const [first, second] = [await aDouble(), await aDouble()];
      first.faults.silent.add(method);
      const { chain } = connected([first.url, second.url], first);
      const asked = chain.finalized();
      await arrived(first, method);
      first.cut();
      await asked;
      expect(chain.status()).toMatchObject({ endpoint: second.url, failovers: 0 });
    },
  );
});

describe('an endpoint that is no node', () => {
  it('does not open the connection in time', async () => {
    const sockets: net.Socket[] = [];
    const server = net.createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    });
    const url = `ws://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
    const { chain, timers } = connected([url], { genesisHash: OTHER_CHAIN });
    const asked = chain.finalized();
    await eventually(() => expect(sockets).toHaveLength(1));
    timers.advance(15_000);
    await expect(asked).rejects.toMatchObject({ code: 'timed_out', retryable: true });
  });

  it.each(['<html>502 Bad Gateway</html>', '{"jsonrpc":"2.0","method":"x"}', '[]'])(
    'says %s, and nothing breaks',
    async (text) => {
      const { chain } = connected([await aServer(() => text)], { genesisHash: OTHER_CHAIN });
      await expect(chain.finalized()).rejects.toMatchObject({
        code: 'unreachable',
        userMessage: expect.stringContaining('does not speak JSON-RPC'),
      });
    },
  );

  it('is a web server behind a gateway that is down', async () => {
    const server = http
      .createServer()
      .on('upgrade', (_, socket) => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
    const url = `ws://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
    const { chain } = connected([url], { genesisHash: OTHER_CHAIN });
    await expect(chain.finalized()).rejects.toMatchObject({
      code: 'unreachable',
      userMessage: expect.stringMatching(/502.*check the address and the network/),
    });
  });

  it('refuses what is needed: the error names the endpoint and the method', async () => {
    const double = await aDouble();
    double.faults.failMethod('chain_getFinalizedHead', { code: -32_601, message: 'Method not found' });
    const { chain } = connected([double.url], double);
    await expect(chain.finalized()).rejects.toMatchObject({
      code: 'protocol',
      retryable: false,
      userMessage: expect.stringMatching(/127\.0\.0\.1:\d+ refused chain_getFinalizedHead.*Method not found/),
    });
  });
});

describe('a submission that is not answered', () => {
  it('rejects after two minutes, is not repeated by itself, and the next call goes elsewhere', async () => {
    const [first, second] = [await aDouble(), await aDouble()];
    const { chain, timers } = connected([first.url, second.url], first);
    const { bytes } = await signedWeights(chain);
    first.faults.silent.add('author_submitExtrinsic');
    const sent = chain.submit(bytes);
    await arrived(first, 'author_submitExtrinsic');
    await first.mine();
    timers.advance(59_000);
    await first.mine();
    await eventually(() => expect(chain.status().headAt).toBe(timers.now()));
    timers.advance(59_000);
    await first.mine();
    await eventually(() => expect(chain.status().headAt).toBe(timers.now()));
    timers.advance(2_000);
    await expect(sent).rejects.toMatchObject({ code: 'timed_out', retryable: true });
    expect(second.record.count('author_submitExtrinsic')).toBe(0);
    await chain.nextNonce(VALIDATOR.hotkey);
    expect(chain.status().endpoint).toBe(second.url);
  });
});

import net from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

/** As Node 22 and later have one. */
class WebSocketOfNode {
  constructor() {
    throw new Error('not this one');
  }
}

async function theModule() {
  vi.stubGlobal('WebSocket', WebSocketOfNode);
  vi.resetModules();
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  return import('../../../app/chain/connection/web-socket.ts');
}

describe('a WebSocket', () => {
  it('says why it cannot be opened, also where Node has one of its own that does not', async () => {
    const { openWebSocket } = await theModule();
    const port = await new Promise<number>((resolve) => {
      const server = net.createServer().listen(0, '127.0.0.1', () => {
        const { port: free } = server.address() as net.AddressInfo;
        server.close(() => resolve(free));
      });
    });
    const why = await new Promise<string>((resolve) => {
      openWebSocket(`ws://127.0.0.1:${port}`, {
        open: () => resolve('open'),
        text: () => resolve('text'),
        end: resolve,
      });
    });
    expect(why).toBe('ECONNREFUSED');
  });
});

/** A TCP proxy before a node, that a test cuts in the middle of a request. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** `before`: the request never arrives. `after`: it arrives, and its answer never does. */
export type Cut = 'before' | 'after';

export interface CutProxy {
  readonly url: string;
  /** Cuts at the next request. */
  cutNext(cut: Cut): void;
  close(): Promise<void>;
}

export async function startCutProxy(target: string): Promise<CutProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let next: Cut | null = null;
  const server = createServer((client) => {
    const node = connect(Number(port), hostname);
    let answerIsLost = false;
    const end = () => {
      client.destroy();
      node.destroy();
    };
    for (const socket of [client, node]) {
      sockets.add(socket);
      socket.on('error', end).on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    client.on('data', (request) => {
      const cut = next;
      next = null;
      if (cut === 'before') return end();
      answerIsLost ||= cut === 'after';
      node.write(request);
    });
    node.on('data', (answer) => (answerIsLost ? end() : client.write(answer)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cutNext(cut) {
      next = cut;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

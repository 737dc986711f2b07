/** A TCP proxy that a test can cut, also between a request and its answer. */
import net from 'node:net';

export interface TcpProxy {
  readonly url: string;
  /** Holds back what the server sends from now on, until the connections are cut. */
  holdAnswers(): void;
  /** Connections that were opened so far. */
  readonly opened: number;
  cut(): void;
  close(): Promise<void>;
}

/** `url`: a `ws://127.0.0.1:PORT` that it leads to. */
export async function startTcpProxy(url: string): Promise<TcpProxy> {
  const port = Number(new URL(url).port);
  const sockets = new Set<net.Socket>();
  let held = false;
  let opened = 0;
  const server = net.createServer((client) => {
    opened += 1;
    const upstream = net.connect(port, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk) => {
      if (!held) client.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    held = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `ws://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    holdAnswers: () => {
      held = true;
    },
    get opened() {
      return opened;
    },
    cut,
    close: () =>
      new Promise((resolve) => {
        cut();
        server.close(() => resolve());
      }),
  };
}

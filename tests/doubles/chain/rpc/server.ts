/** JSON-RPC over WebSocket on 127.0.0.1, in front of the chain. */
import { type WebSocket, WebSocketServer } from 'ws';
import type { Faults } from '../faults.ts';
import type { ChainNode } from '../node/node.ts';
import { RpcError } from './rpc-error.ts';
import { type Method, type Params, rpcMethods } from './rpc-methods.ts';
import { type Client, Subscriptions } from './subscriptions.ts';

export interface RpcServer {
  readonly url: string;
  /** Ends every connection that there is, without a goodbye. */
  cut(): void;
  close(): Promise<void>;
}

const OPEN = 1;
const SUBMITS = new Set(['author_submitExtrinsic', 'author_submitAndWatchExtrinsic']);

export async function serve(node: ChainNode, faults: Faults, port: number): Promise<RpcServer> {
  const methods: Readonly<Record<string, Method>> = {
    ...rpcMethods(node),
    rpc_methods: () => ({ methods: [...Object.keys(methods), ...Subscriptions.methods] }),
  };
  const subscriptions = new Subscriptions(node, faults);
  // before the handshake: a client never sees a refused connection as open
  const verifyClient = (): boolean => {
    if (faults.refuseConnections) node.record.refusedConnections += 1;
    return !faults.refuseConnections;
  };
  const server = new WebSocketServer({ host: '127.0.0.1', port, verifyClient });
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
  });

  server.on('connection', (socket: WebSocket) => {
    const client: Client = {
      send: (message) => {
        if (socket.readyState === OPEN) socket.send(JSON.stringify(message));
      },
    };
    socket.on('error', () => socket.terminate());
    socket.on('close', () => subscriptions.leave(client));
    socket.on('message', (data: Buffer) => receive(socket, client, data));
  });

  function receive(socket: WebSocket, client: Client, data: Buffer): void {
    const {
      id,
      method,
      params = [],
    } = JSON.parse(data.toString()) as {
      id: number;
      method: string;
      params?: Params;
    };
    node.record.requests.push({ method, params });
    if (faults.silent.has(method)) return;
    const cut = SUBMITS.has(method) ? faults.takeCut() : null;
    if (cut === 'before') {
      socket.terminate();
      return;
    }
    const { reply, after } = handle(client, method, params);
    if (cut === 'after') {
      socket.terminate();
      return;
    }
    client.send({ jsonrpc: '2.0', id, ...reply });
    after();
  }

  function handle(client: Client, method: string, params: Params): { reply: object; after: () => void } {
    try {
      const fault = faults.takeAnswer(method);
      if (fault !== null) throw fault;
      if (Subscriptions.answers(method)) {
        const { result, after } = subscriptions.answer(client, method, params);
        return { reply: { result }, after };
      }
      const found = methods[method];
      if (found === undefined) throw new RpcError(-32_601, 'Method not found');
      return { reply: { result: found(params) }, after: () => {} };
    } catch (error) {
      const { code, message, data } =
        error instanceof RpcError ? error : { code: -32_603, message: String(error), data: undefined };
      return {
        reply: { error: { code, message, ...(data === undefined ? {} : { data }) } },
        after: () => {},
      };
    }
  }

  const cut = () => {
    for (const socket of server.clients) socket.terminate();
  };
  return {
    url: `ws://127.0.0.1:${server.address().port}`,
    cut,
    close: () =>
      new Promise((resolve) => {
        cut();
        server.close(() => resolve());
      }),
  };
}

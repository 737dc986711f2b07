/** A WebSocket that ends once, for one reason, and at once. */
import { WebSocket } from '@polkadot/x-ws';

export interface WebSocketEvents {
  open(): void;
  text(text: string): void;
  /** It could not be opened, or the other side closed it. Not after `hangUp`. */
  end(why: string): void;
}

export interface OpenWebSocket {
  /** Throws while it is not open. */
  send(text: string): void;
  /** Without the closing handshake, which a dead peer would let wait for half a minute. */
  hangUp(): void;
}

export function openWebSocket(url: string, events: WebSocketEvents): OpenWebSocket {
  const socket = new WebSocket(url);
  socket.onopen = () => events.open();
  socket.onmessage = ({ data }: { data: unknown }) => events.text(String(data));
  socket.onerror = (event: unknown) => events.end(reasonOf(event));
  socket.onclose = ({ code }: { code: number }) => events.end(`it hung up, code ${code}`);
  return {
    send: (text) => socket.send(text),
    hangUp() {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      // ws throws the error of an aborted handshake where nobody listens
      socket.onerror = () => undefined;
      if ('terminate' in socket && typeof socket.terminate === 'function') socket.terminate();
      else socket.close();
    },
  };
}

function reasonOf(event: unknown): string {
  const { message, error } = event as { message?: unknown; error?: { code?: unknown } };
  return String(error?.code ?? message ?? 'no reason given');
}

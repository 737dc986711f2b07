/**
 * A WebSocket that ends once, for one reason, and at once. Not Node's own: that one tells no reason, and keeps the process
 * waiting for a dead peer's goodbye.
 */
import { WebSocket } from 'ws';

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
  socket.onmessage = ({ data }) => events.text(String(data));
  socket.onerror = ({ error, message }) => events.end(error?.code ?? message);
  socket.onclose = ({ code }) => events.end(`it hung up, code ${code}`);
  return {
    send: (text) => socket.send(text),
    hangUp() {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      // ws throws the error of an aborted handshake where nobody listens
      socket.onerror = () => undefined;
      socket.terminate();
    },
  };
}

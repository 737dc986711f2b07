/** The part of `ws` that a client uses; the package brings no types. */
declare module 'ws' {
  import type { EventEmitter } from 'node:events';

  export class WebSocket extends EventEmitter {
    constructor(url: string);
    readonly readyState: number;
    onopen: (() => void) | null;
    onmessage: ((event: { readonly data: unknown }) => void) | null;
    onerror:
      | ((event: { readonly message: string; readonly error?: { readonly code?: string } }) => void)
      | null;
    onclose: ((event: { readonly code: number }) => void) | null;
    /** Throws before it is open. */
    send(data: string): void;
    /** At once, without the closing handshake. */
    terminate(): void;
  }
}

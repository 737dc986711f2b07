/** The part of `ws` that the double uses; the package brings no types. */
declare module 'ws' {
  import type { EventEmitter } from 'node:events';

  export class WebSocket extends EventEmitter {
    readonly readyState: number;
    send(data: string): void;
    terminate(): void;
  }

  export class WebSocketServer extends EventEmitter {
    readonly clients: ReadonlySet<WebSocket>;
    constructor(options: { readonly host: string; readonly port: number; readonly maxPayload?: number });
    address(): { readonly port: number };
    close(done?: () => void): void;
  }
}

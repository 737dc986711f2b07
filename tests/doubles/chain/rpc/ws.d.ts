/** The part of `ws` that only a server uses. */
declare module 'ws' {
  import type { EventEmitter } from 'node:events';

  export class WebSocketServer extends EventEmitter {
    readonly clients: ReadonlySet<WebSocket>;
    constructor(options: {
      readonly host: string;
      readonly port: number;
      readonly maxPayload?: number;
      readonly verifyClient?: () => boolean;
    });
    address(): { readonly port: number };
    close(done?: () => void): void;
  }
}

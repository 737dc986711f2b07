/** Opens and closes the port. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The port could not be opened; `userMessage` says what to set. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly retryable = false;
  constructor(
    readonly code: string,
    readonly userMessage: string,
    cause: unknown,
  ) {
    super(userMessage, { cause });
  }
}

/** Resolves with the real port (0 asks for a free one). Throws `ListenError` that names host, port and the way out. */
export function listen(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) =>
      reject(new ListenError(cause.code ?? 'listen', explain(cause.code, host, port), cause));
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function explain(code: string | undefined, host: string, port: number): string {
  if (code === 'EADDRINUSE') return `port ${port} on ${host} is taken by another process: set PORT`;
  if (code === 'EACCES') return `this user may not open port ${port} on ${host}: set PORT to 1024 or above`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return `${host} is not an address of this machine: set HOST to 127.0.0.1 or 0.0.0.0`;
  return `cannot listen on port ${port} of ${host} (${code ?? 'unknown error'}): set HOST and PORT`;
}

/** Takes no new request, lets those in flight finish for at most `graceMs`, then cuts what is left. */
export function closeGracefully(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

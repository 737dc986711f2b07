/**
 * The signer behind a unix socket. Who may ask is decided by the socket's permissions: to connect, a process needs write
 * permission on it, so only the signer's own user may, or its group where `group` is set.
 */
import { lstatSync, statSync, unlinkSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { SignerError, type SignerLog, type WeightSigner } from './signer.ts';
import { lineReader, type SignerAnswer, SignerRequest } from './signer-wire.ts';

export interface SignerServerOptions {
  readonly signer: WeightSigner;
  readonly socketPath: string;
  /** Also the group of the socket's folder may ask: the App then runs as another user of that group. */
  readonly group: boolean;
  readonly log: SignerLog;
}

export interface SignerServer {
  /** Ends every connection and removes the socket. */
  stop(): Promise<void>;
}

/** The socket cannot be opened as it must be; the message says what to do. */
export class SocketError extends Error {
  override readonly name = 'SocketError';
}

/** Addresses of unix sockets are this long on every system that we know. */
const MAX_PATH_BYTES = 103;
const MAX_CONNECTIONS = 16;
const IDLE_MS = 30_000;

/** Resolves once the socket answers. Throws `SocketError`. */
export async function startSignerServer(options: SignerServerOptions): Promise<SignerServer> {
  const { socketPath, group, signer, log } = options;
  checkFolder(socketPath);
  await removeStale(socketPath);
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serve(socket, signer, log);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, socketPath, group ? 0o660 : 0o600);
  // such as no file descriptor left: the next connection may work again
  server.on('error', (error) => log('connection not accepted', { err: error }));
  return {
    stop: () =>
      new Promise((resolve) => {
        // node removes the socket's file as it closes
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

function serve(socket: net.Socket, signer: WeightSigner, log: SignerLog): void {
  const say = (answer: SignerAnswer) => socket.writable && socket.write(`${JSON.stringify(answer)}\n`);
  const read = lineReader(
    (line) => void answer(line, signer, log).then(say),
    () => {
      say({ answer: 'refused', code: 'protocol', message: 'the line is too long' });
      socket.destroySoon();
    },
  );
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', read);
}

async function answer(line: string, signer: WeightSigner, log: SignerLog): Promise<SignerAnswer> {
  const request = SignerRequest.safeParse(json(line));
  if (!request.success)
    return { answer: 'refused', code: 'protocol', message: 'this is no request that the signer knows' };
  try {
    if (request.data.ask === 'identity') return { answer: 'identity', ...(await signer.identity()) };
    return { answer: 'signed', ...(await signer.signPayload(request.data.payload)) };
  } catch (error) {
    if (error instanceof SignerError)
      return { answer: 'refused', code: error.code, message: error.userMessage };
    log('request failed', { err: error });
    return { answer: 'refused', code: 'protocol', message: 'the signer failed; its log says why' };
  }
}

function checkFolder(socketPath: string): void {
  if (Buffer.byteLength(socketPath) > MAX_PATH_BYTES)
    throw new SocketError(
      `${socketPath} is too long for a socket: use a path of at most ${MAX_PATH_BYTES} bytes`,
    );
  const folder = path.dirname(path.resolve(socketPath));
  const stat = statSync(folder, { throwIfNoEntry: false });
  if (!stat?.isDirectory())
    throw new SocketError(
      `the folder ${folder} does not exist: run  mkdir -m 2750 ${folder}  as the signer's user`,
    );
  // whoever may rename files there could put another signer in its place
  if ((stat.mode & 0o002) !== 0)
    throw new SocketError(
      `every user may write to ${folder}: use a folder of the signer's own, of mode 2750`,
    );
}

/** A socket that nobody listens on is left over from a process that was killed. */
async function removeStale(socketPath: string): Promise<void> {
  const stat = lstatSync(socketPath, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket())
    throw new SocketError(`${socketPath} is there already and is no socket: choose another path`);
  const answers = await new Promise<boolean>((resolve) => {
    const socket = net.connect(socketPath);
    socket.on('connect', () => resolve(true));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
    socket.on('connect', () => socket.destroy());
  });
  if (answers) throw new SocketError(`another signer listens on ${socketPath}: stop it first`);
  unlinkSync(socketPath);
}

function listen(server: net.Server, socketPath: string, mode: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException) =>
      reject(new SocketError(`cannot listen on ${socketPath} (${error.code})`));
    server.once('error', failed);
    server.once('listening', () => {
      server.off('error', failed);
      resolve();
    });
    // the socket is made within `listen`: it never has other permissions, not for a moment
    const before = process.umask(0o777 & ~mode);
    try {
      server.listen(socketPath);
    } finally {
      process.umask(before);
    }
  });
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

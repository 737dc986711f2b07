import { execFile } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { createSigner, type SignerError } from '../../app/chain/signer.ts';
import { remoteSigner } from '../../app/chain/signer-client.ts';
import { type SignerServer, startSignerServer } from '../../app/chain/signer-server.ts';
import { aRequest, FINNEY, PAIR, TRANSFER } from './signer-requests.ts';

const run = promisify(execFile);
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});

function aFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'quasar-signer-'));
  cleanUp.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const aSocket = () => path.join(aFolder(), 'signer.sock');

async function serve(socketPath: string, { group = false } = {}): Promise<SignerServer> {
  const signer = createSigner({
    pair: PAIR,
    policy: { netuid: 7, genesisHash: FINNEY, proxyFor: null },
    limit: { signatures: 3, windowMs: 60_000 },
    now: () => 0,
    log: () => {},
  });
  const server = await startSignerServer({ signer, socketPath, group, log: () => {} });
  cleanUp.push(() => server.stop());
  return server;
}

/** A peer that is no signer: says these bytes to whoever connects. */
async function impostor(socketPath: string, says: (socket: net.Socket) => void): Promise<void> {
  const open: net.Socket[] = [];
  const server = net.createServer((socket) => {
    open.push(socket);
    socket.on('error', () => {});
    says(socket);
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  cleanUp.push(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
}

/** Everything that the socket answers to these bytes until it hangs up or has said `lines` lines. */
function talk(socketPath: string, bytes: string | Buffer, lines = 1): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath, () => socket.write(bytes));
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
      if (heard.split('\n').length > lines) socket.end();
    });
    socket.on('close', () => resolve(heard));
    socket.on('error', reject);
  });
}

const failure = (asked: Promise<unknown>): Promise<SignerError> =>
  asked.then(
    () => expect.fail('it was answered'),
    (error) => error,
  );

describe('the signer over its socket', () => {
  it('says who it is and signs', async () => {
    const socketPath = aSocket();
    await serve(socketPath);
    const signer = remoteSigner(socketPath);
    expect(await signer.identity()).toEqual({
      hotkey: PAIR.hotkey,
      netuid: 7,
      genesisHash: FINNEY,
      proxyFor: null,
    });
    expect(await signer.signPayload(aRequest())).toEqual({
      id: 1,
      signature: expect.stringMatching(/^0x01[0-9a-f]{128}$/),
    });
  });

  it('refuses with the code and the message of the policy', async () => {
    const socketPath = aSocket();
    await serve(socketPath);
    const signer = remoteSigner(socketPath);
    const error = await failure(signer.signPayload(aRequest({ method: TRANSFER })));
    expect(error).toMatchObject({ name: 'SignerError', code: 'not_a_weight_call', retryable: false });
    expect(error.userMessage).toContain('Balances');
  });

  it('answers many at once, and several on one line of talk', async () => {
    const socketPath = aSocket();
    await serve(socketPath);
    const signer = remoteSigner(socketPath);
    const all = await Promise.all(Array.from({ length: 8 }, () => signer.identity()));
    expect(new Set(all.map(({ hotkey }) => hotkey))).toEqual(new Set([PAIR.hotkey]));
    const heard = await talk(socketPath, '{"ask":"identity"}\n{"ask":"identity"}\n', 2);
    expect(heard.trim().split('\n')).toHaveLength(2);
  });

  it.each([
    ['no JSON', 'sign!\n'],
    ['another question', '{"ask":"secret"}\n'],
    ['bytes of no text', Buffer.from([0xff, 0xfe, 0x00, 0x0a])],
  ])('refuses %s and stays', async (_, bytes) => {
    const socketPath = aSocket();
    await serve(socketPath);
    expect(await talk(socketPath, bytes)).toContain('"code":"protocol"');
    expect((await remoteSigner(socketPath).identity()).netuid).toBe(7);
  });

  it('hangs up on a line that is too long', async () => {
    const socketPath = aSocket();
    await serve(socketPath);
    expect(await talk(socketPath, 'x'.repeat(70_000), 99)).toContain('too long');
  });

  it('outlives a peer that goes away in the middle', async () => {
    const socketPath = aSocket();
    await serve(socketPath);
    const socket = net.connect(socketPath);
    await new Promise<void>((resolve) => socket.write('{"ask":', () => resolve()));
    socket.destroy();
    expect((await remoteSigner(socketPath).identity()).netuid).toBe(7);
  });
});

describe('the socket of the signer', () => {
  it.each([
    [false, 0o600],
    [true, 0o660],
  ])('with group %s has mode %o', async (group, mode) => {
    const socketPath = aSocket();
    const before = process.umask();
    await serve(socketPath, { group });
    expect(statSync(socketPath).mode & 0o777).toBe(mode);
    expect(process.umask()).toBe(before);
  });

  it('is gone after a stop', async () => {
    const socketPath = aSocket();
    const server = await serve(socketPath);
    const idle = net.connect(socketPath);
    idle.on('error', () => {});
    await new Promise<void>((resolve) => idle.on('connect', resolve));
    await server.stop();
    expect(existsSync(socketPath)).toBe(false);
  });

  it('is taken over from a process that was killed', async () => {
    const socketPath = aSocket();
    const listen = `require('net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`;
    await run(process.execPath, ['-e', listen]).catch(() => {});
    expect(statSync(socketPath).isSocket()).toBe(true);
    await serve(socketPath);
    expect((await remoteSigner(socketPath).identity()).netuid).toBe(7);
  });

  it('is left to a signer that listens', async () => {
    const socketPath = aSocket();
    await serve(socketPath);
    await expect(serve(socketPath)).rejects.toThrow('another signer listens');
    expect((await remoteSigner(socketPath).identity()).netuid).toBe(7);
  });

  it('does not replace a file', async () => {
    const socketPath = aSocket();
    writeFileSync(socketPath, 'precious');
    await expect(serve(socketPath)).rejects.toThrow('no socket');
    expect(statSync(socketPath).size).toBe(8);
  });

  it('does not lie where everybody may write, where nothing is, or too deep', async () => {
    const folder = aFolder();
    chmodSync(folder, 0o1777);
    await expect(serve(path.join(folder, 's'))).rejects.toThrow('every user may write');
    await expect(serve(path.join(folder, 'absent', 's'))).rejects.toThrow('mkdir -m 2750');
    await expect(serve(path.join(folder, 's'.repeat(100)))).rejects.toThrow('too long');
  });
});

describe('the peer of the socket', () => {
  const root = process.getuid?.() === 0;
  if (!root && process.env.REQUIRE_ALL === '1')
    throw new Error('tests of the socket as other users need root');
  if (!root) console.warn('only root can try the socket as other users, skipping');
  const NOBODY = 65_534;
  const GROUP = 54_321;

  /** `connected`, or the error of a process of that user. */
  async function connectAs(socketPath: string, gid: number): Promise<string> {
    const connect = `require('net').connect(${JSON.stringify(socketPath)}).on('connect', function () { console.log('connected'); this.end(); }).on('error', (e) => console.log(e.code))`;
    const { stdout } = await run(process.execPath, ['-e', connect], { uid: NOBODY, gid, cwd: '/' });
    return stdout.trim();
  }

  it.runIf(root).each([
    ['another user', false, NOBODY, 'EACCES'],
    ['a user of its group, without group', false, GROUP, 'EACCES'],
    ['a user of its group, with group', true, GROUP, 'connected'],
    ['a user of another group, with group', true, NOBODY, 'EACCES'],
  ])('as %s', async (_, group, gid, outcome) => {
    const folder = aFolder();
    chownSync(folder, 0, GROUP);
    // searchable for all, so that only the socket's own permissions decide
    chmodSync(folder, 0o2755);
    const socketPath = path.join(folder, 'signer.sock');
    await serve(socketPath, { group });
    expect(await connectAs(socketPath, gid)).toBe(outcome);
  });
});

describe('asking a signer that is not well', () => {
  it('says that none listens, and finds it when it comes', async () => {
    const socketPath = aSocket();
    const signer = remoteSigner(socketPath);
    const error = await failure(signer.identity());
    expect(error).toMatchObject({ code: 'unavailable', retryable: true });
    expect(error.userMessage).toContain('start it');
    const server = await serve(socketPath);
    expect((await signer.identity()).netuid).toBe(7);
    await server.stop();
    expect(await failure(signer.signPayload(aRequest()))).toMatchObject({ code: 'unavailable' });
  });

  it.each([
    ['silence', () => {}],
    ['a trickle', (socket: net.Socket) => void setInterval(() => socket.write('x'), 5).unref()],
  ])('gives up on %s', async (_, says) => {
    const socketPath = aSocket();
    await impostor(socketPath, says);
    const asked = remoteSigner(socketPath, { timeoutMs: 80 }).identity();
    expect(await failure(asked)).toMatchObject({ code: 'timed_out' });
  });

  it.each([
    ['a hang-up', (socket: net.Socket) => socket.end(), 'unavailable'],
    ['something else', (socket: net.Socket) => socket.write('HTTP/1.1 400 Bad Request\r\n'), 'protocol'],
    ['no end of it', (socket: net.Socket) => socket.write('x'.repeat(70_000)), 'protocol'],
    [
      'an answer to another question',
      (socket: net.Socket) =>
        socket.write(`{"answer":"signed","id":1,"signature":"0x01${'00'.repeat(64)}"}\n`),
      'protocol',
    ],
  ])('does not wait after %s', async (_, says, code) => {
    const socketPath = aSocket();
    await impostor(socketPath, says);
    expect(await failure(remoteSigner(socketPath).identity())).toMatchObject({ code });
  });
});

/** The other end of the signer's socket: what the weight setter signs with. */
import net from 'node:net';
import { SignerError, type SignerErrorCode, type WeightSigner } from './signer.ts';
import { lineReader, SignerAnswer } from './signer-wire.ts';

export interface RemoteSignerOptions {
  /** How long an answer may take. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/** A connection for each request: a signer that was restarted is found again by itself. */
export function remoteSigner(
  socketPath: string,
  { timeoutMs = TIMEOUT_MS }: RemoteSignerOptions = {},
): WeightSigner {
  const ask = async (request: unknown) => {
    const answer = SignerAnswer.safeParse(
      json(await exchange(socketPath, JSON.stringify(request), timeoutMs)),
    );
    if (!answer.success) throw new SignerError('protocol', `what answers on ${socketPath} is not our signer`);
    if (answer.data.answer === 'refused')
      throw new SignerError(answer.data.code as SignerErrorCode, answer.data.message);
    return answer.data;
  };
  const unexpected = () => new SignerError('protocol', `the signer on ${socketPath} answered something else`);
  return {
    async identity() {
      const { answer, ...identity } = await ask({ ask: 'identity' });
      if (answer !== 'identity' || !('hotkey' in identity)) throw unexpected();
      return identity;
    },
    async signPayload(payload) {
      const answer = await ask({ ask: 'sign', payload });
      if (answer.answer !== 'signed') throw unexpected();
      return { id: answer.id, signature: answer.signature };
    },
  };
}

function exchange(socketPath: string, line: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(socketPath);
    const end = (settle: () => void) => {
      clearTimeout(deadline);
      settle();
      socket.destroy();
    };
    const fail = (code: SignerErrorCode, message: string, cause?: unknown) =>
      end(() => reject(new SignerError(code, message, cause)));
    const deadline = setTimeout(
      () => fail('timed_out', `the signer on ${socketPath} gave no answer within ${timeoutMs} ms`),
      timeoutMs,
    );
    socket.on('error', (error: NodeJS.ErrnoException) =>
      fail('unavailable', unavailable(socketPath, error), error),
    );
    socket.on('close', () => fail('unavailable', `the signer on ${socketPath} hung up without an answer`));
    socket.on('connect', () => socket.write(`${line}\n`));
    socket.on(
      'data',
      lineReader(
        (answer) => end(() => resolve(answer)),
        () => fail('protocol', `what answers on ${socketPath} is not our signer`),
      ),
    );
  });
}

function unavailable(socketPath: string, { code }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return `no signer listens on ${socketPath}: start it`;
    case 'EACCES':
      return `this user may not ask the signer on ${socketPath}: put it into the socket's group, and start the signer with --group`;
    default:
      return `the signer on ${socketPath} cannot be reached (${code})`;
  }
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

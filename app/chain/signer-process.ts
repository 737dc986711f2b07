/** The signer as a process: reads its key, opens its socket, signs until it is told to stop. */
import { parseArgs } from 'node:util';
import { decodeAddress } from '@polkadot/util-crypto/address';
import type { Hotkey } from '../ids.ts';
import { openKeyfile } from './keyfile.ts';
import { KeyfileError } from './keyfile-error.ts';
import { createSigner, type SignerLog } from './signer.ts';
import { SocketError, startSignerServer } from './signer-server.ts';

export const SIGNER_HELP = `usage: signer --hotkey-file FILE --netuid N --genesis HASH --socket PATH [options]

Holds the hotkey in a process of its own and signs what the App asks for: weight calls for one subnet of one chain, nothing
else. Run it as a user of its own; the App asks over the socket.

  --hotkey-file FILE    ~/.bittensor/wallets/NAME/hotkeys/HOTKEY, readable for its owner only (or a proxy's key)
  --password-file FILE  the password of an encrypted hotkey file; opening one takes seconds and 512 MiB
  --netuid N            the subnet
  --genesis HASH        hash of block 0 of the chain, 0x and 64 digits
  --socket PATH         unix socket, in a folder that only the signer's user may write to
  --group               let the folder's group ask too (the App's user is in it; folder of mode 2750)
  --proxy-for SS58      sign as NonFungible proxy of this account, and only so
  --max-per-hour N      signatures in any hour; 40 unless told
`;

export interface SignerIo {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly now: () => number;
  /** Ends the process in good order. */
  readonly stop: AbortSignal;
}

const HOUR_MS = 3_600_000;
const SIGNATURES_PER_HOUR = 40;
const U16_MAX = 65_535;

class UsageError extends Error {}

/** Exit code: 0 after a stop, 1 where the key or the socket cannot be used, 2 for wrong use. Log lines are JSON, on `err`. */
export async function runSigner(argv: readonly string[], io: SignerIo): Promise<number> {
  try {
    const options = optionsOf(argv);
    if (options === 'help') {
      io.out(SIGNER_HELP);
      return 0;
    }
    const pair = await openKeyfile(options.hotkeyFile, options.passwordFile);
    const { netuid, genesisHash, proxyFor, socketPath, group, signatures } = options;
    const log = logTo(io);
    const signer = createSigner({
      pair,
      policy: { netuid, genesisHash, proxyFor },
      limit: { signatures, windowMs: HOUR_MS },
      now: io.now,
      log,
    });
    if (io.stop.aborted) return 0;
    const server = await startSignerServer({ signer, socketPath, group, log });
    log('signer listens', { socket: socketPath, ...(await signer.identity()) });
    await aborted(io.stop);
    await server.stop();
    log('signer stopped', {});
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`signer: ${error.message}\n\n${SIGNER_HELP}`);
      return 2;
    }
    if (error instanceof KeyfileError || error instanceof SocketError) {
      io.err(`signer: ${error instanceof KeyfileError ? error.userMessage : error.message}\n`);
      return 1;
    }
    throw error;
  }
}

function optionsOf(argv: readonly string[]) {
  const { values } = parsed(argv);
  if (values.help) return 'help';
  const needed = (name: 'hotkey-file' | 'netuid' | 'genesis' | 'socket'): string => {
    const value = values[name];
    if (value === undefined || value === '') throw new UsageError(`--${name} is missing`);
    return value;
  };
  const genesisHash = needed('genesis').toLowerCase();
  if (!/^0x[0-9a-f]{64}$/.test(genesisHash)) throw new UsageError('--genesis is not 0x and 64 hex digits');
  const proxyFor = values['proxy-for'];
  if (proxyFor !== undefined && !isAddress(proxyFor))
    throw new UsageError('--proxy-for is not an SS58 address of Bittensor (it begins with 5)');
  return {
    hotkeyFile: needed('hotkey-file'),
    passwordFile: values['password-file'] ?? null,
    netuid: whole('--netuid', needed('netuid'), U16_MAX),
    genesisHash,
    socketPath: needed('socket'),
    group: values.group ?? false,
    proxyFor: (proxyFor ?? null) as Hotkey | null,
    signatures: whole('--max-per-hour', values['max-per-hour'] ?? `${SIGNATURES_PER_HOUR}`, 100_000),
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        'hotkey-file': { type: 'string' },
        'password-file': { type: 'string' },
        netuid: { type: 'string' },
        genesis: { type: 'string' },
        socket: { type: 'string' },
        group: { type: 'boolean' },
        'proxy-for': { type: 'string' },
        'max-per-hour': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function whole(name: string, text: string, max: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= 1 && value <= max)) throw new UsageError(`${name} is not a whole number from 1 to ${max}`);
  return value;
}

function isAddress(text: string): boolean {
  try {
    return text.startsWith('5') && decodeAddress(text, false, 42).length === 32;
  } catch {
    return false;
  }
}

function logTo(io: SignerIo): SignerLog {
  return (message, fields) =>
    io.err(
      `${JSON.stringify({ time: io.now(), msg: message, ...fields }, (_, value) => (value instanceof Error ? String(value) : value))}\n`,
    );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What was asked of `weights --follow`. */
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { parseAppUrl } from '../../actions/evaluate/src/app-url.ts';
import type { LoosePolicy } from '../chain/normalise.ts';
import type { ChainConfig } from '../config/chain.ts';
import { genesisOf, isAccount, isEndpoint } from '../config/chain-variables.ts';
import type { Hotkey } from '../ids.ts';
import { type Io, UsageError } from './io.ts';

export interface FollowOptions {
  /** Address of the Referee, without a slash at its end. */
  readonly referee: string;
  readonly netuid: number;
  readonly network: string;
  readonly genesisHash: string;
  readonly endpoints: readonly string[];
  /** Null: a dry run. */
  readonly wallet: ChainConfig['wallet'];
  /** Computes and stores nothing, also with a wallet. */
  readonly dryRun: boolean;
  /** Whose place a dry run without a wallet looks at. */
  readonly hotkey: Hotkey | null;
  readonly proxyFor: Hotkey | null;
  /** Id of the only key to trust, or base64 of it. */
  readonly serverKey: string | null;
  readonly versionKey: bigint;
  readonly loose: LoosePolicy;
  readonly once: boolean;
  readonly json: boolean;
  readonly stateFile: string;
}

/** Throws `UsageError`. */
export function followOptions(argv: readonly string[], io: Pick<Io, 'cwd' | 'env'>): FollowOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      follow: { type: 'string' },
      netuid: { type: 'string' },
      network: { type: 'string', default: 'finney' },
      chain: { type: 'string' },
      genesis: { type: 'string' },
      wallet: { type: 'string' },
      'signer-socket': { type: 'string' },
      'password-file': { type: 'string' },
      'proxy-for': { type: 'string' },
      hotkey: { type: 'string' },
      'server-key': { type: 'string' },
      'version-key': { type: 'string', default: '0' },
      renormalise: { type: 'boolean', default: false },
      'dry-run': { type: 'boolean', default: false },
      once: { type: 'boolean', default: false },
      watch: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      state: { type: 'string' },
    },
  });
  if (values.once && values.watch) throw new UsageError('--once and --watch exclude each other');
  const wallet = walletOf(values, io.cwd);
  if (values.hotkey !== undefined && wallet !== null)
    throw new UsageError(
      '--hotkey is for a dry run without a wallet: a key says itself whose it is (--proxy-for where it is a proxy)',
    );
  const dryRun = values['dry-run'] || wallet === null;
  const netuid = whole('--netuid', values.netuid, 65_535);
  const network = values.network;
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(network))
    throw new UsageError('--network is not the name of a network, such as finney');
  return {
    referee: refereeOf(values.follow),
    netuid,
    network,
    genesisHash: genesis(values.genesis, network),
    endpoints: endpointsOf(values.chain),
    wallet,
    dryRun,
    hotkey: addressOf('--hotkey', values.hotkey),
    proxyFor: addressOf('--proxy-for', values['proxy-for']),
    serverKey: serverKeyOf(values['server-key']),
    versionKey: BigInt(whole('--version-key', values['version-key'], Number.MAX_SAFE_INTEGER)),
    loose: values.renormalise ? 'renormalise' : 'owner',
    once: values.once || (dryRun && !values.watch),
    json: values.json,
    stateFile: stateFileOf(values.state, io, `weights-${network}-${netuid}.json`),
  };
}

function walletOf(
  values: { wallet?: string; 'signer-socket'?: string; 'password-file'?: string },
  cwd: string,
): ChainConfig['wallet'] {
  const { wallet, 'signer-socket': socket, 'password-file': passwordFile } = values;
  if (wallet !== undefined && socket !== undefined)
    throw new UsageError('--wallet and --signer-socket exclude each other');
  if (passwordFile !== undefined && wallet === undefined)
    throw new UsageError('--password-file belongs to --wallet');
  if (socket !== undefined) return { kind: 'socket', socket: path.resolve(cwd, socket) };
  if (wallet === undefined) return null;
  const password = passwordFile === undefined ? null : path.resolve(cwd, passwordFile);
  return { kind: 'file', file: path.resolve(cwd, wallet), passwordFile: password };
}

function refereeOf(text: string | undefined): string {
  try {
    return parseAppUrl(text ?? '');
  } catch (error) {
    throw new UsageError(`--follow: ${(error as Error).message}`);
  }
}

function genesis(text: string | undefined, network: string): string {
  const hash = text?.toLowerCase() ?? genesisOf(network);
  if (hash === undefined)
    throw new UsageError(`--genesis is missing: the hash of block 0 of ${network} is not known here`);
  if (!/^0x[0-9a-f]{64}$/.test(hash)) throw new UsageError('--genesis is not 0x and 64 hex digits');
  return hash;
}

function endpointsOf(text: string | undefined): string[] {
  if (text === undefined)
    throw new UsageError('--chain is missing: an endpoint of the chain, wss://… (several with commas)');
  const endpoints = text.split(',').map((part) => part.trim());
  if (!endpoints.every(isEndpoint))
    throw new UsageError('--chain holds what is no ws:// or wss:// address without user and password');
  return endpoints;
}

function addressOf(name: string, text: string | undefined): Hotkey | null {
  if (text === undefined) return null;
  if (isAccount(text)) return text as Hotkey;
  throw new UsageError(`${name} is not an SS58 address of Bittensor (it begins with 5)`);
}

function serverKeyOf(text: string | undefined): string | null {
  if (text === undefined || /^[0-9a-f]{16}$/.test(text)) return text ?? null;
  const raw = Buffer.from(text, 'base64');
  if (raw.length === 32 && raw.toString('base64') === text) return text;
  throw new UsageError(
    '--server-key is neither the id of a key (16 hex digits) nor the key (44 characters of base64)',
  );
}

function whole(name: string, text: string | undefined, max: number): number {
  if (text === undefined) throw new UsageError(`${name} is missing`);
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= max)) throw new UsageError(`${name} is not a whole number up to ${max}`);
  return value;
}

function stateFileOf(given: string | undefined, { cwd, env }: Pick<Io, 'cwd' | 'env'>, name: string): string {
  if (given !== undefined) return path.resolve(cwd, given);
  const home = env.HOME || os.homedir();
  return path.join(env.XDG_STATE_HOME || path.join(home, '.local', 'state'), 'quasar-referee', name);
}

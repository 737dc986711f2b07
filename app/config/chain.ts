/** What the environment says of the chain: where it is, whose weights go there, who signs. */
import type { Hotkey } from '../ids.ts';
import { genesisOf } from './chain-variables.ts';
import { concealed } from './sealed.ts';
import type { Environment } from './variables.ts';

const HOUR_MS = 3_600_000;

/** The chain that weights go to, and whose they are. */
export interface ChainConfig {
  /** `ws://` or `wss://`, the preferred one first; a provider's may hold its key. */
  readonly endpoints: readonly string[];
  /** `0x` and 64 lower-case digits. */
  readonly genesisHash: string;
  /** How long a block takes: 12 s on Bittensor. */
  readonly blockMs: number;
  /** Whose row it is; null where the key says, or where nobody does: then it is a dry run. */
  readonly hotkey: Hotkey | null;
  /** Who signs; null for a dry run. */
  readonly wallet:
    | { readonly kind: 'file'; readonly file: string; readonly passwordFile: string | null }
    | { readonly kind: 'socket'; readonly socket: string }
    | null;
  /** The account that the key is the proxy of; null where it signs for itself. */
  readonly proxyFor: Hotkey | null;
  readonly versionKey: number;
  /** What becomes of shares that nobody can be paid. */
  readonly loose: 'owner' | 'renormalise';
  /** How long the last proven shares are paid while the standing cannot be read. */
  readonly carryOverMs: number;
}

/** Null without endpoints. `betweenVariables` has refused endpoints without a genesis, and a wallet without endpoints. */
export function chainOf(env: Environment): ChainConfig | null {
  const genesisHash = env.CHAIN_GENESIS ?? genesisOf(env.SUBTENSOR_NETWORK);
  if (env.CHAIN_ENDPOINTS === undefined || genesisHash === undefined) return null;
  const chain: ChainConfig = {
    endpoints: env.CHAIN_ENDPOINTS,
    genesisHash,
    blockMs: env.CHAIN_BLOCK_MS,
    hotkey: (env.WALLET_PROXY_FOR ?? env.WALLET_HOTKEY ?? null) as Hotkey | null,
    wallet:
      env.WALLET_FILE !== undefined
        ? { kind: 'file', file: env.WALLET_FILE, passwordFile: env.WALLET_PASSWORD_FILE ?? null }
        : env.SIGNER_SOCKET !== undefined
          ? { kind: 'socket', socket: env.SIGNER_SOCKET }
          : null,
    proxyFor: (env.WALLET_PROXY_FOR ?? null) as Hotkey | null,
    versionKey: env.WEIGHTS_VERSION_KEY,
    loose: env.WEIGHTS_LOOSE,
    carryOverMs: env.WEIGHTS_CARRY_OVER_HOURS * HOUR_MS,
  };
  return concealed(chain, ['endpoints']);
}

/** What an operator should know although it is allowed. */
export function chainWarnings(chain: ChainConfig | null, network: string): string[] {
  if (chain === null) return [];
  const open = chain.endpoints.some((url) => /^ws:\/\/(?!localhost|127\.|\[::1\])/.test(url));
  const named = genesisOf(network);
  return [
    ...(open
      ? ['CHAIN_ENDPOINTS has a ws:// address elsewhere: whoever sits between could show another chain']
      : []),
    ...(named !== undefined && named !== chain.genesisHash
      ? [`CHAIN_GENESIS is not that of ${network}`]
      : []),
    ...(chain.wallet === null ? ['no wallet is configured: weights are a dry run'] : []),
  ];
}

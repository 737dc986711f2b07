/** Who signs weights: a key that this process opened, or a signer process behind its socket. */
import { openKeyfile } from './chain/keyfile.ts';
import { KeyfileError } from './chain/keyfile-error.ts';
import { createSigner, type SignerLog, type WeightSigner } from './chain/signer.ts';
import { remoteSigner } from './chain/signer-client.ts';
import type { ChainConfig } from './config/chain.ts';
import { ConfigError } from './config/problems.ts';
import { EXAMPLES, type VariableName } from './config/variables.ts';
import type { Hotkey } from './ids.ts';

export interface Wallet {
  readonly signer: WeightSigner;
  /** Whose row it is. */
  readonly account: Hotkey;
  /** Whose key signs: the account's own, or its proxy's. */
  readonly signingAccount: Hotkey;
}

/** Null in a dry run. Rejects with `SignerError` while a signer process gives no answer. */
export type OpenWallet = () => Promise<Wallet | null>;

/** An epoch needs one signature, a restless one a few. The signer process allows as many: 300 blocks of 12 s are an hour. */
const SIGNATURES = 40;
const WINDOW_BLOCKS = 300;

/**
 * Opens a key file at once, which takes seconds where it is encrypted, and throws `ConfigError` for one that cannot be used.
 * A signer process may start later than this one: it is asked for its key whenever there is a use for it.
 */
export async function prepareWallet(
  config: ChainConfig,
  { netuid, now, log }: { readonly netuid: number; readonly now: () => number; readonly log: SignerLog },
): Promise<OpenWallet> {
  const { wallet, proxyFor, genesisHash, hotkey } = config;
  if (wallet === null) return async () => null;
  const walletOf = (signer: WeightSigner, key: Hotkey): Wallet => ({
    signer,
    account: proxyFor ?? hotkey ?? key,
    signingAccount: key,
  });
  if (wallet.kind === 'socket') {
    const signer = remoteSigner(wallet.socket);
    return async () => walletOf(signer, (await signer.identity()).hotkey);
  }
  const pair = await opened(wallet);
  if (proxyFor === null && hotkey !== null && pair.hotkey !== hotkey)
    throw misconfigured(
      'WALLET_HOTKEY',
      `is not the address of the key in WALLET_FILE, which is ${pair.hotkey}`,
    );
  const limit = { signatures: SIGNATURES, windowMs: WINDOW_BLOCKS * config.blockMs };
  const signer = createSigner({ pair, policy: { netuid, genesisHash, proxyFor }, limit, now, log });
  return async () => walletOf(signer, pair.hotkey);
}

async function opened({ file, passwordFile }: Extract<ChainConfig['wallet'], { kind: 'file' }>) {
  try {
    return await openKeyfile(file, passwordFile);
  } catch (error) {
    if (!(error instanceof KeyfileError)) throw error;
    if (error.code === 'password_missing' && passwordFile === null)
      throw misconfigured('WALLET_PASSWORD_FILE', `is missing, and ${file} is encrypted`);
    throw misconfigured('WALLET_FILE', `cannot be used: ${error.userMessage}`);
  }
}

function misconfigured(variable: VariableName, problem: string): ConfigError {
  return new ConfigError([{ variable, problem, example: EXAMPLES[variable] }]);
}

/** Who signs for a validator who follows a Referee. */
import { openKeyfile } from '../chain/keyfile.ts';
import { KeyfileError } from '../chain/keyfile-error.ts';
import { createSigner, SignerError, type WeightSigner } from '../chain/signer.ts';
import { remoteSigner } from '../chain/signer-client.ts';
import type { ChainConfig } from '../config/chain.ts';
import type { FollowOptions } from './follow-options.ts';
import { CommandError, type Io } from './io.ts';

/** As `signer` has it unless told. */
const LIMIT = { signatures: 40, windowMs: 3_600_000 };

export interface FollowWallet {
  /** Null in a dry run. */
  readonly signer: WeightSigner | null;
  /** Whose row it is. */
  readonly account: string | null;
  readonly signingAccount: string | null;
}

/** Throws `CommandError` for a key that cannot be used, or a signer that gives no answer; the setter compares what it is for. */
export async function openWallet(
  options: FollowOptions,
  io: Pick<Io, 'err'>,
  now: () => number,
): Promise<FollowWallet> {
  const { wallet, proxyFor, dryRun } = options;
  if (wallet === null) return { signer: null, account: proxyFor ?? options.hotkey, signingAccount: null };
  const signer =
    wallet.kind === 'socket' ? remoteSigner(wallet.socket) : await fromFile(wallet, options, io, now);
  const identity = await signer.identity().catch((error: unknown) => {
    if (error instanceof SignerError) throw new CommandError(error.userMessage);
    throw error;
  });
  return {
    signer: dryRun ? null : signer,
    account: proxyFor ?? identity.hotkey,
    signingAccount: identity.hotkey,
  };
}

async function fromFile(
  { file, passwordFile }: Extract<ChainConfig['wallet'], { kind: 'file' }>,
  { netuid, genesisHash, proxyFor }: FollowOptions,
  { err }: Pick<Io, 'err'>,
  now: () => number,
): Promise<WeightSigner> {
  try {
    const pair = await openKeyfile(file, passwordFile);
    const policy = { netuid, genesisHash, proxyFor };
    const log = (message: string, { reason }: Readonly<Record<string, unknown>>) => {
      if (typeof reason === 'string') err(`${message}: ${reason}\n`);
    };
    return createSigner({ pair, policy, limit: LIMIT, now, log });
  } catch (error) {
    if (error instanceof KeyfileError) throw new CommandError(error.userMessage);
    throw error;
  }
}

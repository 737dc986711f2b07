/** How many transactions of an account the chain has up to a finalized block. */
import type { Codec } from '@polkadot/types/types';
import { ChainError, type ChainView } from '../chain.ts';

/** What is only in the pool does not count: a nonce below this one is used for good. */
export async function finalizedNonce({ api, block }: ChainView, account: string): Promise<number> {
  const { accountNonce } = api.call.accountNonceApi ?? {};
  const stored = api.query.system?.account;
  const nonce =
    accountNonce !== undefined
      ? await accountNonce<Codec>(account)
      : ((await stored?.(account)) as unknown as { readonly nonce: Codec } | undefined)?.nonce;
  const value = Number(nonce?.toString());
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new ChainError('protocol', `block ${block.number} does not tell the nonce of ${account}`);
}

/** Whether a hotkey is registered on the subnet, as far as the chain was read lately. */
import type { Queryable } from '../../db/connection.ts';
import { uidOfHotkey } from '../../db/subnets.ts';

/** What was read before says nothing: nobody who registered since may be refused because the chain is out of reach. */
const FRESH_MS = 3_600_000;

export type Registration =
  | { readonly kind: 'registered' }
  | { readonly kind: 'not_registered'; readonly block: number }
  /** No chain is configured, or it was not read within the hour, or the subnet is not there. */
  | { readonly kind: 'unknown' };

export interface Registry {
  readonly db: Queryable;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly settings: { readonly netuid: number; readonly chain: { readonly genesisHash: string } | null };
}

export async function registrationOf({ db, now, settings }: Registry, hotkey: string): Promise<Registration> {
  const { chain, netuid } = settings;
  if (chain === null) return { kind: 'unknown' };
  const found = await uidOfHotkey(db, { genesisHash: chain.genesisHash, netuid, hotkey });
  if (found === null || found.readAt <= now() - FRESH_MS) return { kind: 'unknown' };
  return found.uid === null ? { kind: 'not_registered', block: found.block } : { kind: 'registered' };
}

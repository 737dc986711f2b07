/** What the chain holds of one hotkey on a subnet: its stake, its row and its commits, at the one block of a view. */
import type { Bytes, Option, Vec } from '@polkadot/types';
import type { AccountId } from '@polkadot/types/interfaces';
import type { Codec, ITuple } from '@polkadot/types/types';
import { decodeAddress } from '@polkadot/util-crypto/address';
import { blake2AsHex } from '@polkadot/util-crypto/blake2';
import { z } from 'zod';
import { ChainError, type ChainView } from './chain.ts';
import type { OwnPlace, PendingCommit } from './subnet.ts';
import { requiredItem, storageItem, toCount } from './subnet-storage.ts';

/** Account, ciphertext and round; since its second form with the block of the commit after the account. */
type Commit = ITuple<[AccountId, Bytes, Codec]> | ITuple<[AccountId, Codec, Bytes, Codec]>;
/** The newest first: the older ones stay, empty, where there is a newer one. */
const COMMIT_ITEMS = ['timelockedWeightCommits', 'crv3WeightCommitsV2', 'crv3WeightCommits'];

/** The commits of a hotkey that wait for their reveal, oldest first. They stand under their epoch until it is revealed. */
export async function readCommits(
  view: ChainView,
  { netuid, hotkey }: { readonly netuid: number; readonly hotkey: string },
): Promise<PendingCommit[]> {
  const item = COMMIT_ITEMS.map((name) => storageItem(view, name)).find((found) => found !== null);
  if (item === undefined) return [];
  const account = Buffer.from(decodeAddress(hotkey));
  // of one epoch they come in the order in which they are opened
  const entries = await item.entries<Vec<Commit>>(netuid);
  return entries
    .flatMap(([key, commits]) => {
      const epoch = toCount(key.args[1] as Codec);
      return commits
        .filter(([who]) => account.equals((who as AccountId).toU8a()))
        .map((commit) => ({ epoch, ...pendingOf(commit) }));
    })
    .sort((a, b) => a.epoch - b.epoch);
}

function pendingOf(commit: Commit): Omit<PendingCommit, 'epoch'> {
  const [, block, ciphertext, round] = commit.length === 4 ? commit : [commit[0], null, commit[1], commit[2]];
  return {
    block: block === null ? null : toCount(block),
    round: toCount(round as Codec),
    commitHash: blake2AsHex((ciphertext as Bytes).toU8a(true), 256),
  };
}

/** The row that a uid has in force, as the chain stores it. */
export async function readRow(
  view: ChainView,
  { netuid, uid }: { readonly netuid: number; readonly uid: number },
): Promise<OwnPlace['row']> {
  const row = (await requiredItem(view, 'weights')(netuid, uid)) as Vec<ITuple<[Codec, Codec]>>;
  return row.map(([to, value]) => [toCount(to), toCount(value)] as const);
}

/** Index of `totalStake` in `getSelectiveMetagraph`; source: subtensor `SelectiveMetagraphIndex`. */
const TOTAL_STAKE = 69;

/** Amounts above 2^53 come as hex. */
const Metagraph = z.object({ totalStake: z.array(z.union([z.number(), z.string()]).transform(BigInt)) });

/**
 * Rao of every uid as the chain weighs them, alpha and inherited stake included; what it holds against
 * `StakeThreshold`. Null when no runtime API tells, or tells it in a shape that is not known: without it weights can be
 * sent all the same, only not held against the threshold before.
 */
export async function readStakes({ api }: ChainView, netuid: number): Promise<readonly bigint[] | null> {
  const { getSelectiveMetagraph, getMetagraph } = api.call.subnetInfoRuntimeApi ?? {};
  try {
    const answer = getSelectiveMetagraph
      ? await getSelectiveMetagraph<Option<Codec>>(netuid, [TOTAL_STAKE])
      : await getMetagraph?.<Option<Codec>>(netuid);
    const metagraph = Metagraph.safeParse(answer?.toJSON());
    return metagraph.success ? metagraph.data.totalStake : null;
  } catch (error) {
    // what is no error of the connection comes from polkadot-js, which could not decode the answer
    if (error instanceof ChainError && error.code !== 'protocol') throw error;
    return null;
  }
}

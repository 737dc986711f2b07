/** Reads everything about a subnet that its weights depend on, all of it at the one block of a view. */
import type { AccountId } from '@polkadot/types/interfaces';
import type { Codec } from '@polkadot/types/types';
import { encodeAddress } from '@polkadot/util-crypto/address';
import { ChainError, type ChainView } from './chain.ts';
import type { EpochSchedule } from './epoch.ts';
import type { OwnPlace, SubnetState } from './subnet.ts';
import { readCommits, readRow, readStakes } from './subnet-own.ts';
import { readItems, requiredItem, storageItem, toCount, toFlag } from './subnet-storage.ts';

/** The bittensor address prefix: hotkeys are compared as text, in their one accepted spelling. */
const SS58_PREFIX = 42;

export interface SubnetOf {
  readonly netuid: number;
  /** Whose place there is read too; null for none. */
  readonly hotkey: string | null;
}

/**
 * The state of a subnet and, with a hotkey (SS58, prefix 42), of its place there. A subnet that does not exist is no
 * error: `exists` is false. What a runtime does not store is null or falls back as `SubnetState` says; spec 293 lacks
 * the stored schedule, mechanisms and the factor of the activity cutoff, for example.
 *
 * Rejects with `ChainError`: `unknown_runtime` where an item is missing that every known runtime has, `protocol` where an
 * answer cannot be decoded, else as the connection does.
 */
export async function readSubnet(view: ChainView, of: SubnetOf): Promise<SubnetState> {
  try {
    return await readState(view, of);
  } catch (error) {
    if (error instanceof ChainError) throw error;
    throw new ChainError(
      'protocol',
      `subnet ${of.netuid} cannot be read at block ${view.block.number}: ${(error as Error).message.slice(0, 200)}`,
      error,
    );
  }
}

async function readState(view: ChainView, { netuid, hotkey }: SubnetOf): Promise<SubnetState> {
  const [items, uidOf, commits, stakes] = await Promise.all([
    readItems(view, netuid, itemsOf(view)),
    readUids(view, netuid),
    hotkey === null ? [] : readCommits(view, { netuid, hotkey }),
    hotkey === null ? null : readStakes(view, netuid),
  ]);
  const tempo = toCount(items.tempo);
  const ownerHotkey = ownerOf(items.ownerHotkey, uidOf);
  return {
    block: view.block,
    timestampMs: view.timestampMs,
    specVersion: view.specVersion,
    netuid,
    exists: toFlag(items.exists),
    size: toCount(items.size),
    uidOf,
    ownerHotkey,
    ownerUid: ownerHotkey === null ? null : (uidOf.get(ownerHotkey) ?? null),
    minAllowedWeights: toCount(items.minAllowedWeights),
    rateLimitBlocks: toCount(items.rateLimitBlocks),
    versionKey: BigInt(items.versionKey.toString()),
    commitReveal: toFlag(items.commitReveal),
    commitRevealVersion: maybe(items.commitRevealVersion, toCount),
    revealPeriodEpochs: toCount(items.revealPeriodEpochs),
    mechanisms: maybe(items.mechanisms, toCount),
    stakeThresholdRao: BigInt(items.stakeThreshold.toString()),
    activityCutoffBlocks: cutoffOf(items, tempo),
    consensus: maybe(items.consensus, String),
    schedule: scheduleOf(items, { head: view.block.number, tempo, netuid }),
    lastStoredRound: maybe(items.lastStoredRound, toCount) ?? 0,
    own:
      hotkey === null
        ? null
        : await placeOf(view, { hotkey, uid: uidOf.get(hotkey) ?? null, commits }, { netuid, items, stakes }),
  };
}

/** Items that every known runtime has are required; the others came or went between specs 293 and 475. */
function itemsOf(view: ChainView) {
  const all = (name: string) => requiredItem(view, name);
  const some = (name: string) => storageItem(view, name);
  return {
    exists: all('networksAdded'),
    size: all('subnetworkN'),
    tempo: all('tempo'),
    ownerHotkey: all('subnetOwnerHotkey'),
    minAllowedWeights: all('minAllowedWeights'),
    rateLimitBlocks: all('weightsSetRateLimit'),
    versionKey: all('weightsVersionKey'),
    commitReveal: all('commitRevealWeightsEnabled'),
    revealPeriodEpochs: all('revealPeriodEpochs'),
    stakeThreshold: all('stakeThreshold'),
    permits: all('validatorPermit'),
    // keyed by netuid and mechanism; the first mechanism's key is the netuid itself
    lastUpdates: all('lastUpdate'),
    commitRevealVersion: some('commitRevealWeightsVersion'),
    mechanisms: some('mechanismCountCurrent'),
    cutoffFactorMilli: some('activityCutoffFactorMilli'),
    cutoff: some('activityCutoff'),
    consensus: some('subnetEpochConsensus'),
    lastEpochBlock: some('lastEpochBlock'),
    pendingEpochAt: some('pendingEpochAt'),
    subnetEpochIndex: some('subnetEpochIndex'),
    blocksSinceLastStep: some('blocksSinceLastStep'),
    lastStoredRound: view.api.query.drand?.lastStoredRound ?? null,
  };
}

type Items = Awaited<ReturnType<typeof readItems<ReturnType<typeof itemsOf>>>>;

/** Every registered hotkey with its uid, in pages: some subnets have more than 256. */
async function readUids(view: ChainView, netuid: number): Promise<Map<string, number>> {
  const entries = await requiredItem(view, 'uids').entries(netuid);
  return new Map(entries.map(([key, uid]) => [addressOf(key.args[1] as Codec), toCount(uid)]));
}

/** The all-zero account stands for none, unless it really is registered, as on the subnets of a new chain. */
function ownerOf(owner: Codec, uidOf: ReadonlyMap<string, number>): string | null {
  const hotkey = addressOf(owner);
  return owner.isEmpty && !uidOf.has(hotkey) ? null : hotkey;
}

async function placeOf(
  view: ChainView,
  { hotkey, uid, commits }: Pick<OwnPlace, 'hotkey' | 'uid' | 'commits'>,
  found: { readonly netuid: number; readonly items: Items; readonly stakes: readonly bigint[] | null },
): Promise<OwnPlace> {
  const { netuid, items, stakes } = found;
  if (uid === null)
    return { hotkey, uid, permit: false, stakeRao: 0n, lastUpdate: 0, registeredAt: 0, row: [], commits };
  const [row, registeredAt] = await Promise.all([
    readRow(view, { netuid, uid }),
    storageItem(view, 'blockAtRegistration')?.(netuid, uid),
  ]);
  const permit = itemAt(items.permits, uid);
  const lastUpdate = itemAt(items.lastUpdates, uid);
  return {
    hotkey,
    uid,
    permit: permit !== null && toFlag(permit),
    stakeRao: stakes === null ? null : (stakes[uid] ?? 0n),
    lastUpdate: maybe(lastUpdate, toCount) ?? 0,
    registeredAt: registeredAt === undefined ? 0 : toCount(registeredAt),
    row,
    commits,
  };
}

/** Source: subtensor `run_coinbase`, before and after the schedule was stored. */
function scheduleOf(
  items: Items,
  { head, tempo, netuid }: { readonly head: number; readonly tempo: number; readonly netuid: number },
): EpochSchedule {
  const { lastEpochBlock, pendingEpochAt, subnetEpochIndex, blocksSinceLastStep } = items;
  if (lastEpochBlock === null) return { form: 'modulo', head, tempo, netuid };
  return {
    form: 'stateful',
    head,
    tempo,
    lastEpochBlock: toCount(lastEpochBlock),
    pendingEpochAt: maybe(pendingEpochAt, toCount) ?? 0,
    subnetEpochIndex: maybe(subnetEpochIndex, toCount) ?? 0,
    blocksSinceLastStep: maybe(blocksSinceLastStep, toCount) ?? 0,
  };
}

/** Source: subtensor `get_activity_cutoff_blocks`; before the factor there was a plain number of blocks. */
function cutoffOf({ cutoffFactorMilli, cutoff }: Items, tempo: number): number {
  if (cutoffFactorMilli === null) return maybe(cutoff, toCount) ?? Number.MAX_SAFE_INTEGER;
  return Math.max(1, Math.floor((toCount(cutoffFactorMilli) * tempo) / 1_000));
}

function addressOf(account: Codec): string {
  return encodeAddress((account as AccountId).toU8a(), SS58_PREFIX);
}

function itemAt(list: Codec, index: number): Codec | null {
  return (list as unknown as readonly Codec[])[index] ?? null;
}

function maybe<T>(value: Codec | null, read: (value: Codec) => T): T | null {
  return value === null ? null : read(value);
}

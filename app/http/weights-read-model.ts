/** What pages and the API tell of weights, on the database: any replica shows what any of them found. */
import type { Database } from '../../db/connection.ts';
import { getFact } from '../../db/facts.ts';
import { latestWeights } from '../../db/verdicts.ts';
import { QUICKNET } from '../chain/drand.ts';
import { LAST_LOOK_FACT, type LastLook } from '../chain/last-look.ts';
import { databaseWeightSetStore } from '../chain/setter/database-store.ts';
import type { WeightSet } from '../chain/setter/weight-set.ts';
import type { Services } from '../submissions/services.ts';
import type { ChainDetails, ReadModel, WeightSetDetails, WeightsDetails } from './read-model.ts';

const HISTORY = 50;

export function createWeightsReadModel(
  services: Pick<Services, 'db' | 'settings' | 'owner' | 'now'>,
): Pick<ReadModel, 'weights' | 'chain' | 'weightSets'> {
  const { db, settings, owner, now } = services;
  const store = databaseWeightSetStore(db, { owner, now, leaseMs: settings.leaseMs });
  /** Null before the first look at this subnet of this chain: another one's tells nothing of it. */
  const lastLook = async (chain: { readonly genesisHash: string }): Promise<LastLook | null> => {
    const look = await getFact<LastLook>(db, LAST_LOOK_FACT);
    const isOurs = look?.genesisHash === chain.genesisHash && look.netuid === settings.netuid;
    return isOurs ? look : null;
  };
  return {
    async weights() {
      const look = settings.chain === null ? null : await lastLook(settings.chain);
      return latestShares(db, look?.dryRun ?? true);
    },
    async chain() {
      if (settings.chain === null) return null;
      return chainDetails(await lastLook(settings.chain), settings.chain.genesisHash, settings.netuid);
    },
    async weightSets() {
      if (settings.chain === null) return [];
      const look = await lastLook(settings.chain);
      if (look === null || look.account === null) return [];
      const { genesisHash } = settings.chain;
      const slot = { genesisHash, netuid: settings.netuid, hotkey: look.account };
      return (await store.history(slot, HISTORY)).map(weightSetDetails);
    },
  };
}

async function latestShares(db: Database, dryRun: boolean): Promise<WeightsDetails | null> {
  const row = await latestWeights(db);
  if (row === null) return null;
  const places = JSON.parse(row.places) as { place: number; submissionId: number; hotkey: string }[];
  return {
    roundId: row.roundId,
    dryRun,
    createdAt: row.createdAt,
    shares: JSON.parse(row.shares),
    places: places.map(({ place, submissionId, hotkey }) => ({ place, submission: submissionId, hotkey })),
  };
}

export function chainDetails(look: LastLook | null, genesis: string, netuid: number): ChainDetails {
  if (look === null)
    return {
      netuid,
      genesis,
      lookedAt: null,
      readAt: null,
      againAt: null,
      dryRun: true,
      endpoint: null,
      block: null,
      blockHash: null,
      specVersion: null,
      nextEpochBlock: null,
      account: null,
      own: null,
      path: 'none',
      shares: null,
      uids: null,
      values: null,
      receivers: [],
      steps: [],
      alerts: [],
      verifiedBlock: null,
    };
  const { genesisHash: _, block, row, ...rest } = look;
  return {
    ...rest,
    genesis,
    block: block?.number ?? null,
    blockHash: block?.hash ?? null,
    uids: row?.uids ?? null,
    values: row?.values ?? null,
  };
}

export function weightSetDetails(set: WeightSet): WeightSetDetails {
  const { id, epoch, attempt, state, kind, call, shares, row, plannedBlock, revealRound } = set;
  return {
    id,
    epoch,
    attempt,
    state,
    path: kind,
    call,
    shares,
    uids: row.uids,
    values: row.values,
    plannedBlock,
    extrinsicHash: set.extrinsic?.hash ?? null,
    block: set.includedBlock,
    blockHash: set.includedHash,
    extrinsicIndex: set.extrinsicIndex,
    revealRound,
    revealAt: revealRound === null ? null : publishedAt(revealRound),
    revealFromBlock: set.revealFrom,
    revealUntilBlock: set.revealUntil,
    verifiedBlock: set.verifiedBlock,
    verifiedBy: set.verifiedBy,
    failureCode: set.failureCode,
    failure: set.failure,
    createdAt: set.createdAt,
    updatedAt: set.updatedAt,
  };
}

/** Round 1 is the beacon's genesis. */
function publishedAt(round: number): number {
  return (QUICKNET.genesisSeconds + (round - 1) * QUICKNET.periodSeconds) * 1_000;
}

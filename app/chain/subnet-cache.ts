/** The state of a subnet as the database keeps it: for pages and metrics, and for links while the chain is not asked. */
import { z } from 'zod';
import type { Database, Queryable } from '../../db/connection.ts';
import { findSubnet, replaceSubnet } from '../../db/subnets.ts';
import type { SubnetState } from './subnet.ts';

const Count = z.number().int().nonnegative();
const Big = z.string().regex(/^\d+$/).transform(BigInt);

const Schedule = z.discriminatedUnion('form', [
  z.object({
    form: z.literal('stateful'),
    head: Count,
    tempo: Count,
    lastEpochBlock: Count,
    pendingEpochAt: Count,
    subnetEpochIndex: Count,
    blocksSinceLastStep: Count,
  }),
  z.object({ form: z.literal('modulo'), head: Count, tempo: Count, netuid: Count }),
]);

const Own = z.object({
  hotkey: z.string(),
  uid: Count.nullable(),
  permit: z.boolean(),
  stakeRao: Big.nullable(),
  lastUpdate: Count,
  registeredAt: Count,
  row: z.array(z.tuple([Count, Count])),
  commits: z.array(z.object({ epoch: Count, block: Count.nullable(), round: Count, commitHash: z.string() })),
});

const State = z.object({
  block: z.object({ number: Count, hash: z.string() }),
  timestampMs: Count,
  specVersion: Count,
  netuid: Count,
  exists: z.boolean(),
  size: Count,
  uidOf: z.array(z.tuple([z.string(), Count])).transform((entries) => new Map(entries)),
  ownerHotkey: z.string().nullable(),
  ownerUid: Count.nullable(),
  minAllowedWeights: Count,
  rateLimitBlocks: Count,
  versionKey: Big,
  commitReveal: z.boolean(),
  commitRevealVersion: Count.nullable(),
  revealPeriodEpochs: Count,
  mechanisms: Count.nullable(),
  stakeThresholdRao: Big,
  activityCutoffBlocks: Count,
  consensus: z.string().nullable(),
  schedule: Schedule,
  lastStoredRound: Count,
  own: Own.nullable(),
});

export interface CachedSubnet {
  readonly state: SubnetState;
  /** Unix milliseconds. */
  readonly readAt: number;
}

/** False, and nothing is stored, when the state of a newer block already is. */
export async function saveSubnet(
  db: Database,
  state: SubnetState,
  { genesisHash, now }: { readonly genesisHash: string; readonly now: number },
): Promise<boolean> {
  const { netuid, block, uidOf } = state;
  return replaceSubnet(
    db,
    {
      genesisHash,
      netuid,
      block: block.number,
      blockHash: block.hash,
      state: JSON.stringify(state, asJson),
      readAt: now,
    },
    uidOf,
  );
}

/** The newest state that was read; null when none was, or by a version of this program that wrote it otherwise. */
export async function cachedSubnet(
  db: Queryable,
  genesisHash: string,
  netuid: number,
): Promise<CachedSubnet | null> {
  const row = await findSubnet(db, genesisHash, netuid);
  if (row === null) return null;
  const state = State.safeParse(JSON.parse(row.state));
  return state.success ? { state: state.data, readAt: row.readAt } : null;
}

function asJson(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Map ? [...value] : value;
}

/** The last look at the chain as it is kept for pages, metrics and the command: plain JSON, whoever of the replicas looked. */
import type { Share } from '../scoring/shares.ts';
import type { BlockRef } from './chain.ts';
import { endpointName } from './connection/endpoint-name.ts';
import { EpochError, nextEpochBlock } from './epoch.ts';
import type { WeightRow } from './normalise.ts';
import type { ChainAlert, SetterReport, SetterStep } from './setter/report.ts';
import type { SubnetState } from './subnet.ts';

/** Name of the fact that holds it. */
export const LAST_LOOK_FACT = 'chain:last-look';

export interface LastLook {
  readonly genesisHash: string;
  readonly netuid: number;
  /** Unix milliseconds. */
  readonly lookedAt: number;
  /** When the chain was read that the rest is of: earlier than `lookedAt` while nothing answers. Null before the first time. */
  readonly readAt: number | null;
  /** When the next one is due, in unix milliseconds. */
  readonly againAt: number;
  readonly dryRun: boolean;
  /** The endpoint that answered, without path and query; null while there is no connection. */
  readonly endpoint: string | null;
  readonly block: BlockRef | null;
  readonly specVersion: number | null;
  /** Block in which the subnet's epoch runs next; null when nobody can tell. */
  readonly nextEpochBlock: number | null;
  /** The account whose row it is; null while no wallet and no hotkey is configured. */
  readonly account: string | null;
  /** Its place on the subnet; null when it has none or the subnet could not be read. */
  readonly own: OwnStanding | null;
  readonly path: SetterReport['path'];
  readonly shares: readonly Share[] | null;
  readonly row: WeightRow | null;
  /** Who is behind the uids of the row, in its order. */
  readonly receivers: readonly Receiver[];
  readonly steps: readonly SetterStep[];
  readonly alerts: readonly StandingAlert[];
  /** Block at which a row of ours was last read back; null before the first. */
  readonly verifiedBlock: number | null;
}

export interface OwnStanding {
  readonly uid: number;
  readonly permit: boolean;
  /** Text: u64. Null where no runtime API tells. */
  readonly stakeRao: string | null;
  readonly stakeThresholdRao: string;
  readonly lastUpdate: number;
  readonly activityCutoffBlocks: number;
}

export interface Receiver {
  readonly uid: number;
  readonly value: number;
  readonly hotkey: string | null;
  /** `owner`: of the subnet, who burns what it is given. */
  readonly role: 'winner' | 'owner' | 'padding';
}

export interface StandingAlert extends ChainAlert {
  /** Unix milliseconds of the look that saw it first. */
  readonly startedAt: number;
}

/** What the report does not say itself. */
export interface LookContext {
  readonly genesisHash: string;
  readonly netuid: number;
  readonly dryRun: boolean;
  readonly account: string | null;
  readonly endpoint: string | null;
  readonly againAt: number;
  readonly verifiedBlock: number | null;
}

/** `before` is the look before this one: its alerts may go on, and what it read stands until something is read again. */
export function lookOf(report: SetterReport, context: LookContext, before: LastLook | null): LastLook {
  return {
    ...(report.subnet === null ? unread(before) : seen(report, report.subnet)),
    ...context,
    lookedAt: report.at,
    endpoint: context.endpoint === null ? null : endpointName(context.endpoint),
    steps: report.steps,
    alerts: report.alerts.map((alert) => ({
      ...alert,
      startedAt: before?.alerts.find(({ code }) => code === alert.code)?.startedAt ?? report.at,
    })),
  };
}

type Seen = Pick<
  LastLook,
  'readAt' | 'block' | 'specVersion' | 'nextEpochBlock' | 'own' | 'path' | 'shares' | 'row' | 'receivers'
>;

function seen({ at, path, shares, row }: SetterReport, subnet: SubnetState): Seen {
  return {
    readAt: at,
    block: subnet.block,
    specVersion: subnet.specVersion,
    nextEpochBlock: epochBlockOf(subnet),
    own: ownOf(subnet),
    path,
    shares,
    row,
    receivers: row === null ? [] : receiversOf(row, subnet),
  };
}

function unread(before: LastLook | null): Seen {
  return {
    readAt: before?.readAt ?? null,
    block: before?.block ?? null,
    specVersion: before?.specVersion ?? null,
    nextEpochBlock: before?.nextEpochBlock ?? null,
    own: before?.own ?? null,
    path: before?.path ?? 'none',
    shares: before?.shares ?? null,
    row: before?.row ?? null,
    receivers: before?.receivers ?? [],
  };
}

function ownOf({ own, stakeThresholdRao, activityCutoffBlocks }: SubnetState): OwnStanding | null {
  if (own === null || own.uid === null) return null;
  const { uid, permit, stakeRao, lastUpdate } = own;
  return {
    uid,
    permit,
    stakeRao: stakeRao === null ? null : String(stakeRao),
    stakeThresholdRao: String(stakeThresholdRao),
    lastUpdate,
    activityCutoffBlocks,
  };
}

function receiversOf({ uids, values }: WeightRow, { uidOf, ownerUid }: SubnetState): Receiver[] {
  const hotkeys = new Map([...uidOf].map(([hotkey, uid]) => [uid, hotkey]));
  return uids.map((uid, at) => {
    const value = values[at] ?? 0;
    const role = value === 0 ? 'padding' : uid === ownerUid ? 'owner' : 'winner';
    return { uid, value, hotkey: hotkeys.get(uid) ?? null, role };
  });
}

function epochBlockOf({ schedule }: SubnetState): number | null {
  try {
    return nextEpochBlock(schedule);
  } catch (error) {
    if (error instanceof EpochError) return null;
    throw error;
  }
}

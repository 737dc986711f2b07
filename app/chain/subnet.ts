/** Everything about a subnet that its weights depend on, read at one finalized block. Types only. */
import type { BlockRef } from './chain.ts';
import type { EpochSchedule } from './epoch.ts';

export interface SubnetState {
  readonly block: BlockRef;
  /** Unix milliseconds of the block. */
  readonly timestampMs: number;
  readonly specVersion: number;
  readonly netuid: number;
  /** `NetworksAdded`. */
  readonly exists: boolean;
  /** `SubnetworkN`. */
  readonly size: number;
  /** The uid of every registered hotkey. */
  readonly uidOf: ReadonlyMap<string, number>;
  readonly ownerHotkey: string | null;
  /** Null when the owner's hotkey is not registered. */
  readonly ownerUid: number | null;
  readonly minAllowedWeights: number;
  readonly rateLimitBlocks: number;
  readonly versionKey: bigint;
  readonly commitReveal: boolean;
  /** `CommitRevealWeightsVersion`; null where the runtime has no such item. */
  readonly commitRevealVersion: number | null;
  readonly revealPeriodEpochs: number;
  /** Null where the runtime knows no mechanisms. */
  readonly mechanisms: number | null;
  readonly stakeThresholdRao: bigint;
  /** Blocks without an update after which a validator counts as inactive. */
  readonly activityCutoffBlocks: number;
  /** `Yuma`, `Null`, …; null where the runtime has no choice. */
  readonly consensus: string | null;
  readonly schedule: EpochSchedule;
  /** `Drand.LastStoredRound`. */
  readonly lastStoredRound: number;
  /** Our own place; null while no hotkey is configured. */
  readonly own: OwnPlace | null;
}

export interface OwnPlace {
  readonly hotkey: string;
  /** Null when it is not registered; what follows is then 0 and false. */
  readonly uid: number | null;
  readonly permit: boolean;
  /** Stake on the subnet as the chain weighs it (`totalStake`); null when no runtime API tells. */
  readonly stakeRao: bigint | null;
  /** `LastUpdate`, a block; 0 when it never sent weights. */
  readonly lastUpdate: number;
  /** `BlockAtRegistration` of the uid, which a registration may leave as its last update too; 0 where no runtime tells. */
  readonly registeredAt: number;
  /** The row that is stored now. */
  readonly row: readonly (readonly [uid: number, value: number])[];
  /** Commits of ours that wait for their reveal. */
  readonly commits: readonly PendingCommit[];
}

export interface PendingCommit {
  readonly epoch: number;
  /** Null where the runtime does not store it. */
  readonly block: number | null;
  readonly round: number;
  /** blake2-256 of the ciphertext, as the commit's event has it. */
  readonly commitHash: string;
}

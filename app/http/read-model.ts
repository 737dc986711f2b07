/**
 * What pages and the JSON API read. Implemented on the database; every time is unix milliseconds, every figure as the
 * decision holds it. Text in it may be a miner's: whoever shows it escapes it.
 */
import type { LastLook } from '../chain/last-look.ts';
import type { WeightSet } from '../chain/setter/weight-set.ts';
import type { CheckName, Conclusion, Reason } from '../evaluations/reasons.ts';
import type { Progress, Result } from '../evaluations/schema.ts';

export interface ReadModel {
  leaderboard(): Promise<Leaderboard>;
  /** Null when there is no such submission. */
  submission(id: number): Promise<SubmissionDetails | null>;
  /** Null unless the App is installed on it. Owner and name in any letter case. */
  repository(owner: string, name: string): Promise<RepositoryDetails | null>;
  /** The latest shares, null before the first. */
  weights(): Promise<WeightsDetails | null>;
  /** What the last look at the chain found; null where none is configured. */
  chain(): Promise<ChainDetails | null>;
  /** Attempts to set weights, newest first; at most 50. */
  weightSets(): Promise<readonly WeightSetDetails[]>;
}

/** A fork that may be named: null in its place stands for a private repository, whose name is not ours to tell. */
export interface ForkName {
  readonly owner: string;
  readonly name: string;
}

export interface Leaderboard {
  readonly roundId: number;
  /** One for every enabled task. */
  readonly boards: readonly TaskBoard[];
  /** Queued and running submissions, oldest first. */
  readonly live: readonly LiveSubmission[];
  /** The latest that ended, newest first; at most 20. */
  readonly recent: readonly EndedSubmission[];
  /** Null when nobody could tell. */
  readonly runners: {
    readonly online: number;
    readonly busy: number;
    readonly offlineSince: number | null;
  } | null;
}

export interface TaskBoard {
  readonly task: string;
  readonly taskVersion: number;
  readonly entries: readonly RankedEntry[];
}

export interface RankedEntry {
  readonly rank: number;
  readonly submission: number;
  readonly hotkey: string;
  readonly fork: ForkName | null;
  /** Null for a private repository, like its name. */
  readonly sha: string | null;
  readonly league: string;
  readonly multiplier: number;
  readonly targetLength: number;
  readonly tokensPerSec: number;
  /** Low end of the confidence interval: what scores. */
  readonly tokensPerSecLow: number;
  readonly score: number;
  /** Fraction of the reward; 0 below the paid places. */
  readonly share: number;
  readonly receivedAt: number;
}

export interface LiveSubmission {
  readonly submission: number;
  readonly fork: ForkName | null;
  readonly hotkey: string | null;
  readonly task: string;
  readonly state: 'queued' | 'running';
  readonly progress: Pick<Progress, 'stage' | 'done' | 'total'> | null;
  readonly receivedAt: number;
}

export interface EndedSubmission {
  readonly submission: number;
  readonly fork: ForkName | null;
  readonly hotkey: string | null;
  readonly task: string;
  readonly reason: Reason;
  readonly tokensPerSec: number | null;
  readonly endedAt: number;
}

export interface SubmissionDetails {
  readonly id: number;
  readonly task: string;
  readonly taskVersion: number;
  readonly fork: ForkName | null;
  /** Commit and branch are null for a private repository, and nothing that quotes its code is told. */
  readonly sha: string | null;
  readonly branch: string | null;
  readonly hotkey: string | null;
  readonly targetLength: number | null;
  readonly league: { readonly name: string; readonly multiplier: number } | null;
  readonly claimedTokensPerSec: number | null;
  readonly receivedAt: number;
  readonly receiptSource: 'delivery' | 'log';
  readonly contentDigest: string | null;
  readonly codeDigest: string | null;
  readonly files: readonly { readonly path: string; readonly sha256: string; readonly bytes: number }[];
  /** Web addresses, null where they would lead nowhere (a private repository). */
  readonly links: {
    readonly commit: string | null;
    readonly againstUpstream: string | null;
    readonly againstPrevious: string | null;
  };
  readonly supersededBy: number | null;
  readonly checks: readonly CheckDetails[];
  /** What happened, oldest first. `what` is our own words. */
  readonly timeline: readonly { readonly at: number; readonly what: string }[];
  readonly findings: readonly FindingDetails[];
  readonly state: 'queued' | 'running' | 'ended';
  /** Why it ended as it did, null while it has not; `other_branch` for a commit that is not judged. */
  readonly reason: Reason | 'other_branch' | null;
  readonly evaluations: readonly EvaluationDetails[];
  readonly progress: Pick<Progress, 'stage' | 'done' | 'total'> | null;
  readonly decision: DecisionDetails | null;
  /** The record of the verdict that stands for the decision. */
  readonly record: Result | null;
}

export interface EvaluationDetails {
  readonly id: number;
  readonly seat: number;
  readonly attempt: number;
  readonly state: 'planned' | 'dispatching' | 'dispatched' | 'claimed' | 'finished' | 'failed' | 'cancelled';
  /** Of the operator repository's workflow; null before one was dispatched. */
  readonly runId: number | null;
}

export interface CheckDetails {
  readonly name: CheckName;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion: Conclusion | null;
  readonly url: string | null;
}

export interface FindingDetails {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly advice: string;
}

export interface DecisionDetails {
  readonly reason: Reason;
  readonly status: 'accepted' | 'rejected' | 'inconclusive';
  readonly detail: string;
  readonly tokensPerSec: number | null;
  readonly tokensPerSecLow: number | null;
  readonly score: number | null;
  readonly rank: number | null;
  readonly share: number | null;
  readonly decidedAt: number;
}

export interface RepositoryDetails {
  readonly owner: string;
  readonly name: string;
  readonly repoId: number;
  readonly ownerId: number;
  readonly defaultBranch: string;
  /** The branch that is judged: the default one until a valid quasar.yml says otherwise. */
  readonly branch: string;
  readonly link: { readonly state: 'linked'; readonly hotkey: string } | { readonly state: 'unlinked' };
}

export interface WeightsDetails {
  readonly roundId: number;
  /** Nothing is sent: there is no chain, or no wallet for it. */
  readonly dryRun: boolean;
  readonly createdAt: number;
  readonly shares: readonly { readonly hotkey: string; readonly share: number }[];
  /** Whose submission holds which place. */
  readonly places: readonly {
    readonly place: number;
    readonly submission: number;
    readonly hotkey: string;
  }[];
}

/** The chain as it was last seen. Before the first look everything but netuid and genesis is null or empty. */
export interface ChainDetails
  extends Omit<LastLook, 'genesisHash' | 'block' | 'row' | 'lookedAt' | 'againAt'> {
  /** Hash of block 0. */
  readonly genesis: string;
  readonly lookedAt: number | null;
  readonly againAt: number | null;
  /** The finalized block that was read. */
  readonly block: number | null;
  readonly blockHash: string | null;
  /** The row that was sent or that would be. */
  readonly uids: readonly number[] | null;
  readonly values: readonly number[] | null;
}

/** One attempt to set the weights of one epoch. */
export interface WeightSetDetails {
  readonly id: number;
  readonly epoch: number;
  readonly attempt: number;
  readonly state: WeightSet['state'];
  readonly path: WeightSet['kind'];
  readonly call: string;
  readonly shares: WeightSet['shares'];
  readonly uids: readonly number[];
  readonly values: readonly number[];
  readonly plannedBlock: number;
  readonly extrinsicHash: string | null;
  /** Where it was included; null before. */
  readonly block: number | null;
  readonly blockHash: string | null;
  readonly extrinsicIndex: number | null;
  /** Of drand; null for plain weights. */
  readonly revealRound: number | null;
  /** When the beacon publishes that round. */
  readonly revealAt: number | null;
  readonly revealFromBlock: number | null;
  readonly revealUntilBlock: number | null;
  readonly verifiedBlock: number | null;
  readonly verifiedBy: WeightSet['verifiedBy'];
  readonly failureCode: string | null;
  readonly failure: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What a newcomer needs to know; from the configuration, not from rows. */
export interface JoinInfo {
  readonly appUrl: string;
  /** Where the App is installed; null while its name is unknown. */
  readonly installUrl: string | null;
  readonly network: string;
  readonly netuid: number;
  readonly shares: readonly number[];
  readonly tasks: readonly JoinTask[];
}

export interface JoinTask {
  readonly name: string;
  /** Web address of the repository to fork. */
  readonly upstreamUrl: string;
  readonly targetFiles: readonly string[];
  readonly targetLengths: { readonly min: number; readonly max: number };
}

/** The command file for miners, as it is served. */
export interface CliBundle {
  readonly bytes: Uint8Array;
  readonly gzipped: Uint8Array | null;
  readonly sha256: string;
  readonly version: string;
}

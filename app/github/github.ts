/** What the rest of the App may ask of GitHub. Implementations live in this room; tests hand in doubles of these interfaces. */
import type { InstallationId, OwnerId, RepoId, Sha } from '../ids.ts';

/** A repository that the watcher App may read; `owner`/`name` are display text and may be stale, the ids decide. */
export interface ForkRef {
  readonly repoId: RepoId;
  readonly installationId: InstallationId;
  readonly owner: string;
  readonly name: string;
}

export interface RepositoryInfo {
  readonly repoId: RepoId;
  readonly ownerId: OwnerId;
  readonly owner: string;
  readonly name: string;
  readonly defaultBranch: string;
  readonly private: boolean;
}

export interface TreeEntry {
  readonly path: string;
  /** Git mode, e.g. `100644`; `120000` is a symlink, `160000` a submodule. */
  readonly mode: string;
  readonly type: 'blob' | 'tree' | 'commit';
  readonly sha: Sha;
  /** Bytes; absent for trees and submodules. */
  readonly size?: number;
}

export type AnnotationLevel = 'notice' | 'warning' | 'failure';
export interface Annotation {
  readonly path: string;
  readonly startLine: number;
  readonly endLine: number;
  readonly level: AnnotationLevel;
  /** At most 255 characters. */
  readonly title: string;
  /** At most 64 KB. */
  readonly message: string;
}

export interface CheckOutput {
  readonly title: string;
  /** At most 65,535 characters. */
  readonly summary: string;
  readonly text?: string;
}

/** What a check-run shall look like. `conclusion` is present exactly when `status` is `completed`. */
export interface CheckRunState {
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion?: 'success' | 'failure' | 'cancelled' | 'skipped' | 'timed_out' | 'action_required';
  readonly output: CheckOutput;
  /** At most 50 go with one write. */
  readonly annotations?: readonly Annotation[];
  readonly detailsUrl?: string;
  /** Buttons, shown after completion: at most 3; label 20, description 40, identifier 20 characters. */
  readonly actions?: readonly {
    readonly label: string;
    readonly description: string;
    readonly identifier: string;
  }[];
}

/** Reads and check-runs of one fork, through a token narrowed to that repository id. All throw `GitHubError`. */
export interface WatcherGitHub {
  /** Null when the repository or the installation is gone. */
  repository(fork: ForkRef): Promise<RepositoryInfo | null>;
  /** Head commit of a branch, null when there is no such branch. */
  branchHead(fork: ForkRef, branch: string): Promise<Sha | null>;
  /** Null when the commit does not exist. */
  commit(fork: ForkRef, sha: Sha): Promise<{ readonly message: string; readonly treeSha: Sha } | null>;
  /** Whether `sha` is the head or an ancestor of the head of `branch` in this repository, not merely in its network. */
  isReachable(fork: ForkRef, sha: Sha, branch: string): Promise<boolean>;
  /** The entries at exactly these paths of the commit's tree; an absent path has no entry. */
  entries(fork: ForkRef, sha: Sha, paths: readonly string[]): Promise<TreeEntry[]>;
  /** Content of a blob; throws `too_large` above `maxBytes` without reading it where the size is known. */
  blob(fork: ForkRef, sha: Sha, maxBytes: number): Promise<Uint8Array>;
  /** Paths that differ between two commits, at most 300. Null when they cannot be compared. */
  changedPaths(fork: ForkRef, base: Sha, head: Sha): Promise<string[] | null>;
  /** Sent once, never retried: after an unknown outcome look with `findCheckRun` first. */
  createCheckRun(
    fork: ForkRef,
    check: { readonly name: string; readonly headSha: Sha; readonly externalId: string } & CheckRunState,
  ): Promise<{ readonly id: number }>;
  updateCheckRun(fork: ForkRef, id: number, state: CheckRunState): Promise<void>;
  /** Our own check-run with this external id on this commit. */
  findCheckRun(
    fork: ForkRef,
    headSha: Sha,
    name: string,
    externalId: string,
  ): Promise<{ readonly id: number } | null>;
}

export interface WorkflowRun {
  readonly id: number;
  readonly status: string;
  readonly conclusion: string | null;
  readonly event: string;
  /** Path of the workflow file, e.g. `.github/workflows/evaluate.yml`. */
  readonly path: string;
  /** Expanded run name. */
  readonly title: string;
  readonly headSha: Sha;
  readonly attempt: number;
  readonly url: string;
}

/** The operator repository: dispatches, runs, runners. All throw `GitHubError`. */
export interface OperatorGitHub {
  /** workflow_dispatch of evaluate.yml with `return_run_details`; sent once, never retried. */
  dispatch(inputs: {
    readonly evaluation: number;
    readonly appUrl: string;
    readonly labels: string;
  }): Promise<{
    readonly runId: number;
    readonly url: string;
  }>;
  run(runId: number): Promise<WorkflowRun | null>;
  /** The run that carries this title, among those created since `sinceMs` (unix milliseconds). */
  findRun(title: string, sinceMs: number): Promise<WorkflowRun | null>;
  /** A run that is already over counts as cancelled. */
  cancelRun(runId: number, force: boolean): Promise<void>;
  /** Self-hosted runners of the operator repository, null when the credentials may not list them. */
  runners(): Promise<{ readonly online: number; readonly busy: number } | null>;
  /** Numeric ids of the operator repository, for the OIDC check; looked up every ten minutes at most. */
  identity(): Promise<{ readonly repoId: RepoId; readonly ownerId: OwnerId }>;
}

export interface FailedDelivery {
  /** Decimal digits: delivery ids outgrow the safe integers. */
  readonly id: string;
  readonly guid: string;
  readonly event: string;
  readonly deliveredAt: string;
}

/** The App itself: its installations and the log of its deliveries. All throw `GitHubError`. */
export interface AppGitHub {
  slug(): Promise<string>;
  installations(): Promise<
    {
      readonly id: InstallationId;
      readonly accountId: OwnerId;
      readonly account: string;
      readonly suspended: boolean;
    }[]
  >;
  repositories(installation: InstallationId): Promise<RepositoryInfo[]>;
  /** GUIDs none of whose attempts succeeded, since `sinceMs`; the first attempt's time is `deliveredAt`. */
  failedDeliveries(sinceMs: number): Promise<FailedDelivery[]>;
  redeliver(deliveryId: string): Promise<void>;
}

export type GitHubErrorCode =
  | 'not_found'
  | 'forbidden'
  | 'unauthorized'
  | 'rate_limited'
  | 'invalid'
  | 'conflict'
  | 'too_large'
  | 'server'
  | 'network';

/** `outcomeUnknown` is true when a write may have happened although no good answer came back. */
export class GitHubError extends Error {
  override readonly name = 'GitHubError';
  constructor(
    readonly code: GitHubErrorCode,
    message: string,
    readonly details: {
      readonly status?: number;
      readonly retryable: boolean;
      readonly retryAfterMs?: number;
      readonly outcomeUnknown: boolean;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: details.cause });
  }
}

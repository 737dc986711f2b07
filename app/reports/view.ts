/**
 * All that a report is rendered from. The App fills it from its own rows; whatever a miner controls in it (names, paths,
 * findings, problems, a result's `untrusted` part) is taken as it is and escaped by the renderers.
 */
import type { Decision } from '../evaluations/decide.ts';
import type { Result, STAGES } from '../evaluations/schema.ts';

/** What a report says about one submission. Times are unix milliseconds. */
export interface SubmissionView {
  /** Null when nothing was frozen (an unlinked fork): then the details link leads to the page about joining. */
  readonly submissionId: number | null;
  /** The App's own address, without a slash at its end. */
  readonly appUrl: string;
  /** Of the command file that the App serves; null while it has none. */
  readonly cliSha256: string | null;
  readonly repo: { readonly owner: string; readonly name: string };
  readonly sha: string;
  readonly task: {
    readonly name: string;
    readonly version: number;
    readonly targetFiles: readonly string[];
    /** What the op must read and write at least; absent where the task does not say. */
    readonly roofline?: { readonly bytesPerToken: number } | undefined;
  };
  /** Null where `quasar.yml` does not say. */
  readonly targetLength: number | null;
  readonly claimedTokensPerSec: number | null;
  readonly findings: readonly Finding[];
  /** Remarks about `quasar.yml` that stop nothing. */
  readonly warnings: readonly YmlProblem[];
  /** Changed paths that are not target files; they come from the pinned upstream. */
  readonly ignoredPaths: readonly string[];
  readonly diff: { readonly upstream: string | null; readonly previous: string | null };
  readonly state: SubmissionState;
}

/** One violation in a target file; `line` and `column` from 1. */
export interface Finding {
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly advice: string;
}

/** One remark about `quasar.yml`; a null line is about the whole file. */
export interface YmlProblem {
  readonly line: number | null;
  readonly why: string;
  readonly mend: string;
}

export type SubmissionState =
  | { readonly kind: 'unlinked'; readonly problems: readonly YmlProblem[] }
  /** The link holds, and its hotkey is not on the subnet: nothing is wrong with the commit. */
  | {
      readonly kind: 'unregistered';
      readonly hotkey: string;
      readonly network: string;
      readonly netuid: number;
      /** The block at which the chain was read. */
      readonly block: number;
    }
  | {
      readonly kind: 'intake_rejected';
      readonly reason: 'bad_file' | 'syntax_error' | 'missing_import' | 'forbidden_import';
    }
  /** Another account or hotkey delivered this code first; its name is not told. */
  | {
      readonly kind: 'copy';
      readonly copyOf: { readonly submissionId: number | null; readonly receivedAt: number };
    }
  | { readonly kind: 'superseded'; readonly by: { readonly sha: string; readonly submissionId: number } }
  | { readonly kind: 'skipped_by_message' }
  | { readonly kind: 'other_branch'; readonly branch: string; readonly judgedBranch: string }
  | WaitingState
  | { readonly kind: 'dispatched'; readonly seat: number }
  | {
      readonly kind: 'running';
      readonly seat: number;
      /** Null between the claim and the first progress. */
      readonly progress: {
        readonly stage: (typeof STAGES)[number];
        readonly done: number;
        readonly total: number;
      } | null;
    }
  | {
      readonly kind: 'infra_retry';
      /** The attempt that comes next, from 2, and how many there are in all. */
      readonly attempt: number;
      readonly of: number;
      readonly nextAt: number;
    }
  | DecidedState;

export interface WaitingState {
  readonly kind: 'waiting';
  /** From 1; the second seat is another owner's runner confirming the first. */
  readonly seat: number;
  /** Place in the queue, from 1; null when it is not known. */
  readonly position: number | null;
  readonly etaSeconds: number | null;
  /** Null when nobody knows. */
  readonly runnersOnline: number | null;
  /** Since when no runner is online; null while one is, or nobody knows. */
  readonly offlineSince: number | null;
}

export interface DecidedState {
  readonly kind: 'decided';
  readonly decision: Decision;
  /** Result record of the verdict that stands for the decision; null when no runner gave one. */
  readonly result: Result | null;
  /** Place in the standing; null when the submission holds none. */
  readonly rank: number | null;
  /** Places filled in the standing. */
  readonly places: number;
  /** The same repository's accepted submission before this one, when its figure compares. */
  readonly previous: {
    readonly sha: string;
    readonly tokensPerSec: number;
    readonly targetLength: number;
  } | null;
  /** The pinned upstream's own accepted decision at the current task version; absent while it was not judged. */
  readonly baseline?: { readonly tokensPerSec: number; readonly targetLength: number } | null;
}

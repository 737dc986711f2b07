/** What intake remembers for the reports: stored as JSON with the submission. */
import type { Finding } from '../imports/findings.ts';

export interface YmlProblem {
  readonly line: number;
  readonly column: number;
  readonly key: string | null;
  readonly why: string;
  readonly mend: string;
}

export interface IntakeDetails {
  /** Import and file findings, in the order of the files. */
  readonly findings: readonly Finding[];
  /** What is wrong with quasar.yml; empty when it is right. */
  readonly problems: readonly YmlProblem[];
  readonly warnings: readonly YmlProblem[];
  /** Changed paths that are not target files: they are not taken. At most 300. */
  readonly ignoredPaths: readonly string[];
  /** The branch that quasar.yml names, or the default branch. */
  readonly judgedBranch: string;
  /** Block at which the hotkey of a link that holds was not registered; left out where that stopped nothing. */
  readonly unregisteredAt?: number;
  /** Head before the push, null when it is unknown. */
  readonly before: string | null;
}

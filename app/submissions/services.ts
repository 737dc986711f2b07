/** What the parts of this room need from outside, handed in once by `main` and by tests. */
import type { Logger } from 'pino';
import type { Database } from '../../db/connection.ts';
import type { DecidePolicy } from '../evaluations/decide.ts';
import type { Task } from '../evaluations/task.ts';
import type { AppGitHub, OperatorGitHub, WatcherGitHub } from '../github/github.ts';
import type { Finding } from '../imports/findings.ts';
import type { PlanPolicy } from './plan.ts';

export interface LoadedTask {
  readonly task: Task;
  readonly digest: string;
}

export interface Services {
  readonly db: Database;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Logger;
  /** Names this process in leases: unique among replicas and restarts. */
  readonly owner: string;
  /** 32 random hex digits. */
  readonly nonce: () => string;
  readonly watcher: WatcherGitHub;
  readonly operator: OperatorGitHub;
  /** The watcher App and, where it is another one, the operator App. */
  readonly apps: { readonly watcher: AppGitHub; readonly operator: AppGitHub };
  /** The import policy: every finding in the target files of a task. */
  readonly judgeImports: (files: readonly { path: string; text: string }[], task: Task) => Promise<Finding[]>;
  /** sha256 of the command file that the App serves; null while there is none. */
  readonly cliSha256: () => string | null;
  /** Enabled tasks by name; the first is the default and the one that is paid. */
  readonly tasks: ReadonlyMap<string, LoadedTask>;
  /** Dispatches under way in this process. */
  readonly dispatches: { underWay: number };
  readonly settings: Settings;
}

export interface Settings {
  readonly publicUrl: string;
  readonly network: string;
  readonly netuid: number;
  /** The chain that registrations are read from and weights go to; null where none is configured. */
  readonly chain: { readonly genesisHash: string } | null;
  readonly watcherAppId: number;
  readonly runnerLabels: readonly string[];
  readonly debounceMs: number;
  /** How long work is held without a sign of life: more than any single step takes, its wait for the write throttle included. */
  readonly leaseMs: number;
  readonly shares: readonly number[];
  readonly tieMargin: number;
  readonly decide: DecidePolicy;
  readonly plan: PlanPolicy;
  /** Web address of the GitHub server, for links. */
  readonly githubUrl: string;
}

export const defaultTask = ({ tasks }: Pick<Services, 'tasks'>): LoadedTask => {
  const first = tasks.values().next().value;
  if (first === undefined) throw new Error('no task is enabled');
  return first;
};

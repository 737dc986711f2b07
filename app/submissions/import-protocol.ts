/** What the import judge and its process say to each other. */
import type { Finding } from '../imports/findings.ts';
import type { ImportTask } from '../imports/policy.ts';

/** The process can judge from now on: whatever ends it before was no miner's doing. */
export const READY = 'ready';

export interface ImportQuestion {
  readonly id: number;
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly task: ImportTask;
}

export interface ImportAnswer {
  readonly id: number;
  readonly findings: Finding[];
}

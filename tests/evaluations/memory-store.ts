/** The runner endpoints' store in memory, with the conditions of the real one. */
import { createHash } from 'node:crypto';
import type { Progress } from '../../app/evaluations/schema.ts';
import type {
  EvaluationStore,
  FinishRecord,
  FrozenFile,
  RunKey,
  StoredEvaluation,
} from '../../app/evaluations/store.ts';
import type { Digest, Sha } from '../../app/ids.ts';

export const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

export const FILES: FrozenFile[] = ['a', 'b', 'c', 'd', 'e'].map((name) => ({
  path: `fla/ops/quasar/${name}.py`,
  sha256: sha256(`# ${name}\n`),
  content: Buffer.from(`# ${name}\n`),
}));

export function anEvaluation(changes: Partial<StoredEvaluation> = {}): StoredEvaluation {
  return {
    id: 3,
    submissionId: 30,
    state: 'dispatched',
    nonce: 'ab'.repeat(16),
    order: {
      task: { name: 'quasar_demo', version: 2, digest: sha256('task') },
      upstream: { url: 'github:up/stream', commit: 'c'.repeat(40) as Sha, tree: 'd'.repeat(40) as Sha },
      device: 'cpu',
      lengths: [512, 1024],
      targetLength: 1024,
      totalSeconds: 300,
      contentDigest: sha256('files') as Digest,
    },
    runId: 9001,
    claim: null,
    keySha256: null,
    verdict: null,
    ...changes,
  };
}

export interface MemoryStore extends EvaluationStore {
  /** The evaluation as it stands. */
  now(): StoredEvaluation;
  set(changes: Partial<StoredEvaluation>): void;
  readonly finished: FinishRecord[];
  readonly progress: Progress[];
}

export function memoryStore(evaluation: StoredEvaluation = anEvaluation()): MemoryStore {
  let row = evaluation;
  const tokens = new Set<string>();
  const finished: FinishRecord[] = [];
  const progress: Progress[] = [];
  const claimedBy = (id: number, { runId, runAttempt }: RunKey) =>
    row.id === id && row.state === 'claimed' && row.runId === runId && row.claim?.runAttempt === runAttempt;
  const set = (changes: Partial<StoredEvaluation>) => {
    row = { ...row, ...changes };
    return true;
  };
  return {
    now: () => row,
    set,
    finished,
    progress,
    evaluation: async (id) => (id === row.id ? row : null),
    frozenFiles: async () => FILES,
    recordJti: async (jti) => !tokens.has(jti) && tokens.add(jti).has(jti),
    adoptRun: async (id, { runId }) =>
      id === row.id && row.state === 'dispatching' && set({ state: 'dispatched', runId }),
    claimEvaluation: async (id, { runId, runAttempt, bodySha256 }) =>
      id === row.id &&
      row.state === 'dispatched' &&
      row.runId === runId &&
      set({ state: 'claimed', claim: { runAttempt, bodySha256 } }),
    saveProgress: async (id, run, posted) => {
      if (!claimedBy(id, run)) return false;
      set({ keySha256: row.keySha256 ?? posted.keySha256 ?? null });
      if (posted.seq > (progress.at(-1)?.seq ?? -1)) progress.push(posted);
      return true;
    },
    finishEvaluation: async (id, run, finish) => {
      if (!claimedBy(id, run)) return false;
      finished.push(finish);
      return set({ state: 'finished', verdict: finish.verdict });
    },
  };
}

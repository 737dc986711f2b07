/** The runner endpoints' store on the database. */
import { createHash } from 'node:crypto';
import type { Database } from '../../db/connection.ts';
import {
  type EvaluationRow,
  findEvaluation,
  moveEvaluation,
  noteEvaluation,
  noteFirstKey,
  useToken,
} from '../../db/evaluations.ts';
import { recordEvent } from '../../db/events.ts';
import { filesOf } from '../../db/frozen-files.ts';
import { wakeSubmission } from '../../db/submission-looks.ts';
import { findSubmission } from '../../db/submissions.ts';
import { insertVerdict, type VerdictRow, verdictOfEvaluation } from '../../db/verdicts.ts';
import type { Digest, Sha } from '../ids.ts';
import type { JudgeReason } from './reasons.ts';
import type { Result } from './schema.ts';
import type {
  EvaluationOrder,
  EvaluationStore,
  FinishRecord,
  RecordedVerdict,
  RunKey,
  StoredEvaluation,
} from './store.ts';
import type { Task } from './task.ts';

type Tasks = ReadonlyMap<string, { readonly task: Task; readonly digest: string }>;

/** `onChange` is told which submission to look at: a hint, the wake-up itself is stored. */
export function createEvaluationStore(
  db: Database,
  tasks: Tasks,
  onChange: (submissionId: number) => void,
): EvaluationStore {
  /** Runs `change` in a transaction; when it holds, the submission is woken in the same one. */
  const change = async (
    id: number,
    apply: (trx: Database, row: EvaluationRow) => Promise<boolean>,
    at: number,
  ) => {
    const woken = await db.transaction(async (trx) => {
      const row = await findEvaluation(trx, id);
      if (row === null || !(await apply(trx as Database, row))) return null;
      await wakeSubmission(trx, row.submissionId, at);
      return row.submissionId;
    });
    if (woken !== null) onChange(woken);
    return woken !== null;
  };
  const claimedBy = (row: EvaluationRow, run: RunKey) =>
    row.state === 'claimed' && row.runId === run.runId && row.runAttempt === run.runAttempt;

  return {
    async evaluation(id) {
      const row = await findEvaluation(db, id);
      return row === null ? null : stored(db, tasks, row);
    },
    async frozenFiles(submissionId) {
      const files = await filesOf(db, submissionId);
      return files
        .map(({ path, sha256, bytes }) => ({ path, sha256, content: bytes }))
        .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
    },
    recordJti: (jti, expiresAtMs) => useToken(db, jti, expiresAtMs),
    adoptRun: (id, run) =>
      change(
        id,
        (trx) =>
          moveEvaluation(trx, id, 'dispatching', {
            state: 'dispatched',
            runId: run.runId,
            runUrl: run.url,
            dispatchedAt: run.atMs,
          }),
        run.atMs,
      ),
    claimEvaluation: (id, claim) =>
      change(
        id,
        async (trx, row) => {
          if (row.runId !== claim.runId) return false;
          const moved = await moveEvaluation(trx, id, 'dispatched', {
            state: 'claimed',
            claimedAt: claim.atMs,
            runAttempt: claim.runAttempt,
            claimBodySha256: claim.bodySha256,
            judgeCommit: claim.judgeCommit,
            runner: claim.checkRunId === null ? null : String(claim.checkRunId),
          });
          if (moved)
            await recordEvent(trx, {
              ...about(row),
              kind: 'claimed',
              data: { runId: claim.runId },
              at: claim.atMs,
            });
          return moved;
        },
        claim.atMs,
      ),
    async saveProgress(id, run, progress) {
      const row = await findEvaluation(db, id);
      if (row === null || !claimedBy(row, run)) return false;
      if (progress.keySha256 !== undefined) await noteFirstKey(db, id, progress.keySha256);
      if (row.progressSeq !== null && progress.seq <= row.progressSeq) return true;
      return noteEvaluation(db, id, ['claimed'], {
        progressSeq: progress.seq,
        progress: JSON.stringify(progress),
      });
    },
    finishEvaluation: (id, run, finish) =>
      change(
        id,
        async (trx, row) => {
          if (!claimedBy(row, run)) return false;
          const moved = await moveEvaluation(trx, id, 'claimed', {
            state: 'finished',
            endedAt: finish.atMs,
            resultBodySha256: finish.verdict.bodySha256,
          });
          if (!moved) return false;
          await insertVerdict(trx, verdictRow(row, finish), finish.measurements.map(figure));
          const { status, reason } = finish.verdict;
          await recordEvent(trx, {
            ...about(row),
            kind: 'verdict',
            data: { status, reason },
            at: finish.atMs,
          });
          return true;
        },
        finish.atMs,
      ),
  };
}

const about = (row: EvaluationRow) => ({ submissionId: row.submissionId, evaluationId: row.id });

async function stored(db: Database, tasks: Tasks, row: EvaluationRow): Promise<StoredEvaluation> {
  const submission = await findSubmission(db, row.submissionId);
  const loaded = submission && tasks.get(submission.task);
  if (!submission || !loaded) throw new Error(`evaluation ${row.id} belongs to a task that is not enabled`);
  return {
    id: row.id,
    submissionId: row.submissionId,
    state: row.state,
    nonce: row.nonce,
    order: orderOf(row, loaded.task, submission.targetLength, submission.contentDigest),
    runId: row.runId,
    claim:
      row.runAttempt === null || row.claimBodySha256 === null
        ? null
        : { runAttempt: row.runAttempt, bodySha256: row.claimBodySha256 },
    keySha256: row.keySha256,
    verdict: await recorded(db, row),
  };
}

function orderOf(
  row: EvaluationRow,
  task: Task,
  targetLength: number | null,
  contentDigest: string | null,
): EvaluationOrder {
  if (targetLength === null || contentDigest === null)
    throw new Error(`evaluation ${row.id} was ordered for a submission that is not frozen`);
  return {
    task: { name: task.name, version: row.taskVersion, digest: row.taskDigest },
    upstream: {
      url: task.upstream.url,
      commit: task.upstream.commit as Sha,
      tree: task.upstream.tree as Sha,
    },
    device: task.device,
    lengths: [...new Set([...task.lengths, targetLength])].sort((a, b) => a - b),
    targetLength,
    totalSeconds: task.worker.limits.totalSeconds,
    contentDigest: contentDigest as Digest,
  };
}

async function recorded(db: Database, row: EvaluationRow): Promise<RecordedVerdict | null> {
  const verdict = await verdictOfEvaluation(db, row.id);
  if (verdict === null || row.resultBodySha256 === null) return null;
  const { status, detail } = verdict;
  return { status, reason: verdict.reason as JudgeReason, detail, bodySha256: row.resultBodySha256 };
}

function verdictRow(row: EvaluationRow, { verdict, result, atMs }: FinishRecord): Omit<VerdictRow, 'id'> {
  const text = JSON.stringify(result);
  return {
    evaluationId: row.id,
    submissionId: row.submissionId,
    status: verdict.status,
    reason: verdict.reason,
    detail: printable(verdict.detail),
    task: result.task.name,
    taskVersion: row.taskVersion,
    taskDigest: row.taskDigest,
    judgeCommit: row.judgeCommit ?? result.judge.commit,
    upstreamTree: result.upstream.tree,
    deviceClass: deviceClass(result),
    result: text,
    resultSha256: createHash('sha256').update(text).digest('hex'),
    createdAt: atMs,
  };
}

/** Board, driver branch and power limit: only equal classes compare (judge facts, statistics 2). */
export function deviceClass({ device }: Pick<Result, 'device'>): string {
  const branch = device.driver.split('.')[0] ?? '';
  return printable([device.kind, device.name, branch, `${device.powerLimitW} W`].join(' | ')).slice(0, 300);
}

/** A runner's text, without what PostgreSQL refuses in a text column. */
function printable(text: string): string {
  return text.replaceAll('\0', '\ufffd');
}

function figure(measurement: FinishRecord['measurements'][number]) {
  const { length, tokensPerSec, tokensPerSecLow, opTokensPerSec, fixedNs, peakBytes } = measurement;
  return { length, tokensPerSec, tokensPerSecLow, opTokensPerSec, fixedNs, peakBytes };
}

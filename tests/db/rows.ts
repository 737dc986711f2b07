/** Rows for tests of the database: each builder gives a valid row, and takes what a test cares about. */
import type { Database } from '../../db/connection.ts';
import { orderEvaluation } from '../../db/evaluations.ts';
import { holdFork } from '../../db/forks.ts';
import type { Delivery } from '../../db/inbox.ts';
import { currentRound } from '../../db/rounds.ts';
import { insertSubmission, type NewSubmission } from '../../db/submissions.ts';
import type { DecisionRow, Figure, VerdictRow } from '../../db/verdicts.ts';

export const NOW = 1_800_000_000_000;
export const HOTKEY = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY';

let counter = 0;
export const aSha = () => (++counter).toString(16).padStart(40, '0');
export const aDigest = () => (++counter).toString(16).padStart(64, '0');

export function aDelivery(more: Partial<Delivery> = {}): Delivery {
  return {
    guid: `guid-${String(++counter).padStart(6, '0')}`,
    source: 'watcher',
    event: 'push',
    action: null,
    repoId: 101,
    installationId: 77,
    payload: '{}',
    receivedAt: NOW,
    ...more,
  };
}

export function aFork(more: object = {}) {
  return {
    repoId: 101,
    ownerId: 501,
    installationId: 77,
    owner: 'ada',
    name: 'flash-linear-attention',
    defaultBranch: 'main',
    private: 0,
    ...more,
  };
}

export function aLink(more: object = {}) {
  return {
    repoId: 101,
    ownerId: 501,
    hotkey: HOTKEY,
    network: 'test',
    netuid: 24,
    branch: 'main',
    signature: '0x01',
    ...more,
  };
}

export async function aSubmission(db: Database, more: Partial<NewSubmission> = {}): Promise<NewSubmission> {
  return {
    repoId: 101,
    ownerId: 501,
    task: 'quasar_demo',
    headSha: aSha(),
    branch: 'main',
    roundId: await currentRound(db, NOW),
    receivedAt: NOW,
    receiptSource: 'delivery',
    hotkey: HOTKEY,
    targetLength: 1024,
    claimedTokensPerSec: null,
    contentDigest: aDigest(),
    codeDigest: aDigest(),
    intake: 'eligible',
    intakeDetails: '{}',
    dispatchAfter: NOW,
    files: [{ path: 'fla/ops/quasar/chunk.py', sha256: 'a'.repeat(64), bytes: new Uint8Array([120, 10]) }],
    ...more,
  };
}

/** Takes a submission in as intake does, in one transaction. */
export async function submit(db: Database, more: Partial<NewSubmission> = {}, now = NOW): Promise<number> {
  const submission = await aSubmission(db, more);
  return db.transaction(async (trx) => {
    await holdFork(trx, submission.repoId);
    return insertSubmission(trx, submission, now);
  });
}

export const anOrder = (submissionId: number, more: object = {}) => ({
  submissionId,
  purpose: 'rank' as const,
  seat: 1,
  attempt: 1,
  taskVersion: 1,
  taskDigest: 'e'.repeat(64),
  nonce: '0'.repeat(32),
  notBefore: NOW,
  orderedAt: NOW,
  ...more,
});

export async function ordered(db: Database, submissionId: number, more: object = {}): Promise<number> {
  const id = await orderEvaluation(db, anOrder(submissionId, more));
  if (id === null) throw new Error('the order was refused');
  return id;
}

export function aVerdict(
  evaluationId: number,
  submissionId: number,
  more: Partial<VerdictRow> = {},
): Omit<VerdictRow, 'id'> {
  return {
    evaluationId,
    submissionId,
    status: 'accepted',
    reason: 'accepted',
    detail: '',
    task: 'quasar_demo',
    taskVersion: 1,
    taskDigest: 'e'.repeat(64),
    judgeCommit: 'c'.repeat(40),
    upstreamTree: 'd'.repeat(40),
    deviceClass: 'cpu',
    result: '{}',
    resultSha256: 'f'.repeat(64),
    createdAt: NOW,
    ...more,
  };
}

export const aFigure = (more: Partial<Figure> = {}): Figure => ({
  length: 1024,
  tokensPerSec: 10_000,
  tokensPerSecLow: 9_900,
  opTokensPerSec: 20_000,
  fixedNs: 1_000,
  peakBytes: 4_096,
  ...more,
});

export function aDecision(submissionId: number, more: Partial<DecisionRow> = {}): Omit<DecisionRow, 'id'> {
  return {
    submissionId,
    taskVersion: 1,
    status: 'accepted',
    reason: 'accepted',
    detail: '',
    tokensPerSec: 10_000,
    tokensPerSecLow: 9_900,
    score: 9_900,
    verdictId: null,
    decidedAt: NOW,
    ...more,
  };
}

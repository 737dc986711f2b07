/** Reads everything that `plan` and the reports need to know of one submission. */
import { type CheckRow, latestChecks } from '../../db/checks.ts';
import type { Queryable } from '../../db/connection.ts';
import { type EvaluationRow, evaluationsOf } from '../../db/evaluations.ts';
import { getFact } from '../../db/facts.ts';
import { type ForkRow, findFork } from '../../db/forks.ts';
import { firstReceipt, type Receipt } from '../../db/receipts.ts';
import { findSubmission, type SubmissionRow } from '../../db/submissions.ts';
import { twinOf } from '../../db/twins.ts';
import {
  type DecisionRow,
  figuresOf,
  findDecision,
  findVerdict,
  type VerdictRow,
  verdictsOf,
} from '../../db/verdicts.ts';
import { type Decision, decide, type Undecided } from '../evaluations/decide.ts';
import type { JudgeReason } from '../evaluations/reasons.ts';
import type { SeatVerdict } from '../evaluations/seats.ts';
import type { Task } from '../evaluations/task.ts';
import type { Hotkey, OwnerId } from '../ids.ts';
import { registrationOf } from '../miners/registration.ts';
import { leagueOf, lengthsOf } from '../scoring/league.ts';
import { isCopy } from '../scoring/rank.ts';
import type { IntakeDetails } from './details.ts';
import type { Intake } from './phase.ts';
import type { Snapshot } from './plan.ts';
import type { Services } from './services.ts';

export interface Loaded {
  readonly row: SubmissionRow;
  readonly fork: ForkRow | null;
  readonly task: Task;
  readonly taskDigest: string;
  readonly details: IntakeDetails;
  readonly evaluations: readonly EvaluationRow[];
  readonly checks: readonly CheckRow[];
  readonly verdicts: readonly VerdictRow[];
  readonly decision: DecisionRow | null;
  /** The earlier submission whose verdicts decide this one, null when it has its own. */
  readonly twinId: number | null;
  /** The receipt that owns the code, null for upstream's own or when it could not be read. */
  readonly codeOwner: Receipt | null;
  readonly snapshot: Snapshot;
}

/** Where the state of the runners is kept; see `reconcile`. */
export const RUNNERS_FACT = 'runners';
export interface RunnersFact {
  readonly online: number;
  readonly busy: number;
  readonly offlineSince: number | null;
}

export async function loadSubmission(services: Services, id: number): Promise<Loaded | null> {
  const { db } = services;
  const row = await findSubmission(db, id);
  if (row === null) return null;
  const loaded = services.tasks.get(row.task);
  if (loaded === undefined)
    throw new Error(`submission ${id} is of task ${row.task}, which is not enabled: add it to TASKS`);
  const { task, digest } = loaded;
  const details = JSON.parse(row.intakeDetails) as IntakeDetails;
  const evaluations = await evaluationsOf(db, id);
  const checks = await latestChecks(db, id);
  const decision = await findDecision(db, id, task.version);
  const judgedId = await judgedInstead(db, row, task.version, decision);
  const twinId = judgedId === id ? null : judgedId;
  const verdicts = await verdictsOf(db, judgedId);
  const codeOwner = await ownerOfCode(db, row, task);
  const fork = await findFork(db, row.repoId);
  const judgement =
    row.intake === 'eligible'
      ? decide(
          {
            taskVersion: task.version,
            targetLength: row.targetLength ?? task.targetLengths.max,
            claimedTokensPerSec: row.claimedTokensPerSec,
            verdicts: await seatVerdicts(
              db,
              verdicts,
              twinId === null ? evaluations : await evaluationsOf(db, twinId),
              row,
              twinId === null ? row : ((await findSubmission(db, twinId)) ?? row),
            ),
          },
          services.settings.decide,
        )
      : NEVER;
  const runners = await getFact<RunnersFact>(db, RUNNERS_FACT);
  const snapshot: Snapshot = {
    intake: row.intake as Intake,
    registeredSince: await isRegisteredSince(services, row),
    isCopy: row.intake === 'eligible' && copied(row, codeOwner),
    supersededBy: row.supersededBy,
    dispatchAfter: row.dispatchAfter,
    decision: decision === null ? null : { id: decision.id },
    judgement,
    evaluations: evaluations
      .filter(({ purpose }) => purpose === 'rank')
      .map((one) => ({
        ...one,
        runOver: one.runOverAt !== null,
        forgiven: one.attempt < row.attemptsFrom,
      })),
    checks,
    annotations: details.findings.length,
    offlineSince: runners?.offlineSince ?? null,
    forkGone: fork === null || fork.state === 'gone',
  };
  return {
    row,
    fork,
    task,
    taskDigest: digest,
    details,
    evaluations,
    checks,
    verdicts,
    decision,
    twinId,
    codeOwner,
    snapshot,
  };
}

const NEVER: Undecided = { kind: 'undecided', wants: 'first', seat: 1, otherThan: [], ratherNot: [] };

/** While the chain is not read, those who wait go on to wait; where none is configured any more, nothing holds them back. */
export async function isRegisteredSince(
  services: Services,
  { intake, hotkey }: SubmissionRow,
): Promise<boolean> {
  if (intake !== 'unlinked' || hotkey === null) return false;
  return services.settings.chain === null || (await registrationOf(services, hotkey)).kind === 'registered';
}

/** Whose verdicts decide this submission: those that decided it, else an earlier twin's, else its own. */
async function judgedInstead(
  db: Queryable,
  row: SubmissionRow,
  taskVersion: number,
  decision: DecisionRow | null,
): Promise<number> {
  if (row.intake !== 'eligible' || row.targetLength === null) return row.id;
  const decidedBy = decision?.verdictId == null ? null : await findVerdict(db, decision.verdictId);
  if (decidedBy !== null) return decidedBy.submissionId;
  const lengths = lengthsOf(leagueOf(row.targetLength));
  return (await twinOf(db, row, { taskVersion, lengths })) ?? row.id;
}

async function ownerOfCode(db: Queryable, row: SubmissionRow, task: Task): Promise<Receipt | null> {
  if (row.codeDigest === null || row.codeDigest === task.upstream.codeDigest) return null;
  return firstReceipt(db, row.task, row.codeDigest);
}

function copied(row: SubmissionRow, owner: Receipt | null): boolean {
  if (row.hotkey === null || owner === null) return false;
  return isCopy({
    hotkey: row.hotkey as Hotkey,
    ownerId: row.ownerId as OwnerId,
    digestOwner: { hotkey: owner.hotkey as Hotkey | null, ownerId: owner.ownerId as OwnerId },
  });
}

/** A runner that died without a word counts as a verdict `infra`; a cancelled evaluation counts as nothing. */
async function seatVerdicts(
  db: Queryable,
  verdicts: readonly VerdictRow[],
  evaluations: readonly EvaluationRow[],
  row: SubmissionRow,
  judged: Pick<SubmissionRow, 'targetLength'>,
): Promise<SeatVerdict[]> {
  const found: SeatVerdict[] = [];
  for (const evaluation of evaluations) {
    const verdict = verdicts.find(({ evaluationId }) => evaluationId === evaluation.id);
    const forgiven = evaluation.submissionId === row.id && evaluation.attempt < row.attemptsFrom;
    if (verdict === undefined && evaluation.state !== 'failed') continue;
    if (forgiven && (verdict === undefined || verdict.reason === 'infra')) continue;
    const figure =
      verdict && (await figuresOf(db, verdict.id)).find(({ length }) => length === judged.targetLength);
    found.push({
      evaluation: evaluation.id,
      purpose: evaluation.purpose,
      seat: evaluation.seat,
      attempt: evaluation.attempt,
      // Until other validators can join, every runner belongs to the operator repository.
      runnerOwner: 'operator',
      operatorRunner: true,
      taskVersion: evaluation.taskVersion,
      status: verdict?.status ?? 'inconclusive',
      reason: (verdict?.reason ?? 'infra') as JudgeReason,
      detail: verdict?.detail ?? evaluation.failure ?? '',
      tokensPerSec: figure?.tokensPerSec ?? null,
      tokensPerSecLow: figure?.tokensPerSecLow ?? null,
    });
  }
  return found;
}

/** The verdict that a decision rests on, null when no runner ever delivered one. */
export function verdictOf(loaded: Loaded, decision: Decision): VerdictRow | null {
  return loaded.verdicts.find(({ evaluationId }) => evaluationId === decision.evaluation) ?? null;
}

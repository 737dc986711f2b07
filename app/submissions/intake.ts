/**
 * Intake: a pushed head becomes a submission. Everything that the miner controls is read here once, by full SHA and
 * through a token that can see this repository alone, and frozen; nothing is read again later.
 */
import type { Queryable } from '../../db/connection.ts';
import { recordEvent } from '../../db/events.ts';
import { endLink, findFork, holdFork, liveLink, saveFork, saveLink } from '../../db/forks.ts';
import { recordReceipt } from '../../db/receipts.ts';
import { currentRound } from '../../db/rounds.ts';
import {
  findSubmissionBySha,
  insertSubmission,
  lastTakenIn,
  type NewSubmission,
  noteEarlierReceipt,
  promoteSubmission,
  reviveSubmission,
  type SubmissionRow,
} from '../../db/submissions.ts';
import { noteUnlinked } from '../../db/unlinked-submissions.ts';
import { reasonOf } from '../imports/findings.ts';
import { readCommit } from './commit.ts';
import type { IntakeDetails } from './details.ts';
import { type Frozen, freeze } from './freeze.ts';
import type { Intake } from './phase.ts';
import type { Push } from './push.ts';
import { type Claimed, readClaimed } from './quasar-file.ts';
import type { Services } from './services.ts';

export type IntakeOutcome =
  | { readonly kind: 'ignored'; readonly why: string }
  | { readonly kind: 'submission'; readonly id: number; readonly known: boolean };

/** Safe to repeat: the same push again finds its submission. Throws GitHubError when GitHub cannot be read now. */
export async function takeIn(services: Services, push: Push): Promise<IntakeOutcome> {
  const { db, now, watcher } = services;
  if (push.cause === 'push') await noteFork(db, push, now());
  const before = await lastTakenIn(db, push.repoId);
  const [head, commit] = await Promise.all([
    watcher.branchHead(push, push.branch),
    readCommit(services, push),
  ]);
  if (head === null) return { kind: 'ignored', why: 'the branch is gone' };
  // A commit of another fork resolves here too: only what this repository's own branch holds is taken.
  if (head !== push.head && !(await watcher.isReachable(push, push.head, push.branch)))
    return { kind: 'ignored', why: 'the commit is not on this branch any more' };

  const claimed = await readClaimed(services, push, commit);
  const link = await liveLink(db, push.repoId);
  // A file that broke does not move the judged branch: what was required there must not be `skipped` now.
  const judgedBranch = claimed.branch ?? link?.branch ?? push.defaultBranch;
  const judged = judgedBranch === push.branch;

  const frozen = await freeze(services, commit, claimed.task.task);
  // Whoever installed the App on all his repositories wants no check-runs on his website.
  if (link === null && claimed.absent && frozen.present === 0)
    return { kind: 'ignored', why: 'not a fork of the task' };
  if (frozen.codeDigest !== null)
    await recordReceipt(db, {
      codeDigest: frozen.codeDigest,
      task: claimed.task.task.name,
      repoId: push.repoId,
      ownerId: push.ownerId,
      hotkey: claimed.provenHotkey,
      headSha: push.head,
      receivedAt: push.receivedAt,
      receiptSource: push.receiptSource,
    });
  await noteEarlierReceipt(db, { repoId: push.repoId, headSha: push.head }, push);
  if (!judged && link === null && !claimed.linked)
    return { kind: 'ignored', why: 'another branch of a fork that is not linked' };
  if (head !== push.head) return { kind: 'ignored', why: 'a newer push of this branch follows' };
  return db.transaction((trx) =>
    store(services, trx, { push, before, claimed, frozen, judged, judgedBranch }, now()),
  );
}

/** Ownership changes are seen here too: a transfer ends the link whatever webhook told of it. */
async function noteFork(db: Queryable, push: Push, now: number): Promise<void> {
  const known = await findFork(db, push.repoId);
  if (known !== null && known.ownerId !== push.ownerId) await endLink(db, push.repoId, 'transferred', now);
  const { repoId, ownerId, installationId, owner, name, defaultBranch } = push;
  await saveFork(
    db,
    { repoId, ownerId, installationId, owner, name, defaultBranch, private: push.private ? 1 : 0 },
    now,
  );
}

/** What was read of a push, at one moment. */
interface Read {
  readonly push: Push;
  /** The last submission of the repository before anything was read. */
  readonly before: Awaited<ReturnType<typeof lastTakenIn>>;
  readonly claimed: Claimed;
  readonly frozen: Frozen;
  readonly judged: boolean;
  readonly judgedBranch: string;
}

async function store(services: Services, trx: Queryable, read: Read, now: number): Promise<IntakeOutcome> {
  const { push, claimed, judged } = read;
  // Two replicas with pushes of one repository follow each other here.
  await holdFork(trx, push.repoId);
  // What was read may be older than what another replica stored meanwhile: then it must not supersede that.
  const last = await lastTakenIn(trx, push.repoId);
  if (last !== null && last.id !== read.before?.id && last.headSha !== push.head)
    throw new Error('another push of this repository was taken in meanwhile: read it again');
  await noteFork(trx, push, now);
  const submission = await describe(services, trx, read, now);
  if (judged && claimed.linked && claimed.hotkey !== null)
    await saveLink(
      trx,
      {
        repoId: push.repoId,
        ownerId: push.ownerId,
        hotkey: claimed.hotkey,
        network: services.settings.network,
        netuid: services.settings.netuid,
        branch: push.branch,
        signature: claimed.signature ?? '',
      },
      now,
    );
  const known = await findSubmissionBySha(trx, submission);
  if (known !== null)
    return { kind: 'submission', id: known.id, known: await meetAgain(trx, known, submission, judged, now) };
  const id = await insertSubmission(trx, submission, now);
  await recordEvent(trx, {
    submissionId: id,
    kind: 'received',
    data: { sha: push.head, branch: push.branch, intake: submission.intake },
    at: now,
  });
  return { kind: 'submission', id, known: false };
}

/** A commit that is known: revived when it had given way, promoted when it was not a judged one. */
async function meetAgain(
  trx: Queryable,
  known: SubmissionRow,
  submission: NewSubmission,
  judged: boolean,
  now: number,
): Promise<boolean> {
  if (!judged) return true;
  const { receivedAt: _, receiptSource: __, ...fresh } = submission;
  if (known.intake === 'other_branch' || (known.intake === 'unlinked' && submission.intake !== 'unlinked')) {
    await promoteSubmission(trx, known.id, fresh, now);
    await recordEvent(trx, {
      submissionId: known.id,
      kind: 'promoted',
      data: { intake: fresh.intake },
      at: now,
    });
  } else if (known.intake === 'unlinked') {
    await noteUnlinked(trx, known.id, fresh);
  } else if (known.supersededBy !== null) {
    await reviveSubmission(trx, known, { dispatchAfter: submission.dispatchAfter, now });
    await recordEvent(trx, { submissionId: known.id, kind: 'revived', at: now });
  }
  return true;
}

async function describe(
  services: Services,
  trx: Queryable,
  { push, claimed, frozen, judged, judgedBranch }: Read,
  now: number,
): Promise<NewSubmission> {
  const intake = intakeOf(claimed, frozen, judged);
  const details: IntakeDetails = {
    findings: frozen.findings,
    problems: claimed.problems,
    warnings: claimed.warnings,
    ignoredPaths: frozen.ignoredPaths,
    judgedBranch,
    before: push.before,
    ...(claimed.unregisteredAt === null ? {} : { unregisteredAt: claimed.unregisteredAt }),
  };
  return {
    repoId: push.repoId,
    ownerId: push.ownerId,
    task: claimed.task.task.name,
    headSha: push.head,
    branch: push.branch,
    roundId: await currentRound(trx, now),
    receivedAt: push.receivedAt,
    receiptSource: push.receiptSource,
    hotkey: claimed.provenHotkey,
    targetLength: claimed.targetLength,
    claimedTokensPerSec: claimed.claimedTokensPerSec,
    contentDigest: frozen.contentDigest,
    codeDigest: frozen.codeDigest,
    intake,
    intakeDetails: JSON.stringify(details),
    dispatchAfter: now + services.settings.debounceMs,
    // Kept for a runner only: anybody may push as much as he likes to branches that no runner ever sees.
    files: intake === 'eligible' ? frozen.files : [],
  };
}

function intakeOf(claimed: Claimed, frozen: Frozen, judged: boolean): Intake {
  if (!judged) return 'other_branch';
  if (!claimed.linked) return 'unlinked';
  return (frozen.skipAsked ? 'skipped_by_message' : reasonOf(frozen.findings)) ?? 'eligible';
}

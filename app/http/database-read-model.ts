/** The read model on the database. Names, commits and code of private forks stay untold. */
import { latestChecks } from '../../db/checks.ts';
import { evaluationsOf } from '../../db/evaluations.ts';
import { eventsOf } from '../../db/events.ts';
import { getFact } from '../../db/facts.ts';
import { type ForkRow, findFork, findForkByName, liveLink } from '../../db/forks.ts';
import { filesOf } from '../../db/frozen-files.ts';
import { currentRound } from '../../db/rounds.ts';
import { findSubmission, liveSubmissions, type SubmissionRow } from '../../db/submissions.ts';
import { findVerdict, recentDecisions, type VerdictRow } from '../../db/verdicts.ts';
import type { Conclusion, Reason } from '../evaluations/reasons.ts';
import { type Progress, type Result, readStoredResult } from '../evaluations/schema.ts';
import { leagueOf } from '../scoring/league.ts';
import type { Intake } from '../submissions/phase.ts';
import type { Services } from '../submissions/services.ts';
import { type Loaded, loadSubmission, RUNNERS_FACT, type RunnersFact } from '../submissions/snapshot.ts';
import { type RankedEntry as Ranked, type Standing, standingOf } from '../submissions/standing.ts';
import { compareUrl } from '../submissions/web-links.ts';
import { reasonInWords } from './pages/words.ts';
import type {
  EndedSubmission,
  ForkName,
  Leaderboard,
  LiveSubmission,
  ReadModel,
  SubmissionDetails,
  TaskBoard,
} from './read-model.ts';
import { createWeightsReadModel } from './weights-read-model.ts';

const RECENT = 20;

export function createReadModel(services: Services): ReadModel {
  let reading: Promise<Leaderboard> | null = null;
  return {
    // Read by anybody as often as he likes, on the connection that deliveries are stored through: once at a time.
    leaderboard: () => {
      reading ??= leaderboard(services).finally(() => {
        reading = null;
      });
      return reading;
    },
    submission: (id) => submission(services, id),
    repository: (owner, name) => repository(services, owner, name),
    ...createWeightsReadModel(services),
  };
}

async function leaderboard(services: Services): Promise<Leaderboard> {
  const { db, now } = services;
  const boards: TaskBoard[] = [];
  for (const loaded of services.tasks.values())
    boards.push({
      task: loaded.task.name,
      taskVersion: loaded.task.version,
      entries: await entriesOf(services, await standingOf(services, db, loaded)),
    });
  const live: LiveSubmission[] = [];
  for (const row of await liveSubmissions(db, RECENT)) live.push(await liveOf(services, row));
  const recent: EndedSubmission[] = [];
  for (const row of await recentDecisions(db, RECENT))
    recent.push({
      submission: row.submissionId,
      fork: forkName(await findFork(db, row.repoId)),
      hotkey: row.hotkey,
      task: row.task,
      reason: row.reason as Reason,
      tokensPerSec: row.tokensPerSec,
      endedAt: row.decidedAt,
    });
  const runners = await getFact<RunnersFact>(db, RUNNERS_FACT);
  return { roundId: await currentRound(db, now()), boards, live, recent, runners };
}

async function entriesOf(services: Services, { places, shares }: Standing): Promise<TaskBoard['entries']> {
  const entries: TaskBoard['entries'][number][] = [];
  for (const { place, entry } of places) {
    const { candidate } = entry;
    const league = leagueOf(candidate.targetLength);
    const fork = forkName(await findFork(services.db, candidate.repoId));
    entries.push({
      rank: place,
      submission: entry.id,
      hotkey: entry.hotkey,
      fork,
      sha: fork && candidate.headSha,
      league: league.name,
      multiplier: league.multiplier,
      targetLength: candidate.targetLength,
      tokensPerSec: candidate.tokensPerSec,
      tokensPerSecLow: candidate.tokensPerSecLow,
      score: candidate.score,
      share: shareOf(shares, entry),
      receivedAt: candidate.receivedAt,
    });
  }
  return entries;
}

const shareOf = (shares: Standing['shares'], { hotkey }: Pick<Ranked, 'hotkey'>): number =>
  shares.find((share) => share.hotkey === hotkey)?.share ?? 0;

const forkName = (fork: ForkRow | null): ForkName | null =>
  fork === null || fork.private === 1 ? null : { owner: fork.owner, name: fork.name };

async function liveOf({ db }: Services, row: SubmissionRow): Promise<LiveSubmission> {
  const claimed = (await evaluationsOf(db, row.id)).find(({ state }) => state === 'claimed');
  return {
    submission: row.id,
    fork: forkName(await findFork(db, row.repoId)),
    hotkey: row.hotkey,
    task: row.task,
    state: claimed === undefined ? 'queued' : 'running',
    progress: claimed?.progress ? (JSON.parse(claimed.progress) as Progress) : null,
    receivedAt: row.receivedAt,
  };
}

async function submission(services: Services, id: number): Promise<SubmissionDetails | null> {
  const { db, settings } = services;
  const row = await findSubmission(db, id);
  const loaded = row && services.tasks.has(row.task) ? await loadSubmission(services, id) : null;
  if (row === null || loaded === null) return null;
  const { fork, task, decision } = loaded;
  const name = forkName(fork);
  const home = name === null ? null : `${settings.githubUrl}/${name.owner}/${name.name}`;
  const previous = row.previousId === null ? null : await findSubmission(db, row.previousId);
  const verdict = decision?.verdictId == null ? null : await findVerdict(db, decision.verdictId);
  const { places, shares } = await standingOf(services, db, { task, digest: loaded.taskDigest });
  const place = places.find(({ entry }) => entry.id === id);
  const claimed = loaded.evaluations.find(({ state }) => state === 'claimed');
  const league = row.targetLength === null ? null : leagueOf(row.targetLength);
  const waiting =
    row.intake === 'eligible' && decision === null && row.supersededBy === null && !loaded.snapshot.isCopy;
  return {
    id,
    task: row.task,
    taskVersion: task.version,
    fork: name,
    sha: name && row.headSha,
    branch: name && row.branch,
    hotkey: row.hotkey,
    targetLength: row.targetLength,
    league: league === null ? null : { name: league.name, multiplier: league.multiplier },
    claimedTokensPerSec: row.claimedTokensPerSec,
    receivedAt: row.receivedAt,
    receiptSource: row.receiptSource,
    contentDigest: row.contentDigest,
    codeDigest: row.codeDigest,
    files: (await filesOf(db, id)).map(({ path, sha256, bytes }) => ({ path, sha256, bytes: bytes.length })),
    links: {
      commit: home && `${home}/commit/${row.headSha}`,
      againstUpstream: home && compareUrl(home, task.upstream.commit, row.headSha),
      againstPrevious: home && previous && compareUrl(home, previous.headSha, row.headSha),
    },
    supersededBy: row.supersededBy,
    checks: (await latestChecks(db, id)).map((check) => ({
      name: check.name,
      status: check.sentStatus ?? 'queued',
      conclusion: check.sentConclusion as Conclusion | null,
      url: home && check.checkRunId !== null ? `${home}/runs/${check.checkRunId}` : null,
    })),
    timeline: (await eventsOf(db, id)).map(({ at, kind, data }) => ({
      at,
      what: wordsOf(kind, JSON.parse(data)),
    })),
    findings: name === null ? [] : loaded.details.findings,
    state: waiting ? (claimed === undefined ? 'queued' : 'running') : 'ended',
    reason: reasonOf(loaded),
    evaluations: loaded.evaluations.map(({ id: number, seat, attempt, state, runId }) => ({
      id: number,
      seat,
      attempt,
      state,
      runId,
    })),
    progress: claimed?.progress ? (JSON.parse(claimed.progress) as Progress) : null,
    decision:
      decision === null
        ? null
        : {
            reason: decision.reason as Reason,
            status: decision.status,
            detail: name === null ? '' : decision.detail,
            tokensPerSec: decision.tokensPerSec,
            tokensPerSecLow: decision.tokensPerSecLow,
            score: decision.score,
            rank: place?.place ?? null,
            share: place === undefined ? null : shareOf(shares, place.entry),
            decidedAt: decision.decidedAt,
          },
    record: verdict === null ? null : recordOf(verdict, name === null),
  };
}

/** What the kernel printed, and what the judge says of it, may quote private code. */
function recordOf({ result }: VerdictRow, isPrivate: boolean): Result | null {
  const record = readStoredResult(result);
  if (!isPrivate || record === null) return record;
  return { ...record, verdict: { ...record.verdict, detail: '' }, untrusted: { log: '' } };
}

function reasonOf({ row, decision, snapshot }: Loaded): Reason | 'other_branch' | null {
  if (row.intake !== 'eligible') return row.intake as Reason | 'other_branch';
  if (decision !== null) return decision.reason as Reason;
  if (row.supersededBy !== null) return 'superseded';
  return snapshot.isCopy ? 'copy' : null;
}

/** Events in our own words; nothing that a miner wrote is in them. */
function wordsOf(kind: string, data: Record<string, unknown>): string {
  switch (kind) {
    case 'received':
      return receivedInWords(data.intake as Intake);
    case 'promoted':
      return 'The commit reached the judged branch';
    case 'revived':
      return 'Pushed back to this commit: it is judged again';
    case 'ordered':
      return `Evaluation ordered (seat ${data.seat}, attempt ${data.attempt})`;
    case 'dispatched':
      return `Dispatched to the runners (run ${data.runId})`;
    case 'claimed':
      return 'A runner took it';
    case 'verdict':
      return `Verdict: ${data.reason}`;
    case 'evaluation_failed':
      return `The evaluation failed: ${data.failure}`;
    case 'cancelled':
      return 'The evaluation was cancelled';
    case 'decided':
      return `Decided: ${data.reason}`;
    case 'rerun_requested':
      return 'Somebody asked for the check again';
    default:
      return kind;
  }
}

function receivedInWords(intake: Intake): string {
  if (intake === 'eligible') return 'Push received, files frozen, imports pass';
  if (intake === 'other_branch') return 'Push received, to a branch that is not judged';
  return `Push received. ${reasonInWords(intake)}`;
}

async function repository(
  { db }: Services,
  owner: string,
  name: string,
): ReturnType<ReadModel['repository']> {
  const fork = await findForkByName(db, owner, name);
  if (fork === null || fork.state === 'gone') return null;
  const link = await liveLink(db, fork.repoId);
  return {
    owner: fork.owner,
    name: fork.name,
    repoId: fork.repoId,
    ownerId: fork.ownerId,
    defaultBranch: fork.defaultBranch,
    branch: link?.branch ?? fork.defaultBranch,
    link: link === null ? { state: 'unlinked' } : { state: 'linked', hotkey: link.hotkey },
  };
}

/** From stored rows to what a report is rendered from, and the rendered check-run. */
import { queueOf } from '../../db/evaluations.ts';
import { getFact } from '../../db/facts.ts';
import { findSubmission } from '../../db/submissions.ts';
import { figureOfCode, findDecision } from '../../db/verdicts.ts';
import type { CheckName } from '../evaluations/reasons.ts';
import { type Progress, readStoredResult } from '../evaluations/schema.ts';
import { INFRA_ATTEMPTS } from '../evaluations/seats.ts';
import type { Annotation, CheckRunState } from '../github/github.ts';
import type { ImportReason } from '../imports/findings.ts';
import { renderBenchmark } from '../reports/benchmark.ts';
import { renderImports } from '../reports/imports.ts';
import { renderLogits } from '../reports/logits.ts';
import type { DecidedState, SubmissionState, SubmissionView, YmlProblem } from '../reports/view.ts';
import { QUASAR_YML } from './commit.ts';
import type { YmlProblem as IntakeProblem } from './details.ts';
import { type Phase, phaseOf } from './phase.ts';
import type { Services } from './services.ts';
import { type Loaded, RUNNERS_FACT, type RunnersFact, verdictOf } from './snapshot.ts';
import { standingOf } from './standing.ts';
import { compareUrl } from './web-links.ts';

const RENDER = { imports: renderImports, logits: renderLogits, benchmark: renderBenchmark } as const;

/** The check-run for a phase, and all its annotations in order. Throws when report and plan disagree about the verdict. */
export async function renderCheck(
  services: Services,
  loaded: Loaded,
  name: CheckName,
  phase: Phase,
): Promise<{ state: CheckRunState; annotations: readonly Annotation[] }> {
  const { annotations = [], ...state } = RENDER[name](await viewOf(services, loaded));
  if (state.status !== phase.status || (state.conclusion ?? null) !== phase.conclusion)
    throw new Error(
      `${name} of submission ${loaded.row.id} is planned as ${phase.status}/${phase.conclusion} and rendered as ${state.status}/${state.conclusion}`,
    );
  return { state, annotations: phase.annotate ? annotations : [] };
}

export async function viewOf(services: Services, loaded: Loaded): Promise<SubmissionView> {
  const { row, fork, task, details } = loaded;
  const home = `${services.settings.githubUrl}/${fork?.owner}/${fork?.name}`;
  const previous = row.previousId === null ? null : await findSubmission(services.db, row.previousId);
  return {
    submissionId: row.intake === 'unlinked' ? null : row.id,
    appUrl: services.settings.publicUrl,
    cliSha256: services.cliSha256(),
    repo: { owner: fork?.owner ?? '', name: fork?.name ?? '' },
    sha: row.headSha,
    task: {
      name: task.name,
      version: task.version,
      targetFiles: task.targetFiles,
      roofline: task.roofline,
    },
    targetLength: row.targetLength,
    claimedTokensPerSec: row.claimedTokensPerSec,
    findings: details.findings,
    warnings: details.warnings,
    ignoredPaths: details.ignoredPaths,
    diff: {
      upstream: compareUrl(home, task.upstream.commit, row.headSha),
      previous: previous && compareUrl(home, previous.headSha, row.headSha),
    },
    state: await stateOf(services, loaded),
  };
}

async function stateOf(services: Services, loaded: Loaded): Promise<SubmissionState> {
  const { row, snapshot, details } = loaded;
  switch (row.intake) {
    case 'unlinked':
      return unlinkedState(services, loaded);
    case 'skipped_by_message':
      return { kind: 'skipped_by_message' };
    case 'other_branch':
      return { kind: 'other_branch', branch: row.branch, judgedBranch: details.judgedBranch };
    case 'eligible':
      break;
    default:
      return { kind: 'intake_rejected', reason: row.intake as ImportReason };
  }
  if (loaded.decision !== null && snapshot.judgement.kind === 'decided')
    return decidedState(services, loaded);
  if (row.supersededBy !== null) {
    const by = await findSubmission(services.db, row.supersededBy);
    return { kind: 'superseded', by: { sha: by?.headSha ?? '', submissionId: row.supersededBy } };
  }
  if (snapshot.isCopy) {
    // Which submission it was stays untold: the first author's code may still be private.
    return {
      kind: 'copy',
      copyOf: { submissionId: null, receivedAt: loaded.codeOwner?.receivedAt ?? row.receivedAt },
    };
  }
  return openState(services, loaded);
}

function unlinkedState({ settings }: Services, { details, row }: Loaded): SubmissionState {
  const { unregisteredAt } = details;
  if (unregisteredAt === undefined || row.hotkey === null)
    return { kind: 'unlinked', problems: details.problems.map(placed) };
  const { network, netuid } = settings;
  return { kind: 'unregistered', hotkey: row.hotkey, network, netuid, block: unregisteredAt };
}

/** A file that is absent or not a file has no line to point at. */
function placed({ key, line, why, mend }: IntakeProblem): YmlProblem {
  return { line: key === QUASAR_YML ? null : line, why, mend };
}

async function decidedState(services: Services, loaded: Loaded): Promise<DecidedState> {
  const { judgement } = loaded.snapshot;
  if (judgement.kind !== 'decided') throw new Error(`submission ${loaded.row.id} is undecided`);
  const verdict = verdictOf(loaded, judgement);
  const { places } = await standingOf(services, services.db, {
    task: loaded.task,
    digest: loaded.taskDigest,
  });
  const place = places.find(({ entry }) => entry.id === loaded.row.id);
  return {
    kind: 'decided',
    decision: judgement,
    result: verdict === null ? null : readStoredResult(verdict.result),
    rank: place?.place ?? null,
    places: places.length,
    previous: await previousFigure(services, loaded),
    baseline: await upstreamFigure(services, loaded),
  };
}

async function upstreamFigure(
  { db }: Services,
  { row, task }: Loaded,
): Promise<NonNullable<DecidedState['baseline']> | null> {
  const { targetLength } = row;
  if (targetLength === null) return null;
  const { codeDigest } = task.upstream;
  const code = { task: task.name, taskVersion: task.version, codeDigest, targetLength };
  const tokensPerSec = await figureOfCode(db, code);
  return tokensPerSec === null ? null : { tokensPerSec, targetLength };
}

async function previousFigure({ db }: Services, { row, task }: Loaded): Promise<DecidedState['previous']> {
  if (row.previousId === null) return null;
  const before = await findSubmission(db, row.previousId);
  const decision = before && (await findDecision(db, before.id, task.version));
  if (!before?.targetLength || decision?.status !== 'accepted' || decision.tokensPerSec === null) return null;
  return { sha: before.headSha, tokensPerSec: decision.tokensPerSec, targetLength: before.targetLength };
}

async function openState(services: Services, loaded: Loaded): Promise<SubmissionState> {
  const { snapshot } = loaded;
  const { db, now, settings } = services;
  const claimed = loaded.evaluations.find(({ state }) => state === 'claimed');
  if (claimed !== undefined) {
    const progress = claimed.progress === null ? null : (JSON.parse(claimed.progress) as Progress);
    return { kind: 'running', seat: claimed.seat, progress };
  }
  const benchmark = phaseOf(snapshot, now(), settings.plan)('benchmark');
  const waiting = loaded.evaluations.find(({ state }) =>
    ['planned', 'dispatching', 'dispatched'].includes(state),
  );
  if (benchmark?.key.startsWith('retry:')) {
    const nextAt = waiting?.notBefore ?? now();
    // Counted from the last re-run request: each grants its attempts anew.
    const attempt = Math.max(1, (waiting?.attempt ?? 1) - loaded.row.attemptsFrom + 1);
    return { kind: 'infra_retry', attempt, of: INFRA_ATTEMPTS, nextAt };
  }
  const runners = await getFact<RunnersFact>(db, RUNNERS_FACT);
  const queue = waiting === undefined ? null : await queueOf(db, waiting.id);
  return {
    kind: 'waiting',
    seat: waiting?.seat ?? 1,
    position: queue?.position ?? null,
    etaSeconds: null,
    runnersOnline: runners?.online ?? null,
    offlineSince: benchmark?.key.startsWith('offline:') ? snapshot.offlineSince : null,
  };
}

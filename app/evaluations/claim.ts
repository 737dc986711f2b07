/** POST /runner/claim: hands an evaluation to the first run that asks for it, and to no other. */
import type { WorkflowRun } from '../github/github.ts';
import type { RunnerIdentity } from './identity.ts';
import { runTitle } from './run-title.ts';
import {
  bodySha256,
  evaluationOver,
  findEvaluation,
  holdsClaim,
  parseBody,
  type RunnerDependencies,
} from './runner-call.ts';
import { RunnerError } from './runner-errors.ts';
import { type Claim, ClaimRequest } from './schema.ts';
import type { StoredEvaluation } from './store.ts';

/** GitHub starts a run a few seconds after it answers, or fails to answer, the dispatch. */
const RETRY_SECONDS = 5;
/** Each loss of a race means that somebody else moved the evaluation on; it has few places to go. */
const LOOKS = 4;

/**
 * Single use: the same run repeating the same body gets the same answer, another run or body 409. A run that comes
 * before the answer to its dispatch was stored is looked up and adopted, or told to come again (425).
 */
export async function claimEvaluation(
  deps: RunnerDependencies,
  identity: RunnerIdentity,
  body: unknown,
): Promise<Claim> {
  const { evaluation: id } = parseBody(ClaimRequest, body);
  const sha256 = bodySha256(body);
  for (let look = 0; look < LOOKS; look += 1) {
    const evaluation = await findEvaluation(deps.store, id);
    switch (evaluation.state) {
      case 'planned':
        throw comeAgain(id);
      case 'dispatching':
        await adopt(deps, id, identity);
        break;
      case 'dispatched': {
        if (evaluation.runId !== identity.runId) throw anotherRun(id);
        const { runId, runAttempt, workflowSha: judgeCommit, checkRunId } = identity;
        const claim = { runId, runAttempt, judgeCommit, checkRunId, bodySha256: sha256, atMs: deps.clock() };
        if (await deps.store.claimEvaluation(id, claim)) return answer(deps, evaluation);
        break;
      }
      case 'claimed':
        if (!holdsClaim(evaluation, identity) || evaluation.claim?.bodySha256 !== sha256)
          throw alreadyClaimed(id);
        return answer(deps, evaluation);
      default:
        throw evaluationOver(evaluation);
    }
  }
  throw comeAgain(id);
}

async function adopt(deps: RunnerDependencies, id: number, identity: RunnerIdentity): Promise<void> {
  const run = await deps.operator.run(identity.runId);
  if (run === null || !isRunOf(run, id, deps.workflowPath)) throw comeAgain(id);
  await deps.store.adoptRun(id, { runId: run.id, url: run.url, atMs: deps.clock() });
}

function isRunOf(run: WorkflowRun, id: number, workflowPath: string): boolean {
  return run.event === 'workflow_dispatch' && run.path === workflowPath && run.title === runTitle(id);
}

async function answer(deps: RunnerDependencies, evaluation: StoredEvaluation): Promise<Claim> {
  const { id, nonce, order, submissionId } = evaluation;
  const files = await deps.store.frozenFiles(submissionId);
  return {
    evaluation: id,
    nonce,
    task: order.task,
    upstream: order.upstream,
    lengths: [...order.lengths],
    targetLength: order.targetLength,
    files: files.map(({ path, sha256, content }) => ({
      path,
      sha256,
      base64: Buffer.from(content).toString('base64'),
    })),
    limits: { totalSeconds: order.totalSeconds },
  };
}

function comeAgain(id: number): RunnerError {
  return new RunnerError(
    425,
    'not_yet_dispatched',
    `evaluation ${id} is not known to be this run's yet: try again`,
    {
      retryAfterSeconds: RETRY_SECONDS,
    },
  );
}

function anotherRun(id: number): RunnerError {
  return new RunnerError(409, 'another_run', `evaluation ${id} was given to another run: this one must stop`);
}

function alreadyClaimed(id: number): RunnerError {
  return new RunnerError(409, 'already_claimed', `evaluation ${id} is claimed already: this run must stop`);
}

/** POST /runner/result: ends an evaluation with one verdict, which nothing changes afterwards. */
import type { RunnerIdentity } from './identity.ts';
import type { JudgeReason, VerdictStatus } from './reasons.ts';
import { auditResult } from './result-audit.ts';
import {
  bodySha256,
  findEvaluation,
  parseBody,
  type RunnerDependencies,
  requireClaim,
} from './runner-call.ts';
import { RunnerError } from './runner-errors.ts';
import { Result } from './schema.ts';
import type { RecordedVerdict } from './store.ts';

/** The second look sees what won the race. */
const LOOKS = 2;

export interface ResultReceipt {
  readonly evaluation: number;
  /** As recorded: `infra` where the posted result did not hold together. */
  readonly verdict: { readonly status: VerdictStatus; readonly reason: JudgeReason; readonly detail: string };
}

/** Idempotent: the same body again gets the same answer, another one 409. */
export async function acceptResult(
  deps: RunnerDependencies,
  identity: RunnerIdentity,
  body: unknown,
): Promise<ResultReceipt> {
  const result = parseBody(Result, body);
  const { evaluation: id } = result;
  if (id === null)
    throw new RunnerError(
      400,
      'body_invalid',
      'the result names no evaluation: one of a bench is not posted',
    );
  const sha256 = bodySha256(body);
  for (let look = 0; look < LOOKS; look += 1) {
    const evaluation = await findEvaluation(deps.store, id);
    requireClaim(evaluation, identity, result.nonce);
    if (evaluation.verdict) {
      if (evaluation.verdict.bodySha256 === sha256) return receipt(id, evaluation.verdict);
      throw new RunnerError(
        409,
        'already_judged',
        `evaluation ${id} has its verdict already: it does not change`,
      );
    }
    const { verdict: audited, measurements } = auditResult(result, evaluation.order, evaluation.keySha256);
    const verdict: RecordedVerdict = { ...audited, bodySha256: sha256 };
    const { runId, runAttempt } = identity;
    const finish = { verdict, measurements, result, atMs: deps.clock() };
    if (await deps.store.finishEvaluation(id, { runId, runAttempt }, finish)) return receipt(id, verdict);
  }
  throw new RunnerError(503, 'busy', `evaluation ${id} is being changed: try again`, {
    retryAfterSeconds: 1,
  });
}

function receipt(evaluation: number, { status, reason, detail }: RecordedVerdict): ResultReceipt {
  return { evaluation, verdict: { status, reason, detail } };
}

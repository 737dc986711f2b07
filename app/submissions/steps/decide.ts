/** Records what the verdicts together say, with its consequences, in one transaction. */
import { recordEvent } from '../../../db/events.ts';
import { wakeSubmission } from '../../../db/submission-looks.ts';
import { recordDecision, recordStrike } from '../../../db/verdicts.ts';
import type { Services } from '../services.ts';
import { type Loaded, verdictOf } from '../snapshot.ts';
import { recordStanding } from '../standing.ts';

export async function recordJudgement(services: Services, loaded: Loaded): Promise<void> {
  const { db, now } = services;
  const { judgement } = loaded.snapshot;
  if (judgement.kind !== 'decided') throw new Error(`submission ${loaded.row.id} is undecided`);
  const verdict = verdictOf(loaded, judgement);
  const at = now();
  await db.transaction(async (trx) => {
    const recorded = await recordDecision(trx, {
      submissionId: loaded.row.id,
      taskVersion: loaded.task.version,
      status: judgement.status,
      reason: judgement.reason,
      detail: judgement.detail,
      tokensPerSec: judgement.tokensPerSec,
      tokensPerSecLow: judgement.tokensPerSecLow,
      score: judgement.score ?? 0,
      verdictId: verdict?.id ?? null,
      decidedAt: at,
    });
    if (!recorded) return;
    const data = { status: judgement.status, reason: judgement.reason, evaluations: judgement.evaluations };
    await recordEvent(trx, { submissionId: loaded.row.id, kind: 'decided', data, at });
    // A verdict that an earlier submission was struck for is not struck twice: one strike per evaluation.
    if (judgement.strike)
      await recordStrike(trx, {
        ownerId: loaded.row.ownerId,
        hotkey: loaded.row.hotkey,
        evaluationId: judgement.evaluation,
        reason: judgement.reason,
        at,
      });
    await recordStanding(services, trx, at);
    await wakeSubmission(trx, loaded.row.id, at);
  });
}

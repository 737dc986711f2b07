/**
 * Somebody asked for a check again. The answer is a new check-run of the same name; only a submission that the
 * runners failed is judged again (contracts: no second throw of the dice; what is implausible is for the operator).
 */
import { z } from 'zod';
import {
  type CheckRow,
  findCheckByExternalId,
  findCheckByRunId,
  latestChecks,
  wantCheck,
} from '../../../db/checks.ts';
import { evaluationsOf } from '../../../db/evaluations.ts';
import { recordEvent } from '../../../db/events.ts';
import { wakeSubmission } from '../../../db/submission-looks.ts';
import { findSubmission, findSubmissionsOfCommit, forgiveAttempts } from '../../../db/submissions.ts';
import { reopenDecision } from '../../../db/verdicts.ts';
import type { Services } from '../services.ts';

const Sender = z.object({ type: z.string() });
const App = z.object({ id: z.number().int() });
const CheckRun = z.object({
  sender: Sender,
  check_run: z.object({ id: z.number().int(), external_id: z.string().nullable(), app: App.nullable() }),
});
const CheckSuite = z.object({
  sender: Sender,
  repository: z.object({ id: z.number().int() }),
  check_suite: z.object({ head_sha: z.string(), app: App.nullable() }),
});

export async function onCheckRun(
  services: Services,
  action: string | null,
  payload: unknown,
): Promise<string> {
  if (action !== 'rerequested' && action !== 'requested_action') return 'nothing to do';
  const { check_run: run, sender } = CheckRun.parse(payload);
  if (run.app?.id !== services.settings.watcherAppId || sender.type === 'Bot') return 'not ours to answer';
  const check =
    (await findCheckByRunId(services.db, run.id)) ??
    (await findCheckByExternalId(services.db, run.external_id ?? ''));
  if (check === null) return 'an unknown check-run';
  await answerAgain(services, check.submissionId, [check.name]);
  return `submission ${check.submissionId}: ${check.name} again`;
}

export async function onCheckSuite(
  services: Services,
  action: string | null,
  payload: unknown,
): Promise<string> {
  if (action !== 'rerequested') return 'nothing to do';
  const { check_suite: suite, repository, sender } = CheckSuite.parse(payload);
  if (suite.app?.id !== services.settings.watcherAppId || sender.type === 'Bot') return 'not ours to answer';
  const submissions = await findSubmissionsOfCommit(services.db, repository.id, suite.head_sha);
  for (const { id } of submissions) await answerAgain(services, id, ['imports', 'logits', 'benchmark']);
  return `${submissions.length} submissions again`;
}

async function answerAgain(
  services: Services,
  id: number,
  names: readonly CheckRow['name'][],
): Promise<void> {
  const at = services.now();
  await services.db.transaction(async (trx) => {
    const submission = await findSubmission(trx, id);
    const version = submission && services.tasks.get(submission.task)?.task.version;
    if (submission === null || version === undefined || version === null) return;
    if (await reopenDecision(trx, id, version)) {
      const attempts = (await evaluationsOf(trx, id)).map(({ attempt }) => attempt);
      await forgiveAttempts(trx, id, Math.max(0, ...attempts) + 1);
    }
    // A check that is still open is on its way anyway; only a concluded one is answered by a new one.
    for (const check of await latestChecks(trx, id))
      if (names.includes(check.name) && check.sentStatus === 'completed')
        await wantCheck(trx, { submissionId: id, name: check.name, serial: check.serial + 1 }, at);
    await recordEvent(trx, { submissionId: id, kind: 'rerun_requested', data: { names }, at });
    await wakeSubmission(trx, id, at);
  });
}

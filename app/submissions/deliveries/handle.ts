/** What each kind of delivery means. Everything here may run twice for the same delivery. */
import { recoveredAt } from '../../../db/facts.ts';
import type { InboxRow } from '../../../db/inbox.ts';
import { takeIn } from '../intake.ts';
import { readPush } from '../push.ts';
import type { Services } from '../services.ts';
import { onInstallation, onInstallationRepositories } from './installation.ts';
import { onRepository } from './repository.ts';
import { onCheckRun, onCheckSuite } from './rerun.ts';
import { onWorkflowRun } from './workflow-run.ts';

/** Returns one line for the log. Throws what should be tried again, and ZodError for what never will fit. */
export async function handleDelivery(services: Services, row: InboxRow): Promise<string> {
  const payload: unknown = JSON.parse(row.payload);
  if (row.event === 'workflow_run') return onWorkflowRun(services, row.action, payload);
  if (row.source !== 'watcher') return 'not for the operator App';
  switch (row.event) {
    case 'push':
      return onPush(services, row, payload);
    case 'installation':
      return onInstallation(services, row, payload);
    case 'installation_repositories':
      return onInstallationRepositories(services, row, payload);
    case 'repository':
      return onRepository(services, row.action, payload);
    case 'check_run':
      return onCheckRun(services, row.action, payload);
    case 'check_suite':
      return onCheckSuite(services, row.action, payload);
    default:
      return 'nothing to do';
  }
}

async function onPush(services: Services, row: InboxRow, payload: unknown): Promise<string> {
  const firstTried = await recoveredAt(services.db, row.guid);
  const push = readPush(payload, {
    receivedAt: firstTried ?? row.receivedAt,
    receiptSource: firstTried === null ? 'delivery' : 'log',
  });
  if (push === null) return 'not a head of a branch';
  // What was lost for days may tell of an owner or a name that the repository has no more.
  const today = firstTried === null ? push : await services.watcher.repository(push);
  if (today === null) return 'ignored: the repository is out of reach';
  const outcome = await takeIn(services, { ...push, ...today });
  return outcome.kind === 'ignored'
    ? `ignored: ${outcome.why}`
    : `submission ${outcome.id}${outcome.known ? ' (known)' : ''}`;
}

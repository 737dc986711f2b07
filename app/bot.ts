/** The Probot function: a verified webhook becomes an inbox row, nothing else. */
import type { ApplicationFunction } from 'probot';
import { z } from 'zod';
import type { Delivery } from '../db/inbox.ts';

/** Resolves once the delivery is durable; rejects when it is not, and then GitHub must hear of a failure. */
export interface Inbox {
  add(delivery: Delivery): Promise<'new' | 'duplicate'>;
}

/**
 * Events that something in the App waits for. Check events only with the actions that a person causes: the App's own
 * check-runs come back as `created` and `completed`, several for every push.
 */
export const EVENTS = [
  'push',
  'installation',
  'installation_repositories',
  'installation_target',
  'repository',
  'check_run.rerequested',
  'check_run.requested_action',
  'check_suite.rerequested',
  'workflow_run',
  'workflow_job',
] as const;

const Id = z.object({ id: z.number().int().positive() }).nullish().catch(null);
const Envelope = z.object({
  action: z.string().max(40).nullish().catch(null),
  repository: Id,
  installation: Id,
});

/** The deliveries of one App. `clock` gives unix milliseconds: a row's receipt time is when its delivery was verified. */
export default function refereeBot(
  source: Delivery['source'],
  inbox: Inbox,
  clock: () => number,
): ApplicationFunction {
  return (app) => {
    app.on([...EVENTS], async (context) => {
      const { action, repository, installation } = Envelope.parse(context.payload);
      await inbox.add({
        guid: context.id,
        source,
        event: context.name,
        action: action ?? null,
        repoId: repository?.id ?? null,
        installationId: installation?.id ?? null,
        payload: JSON.stringify(context.payload),
        receivedAt: clock(),
      });
    });
  };
}

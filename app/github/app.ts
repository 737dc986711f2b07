/** The App itself, acting under its own name: installations, and the log of its webhooks. */
import type { InstallationId, OwnerId } from '../ids.ts';
import { type AppCredentials, createAppCaller } from './app-credentials.ts';
import { type Attempt, failedDeliveriesOf, wantsOlder } from './deliveries.ts';
import { toInfo } from './fork-access.ts';
import type { AppGitHub, RepositoryInfo } from './github.ts';
import { createInstallationAccess } from './installation-access.ts';
import { eachPage, PER_PAGE } from './listing.ts';
import * as op from './operations.ts';
import { createTransport, type TransportOptions } from './transport.ts';

export interface AppOptions extends TransportOptions {
  readonly app: AppCredentials;
}

export function createAppGitHub(options: AppOptions): AppGitHub {
  const { app, clock } = options;
  const transport = createTransport(options);
  const appCaller = createAppCaller(app, clock);

  return {
    slug: async () => (await transport.call(await appCaller(), op.getApp, {})).slug,

    async installations() {
      const pages = eachPage(async (page) =>
        transport.page(await appCaller(), op.listInstallations, { per_page: PER_PAGE, page }),
      );
      const found = [];
      for await (const installations of pages)
        for (const { id, account, suspended_at: suspendedAt } of installations)
          found.push({
            id: id as InstallationId,
            accountId: account.id as OwnerId,
            account: account.login ?? account.slug ?? String(account.id),
            suspended: typeof suspendedAt === 'string',
          });
      return found;
    },

    async repositories(installation) {
      const installationId = async () => installation;
      const access = createInstallationAccess({ transport, appCaller, clock, installationId });
      return access.use({ permissions: { metadata: 'read' } }, async (caller) => {
        const found: RepositoryInfo[] = [];
        const pages = eachPage((page) =>
          transport.page(caller, op.listInstallationRepositories, { per_page: PER_PAGE, page }),
        );
        for await (const { repositories } of pages) found.push(...repositories.map(toInfo));
        return found;
      });
    },

    async failedDeliveries(sinceMs) {
      const attempts: Attempt[] = [];
      let cursor: string | null = null;
      do {
        const from: { cursor?: string } = cursor === null ? {} : { cursor };
        const caller = await appCaller();
        const { answer, next } = await transport.page(caller, op.listDeliveries, {
          per_page: PER_PAGE,
          ...from,
        });
        attempts.push(...answer.map(toAttempt));
        cursor = next?.get('cursor') ?? null;
      } while (cursor !== null && wantsOlder(attempts, sinceMs));
      return failedDeliveriesOf(attempts, sinceMs);
    },

    async redeliver(deliveryId) {
      // the description says a number, but ids outgrow the safe integers; in the path digits are digits
      const parameters = { delivery_id: deliveryId as unknown as number };
      await transport.call(await appCaller(), op.redeliver, parameters);
    },
  };
}

function toAttempt(row: (typeof op.listDeliveries.answer)['_output'][number]): Attempt {
  return {
    id: String(row.id),
    guid: row.guid,
    event: row.event,
    deliveredAt: row.delivered_at,
    redelivery: row.redelivery,
    statusCode: row.status_code,
  };
}

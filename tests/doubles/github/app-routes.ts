/** What an App asks about itself: identity, installations, repositories, and its deliveries. */
import { appOf, notFound, page, Refusal, type Route, repositoryOf } from './api.ts';
import type { Apps } from './apps.ts';
import { canSee } from './permissions.ts';
import type { Json, Repositories } from './repositories.ts';
import type { Delivery, Webhooks } from './webhooks.ts';

export function appRoutes(
  apps: Apps,
  repositories: Repositories,
  webhooks: Webhooks,
  origin: string,
): Route[] {
  return [
    { method: 'GET', path: '/app', answer: (call) => ({ status: 200, body: apps.appJson(appOf(call)) }) },
    {
      method: 'GET',
      path: '/app/installations',
      answer: (call) => {
        const { items, headers } = page(call, origin, apps.installations(appOf(call)));
        return { status: 200, headers, body: items.map((row) => apps.installationJson(row)) };
      },
    },
    {
      method: 'GET',
      path: '/app/installations/{installation_id}',
      answer: (call, { installation_id }) => {
        const row = apps.installation(Number(installation_id));
        if (!row || row.app_id !== appOf(call).id) throw notFound();
        return { status: 200, body: apps.installationJson(row) };
      },
    },
    {
      method: 'GET',
      path: '/repos/{owner}/{repo}/installation',
      answer: (call) => {
        const row = apps.installationFor(appOf(call), repositoryOf(call));
        if (!row) throw notFound();
        return { status: 200, body: apps.installationJson(row) };
      },
    },
    {
      method: 'GET',
      path: '/installation/repositories',
      answer: async (call) => {
        const { caller } = call;
        if (caller.kind !== 'installation')
          throw new Refusal(403, 'You must authenticate with an installation access token');
        const visible = apps.repositories(caller.installation).filter((row) => canSee(caller, row));
        const { items, headers } = page(call, origin, visible);
        const json = await Promise.all(items.map((row) => repositories.json(row)));
        const repository_selection = caller.repositoryIds
          ? 'selected'
          : caller.installation.repository_selection;
        return {
          status: 200,
          headers,
          body: { total_count: visible.length, repository_selection, repositories: json },
        };
      },
    },
    ...deliveryRoutes(webhooks, origin),
  ];
}

function deliveryRoutes(webhooks: Webhooks, origin: string): Route[] {
  const find = (appId: number, id: string | undefined) => {
    const delivery = webhooks.deliveries.find((each) => each.appId === appId && each.id === Number(id));
    if (!delivery) throw notFound();
    return delivery;
  };
  return [
    {
      method: 'GET',
      path: '/app/hook/deliveries',
      answer: (call) => {
        const appId = appOf(call).id;
        const wanted = call.query.get('status');
        const before = Number(call.query.get('cursor') ?? Number.POSITIVE_INFINITY);
        const size = Math.min(100, Number(call.query.get('per_page') ?? 30));
        const newestFirst = webhooks.deliveries
          .filter((each) => each.appId === appId && each.id < before)
          .filter((each) => wanted === null || (wanted === 'success') === hasSucceeded(each))
          .sort((a, b) => b.id - a.id);
        const items = newestFirst.slice(0, size);
        const query = new URLSearchParams(call.query);
        query.set('cursor', String(items.at(-1)?.id));
        const next = `<${origin}/api/v3${call.path}?${query}>; rel="next"`;
        return {
          status: 200,
          headers: newestFirst.length > size ? { link: next } : {},
          body: items.map(deliveryJson),
        };
      },
    },
    {
      method: 'GET',
      path: '/app/hook/deliveries/{delivery_id}',
      answer: (call, { delivery_id }) => {
        const delivery = find(appOf(call).id, delivery_id);
        const request = { headers: delivery.headers, payload: delivery.payload };
        const response = { headers: {}, payload: delivery.status };
        return { status: 200, body: { ...deliveryJson(delivery), request, response } };
      },
    },
    {
      method: 'POST',
      path: '/app/hook/deliveries/{delivery_id}/attempts',
      answer: (call, { delivery_id }) => {
        webhooks.redeliver(find(appOf(call).id, delivery_id).id);
        return { status: 202, body: {} };
      },
    },
  ];
}

function hasSucceeded({ statusCode }: Delivery): boolean {
  return statusCode >= 200 && statusCode < 400;
}

function deliveryJson(delivery: Delivery): Json {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: delivery.deliveredAt,
    redelivery: delivery.redelivery,
    duration: delivery.duration,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: delivery.installationId,
    repository_id: delivery.repositoryId,
    throttled_at: null,
  };
}

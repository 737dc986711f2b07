/** The JSON API. Times are RFC 3339 in UTC; any origin may read, without credentials. */
import type { JoinInfo, ReadModel } from './read-model.ts';
import { HttpError, json } from './reply.ts';
import type { HttpRequest, Route } from './routes.ts';

export function apiRoutes(read: ReadModel, join: JoinInfo): Route[] {
  const { network, netuid } = join;
  const tasks = join.tasks.map(({ name, targetLengths }) => ({ name, targetLengths }));
  return [
    get('/api/v1/leaderboard', async () => ({ network, netuid, ...(await read.leaderboard()) })),
    get('/api/v1/submissions/:id', async ({ params }) => {
      const id = submissionId(params.id);
      const found = id === null ? null : await read.submission(id);
      if (found === null)
        throw new HttpError(404, 'no_submission', `there is no submission ${show(params.id)}`);
      return found;
    }),
    get('/api/v1/repos/:owner/:name', async ({ params }) => {
      const { owner = '', name = '' } = params;
      const found = isRepositoryName(owner, name) ? await read.repository(owner, name) : null;
      if (found === null)
        throw new HttpError(404, 'not_installed', notInstalled(owner, name, join.installUrl));
      return { network, netuid, tasks, ...found };
    }),
    get('/api/v1/weights', async () => ({
      network,
      netuid,
      weights: await read.weights(),
      chain: await read.chain(),
      history: await read.weightSets(),
    })),
  ];
}

function get(path: string, answer: (request: HttpRequest) => Promise<unknown>): Route {
  return {
    method: 'GET',
    path,
    openToAnyOrigin: true,
    handle: async (request) =>
      json(200, withIsoTimes(await answer(request)), { 'cache-control': 'no-cache' }),
  };
}

/** The number of a submission in an address, null for anything that cannot be one. */
export function submissionId(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,9}$/.test(text) && Number(text) <= 2_147_483_647
    ? Number(text)
    : null;
}

function isRepositoryName(owner: string, name: string): boolean {
  return /^[\w-]{1,100}$/.test(owner) && /^[\w.-]{1,100}$/.test(name);
}

function notInstalled(owner: string, name: string, installUrl: string | null): string {
  const where = installUrl === null ? '' : ` at ${installUrl}`;
  return `the App is not installed on ${show(owner)}/${show(name)}: install it${where}, then ask again`;
}

/** What the caller wrote, short and without surprises. */
function show(text: string | undefined): string {
  return (text ?? '').slice(0, 100).replace(/[^\w.-]/g, '?');
}

/** Unix milliseconds become RFC 3339: in our records they stand under names that end in `At` or `Since`. */
function withIsoTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withIsoTimes);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => {
      // A runner's record goes out as it came: what it calls a time need not be one.
      if (name === 'record') return [name, item];
      return typeof item === 'number' && /(At|Since)$|^at$/.test(name)
        ? [name, new Date(item).toISOString()]
        : [name, withIsoTimes(item)];
    }),
  );
}

/** The pages as routes. */
import { createHash } from 'node:crypto';
import { submissionId } from '../api.ts';
import type { CliBundle, JoinInfo, ReadModel } from '../read-model.ts';
import { HttpError, html, type Reply } from '../reply.ts';
import type { HttpRequest, Route } from '../routes.ts';
import { joinPage } from './join.ts';
import { LOGO, type Site } from './layout.ts';
import { leaderboardPage } from './leaderboard.ts';
import { STYLE } from './style.ts';
import { submissionPage } from './submission.ts';
import { weightsPage } from './weights.ts';

export interface PageParts {
  readonly site: Site;
  readonly read: ReadModel;
  readonly join: JoinInfo;
  readonly cli: () => CliBundle | null;
  /** Unix milliseconds. */
  readonly clock: () => number;
}

export function pageRoutes({ site, read, join, cli, clock }: PageParts): Route[] {
  return [
    get('/', async () => fresh(leaderboardPage(site, await read.leaderboard(), clock()))),
    get('/submissions/:id', async ({ params }) => {
      const id = submissionId(params.id);
      const found = id === null ? null : await read.submission(id);
      if (found === null) throw new HttpError(404, 'no_submission', 'there is no such submission');
      return fresh(submissionPage(site, found));
    }),
    get('/weights', async () => {
      const [weights, chain, sets] = await Promise.all([read.weights(), read.chain(), read.weightSets()]);
      return fresh(weightsPage(site, { weights, chain, sets }, clock()));
    }),
    get('/join', async () => fresh(joinPage(site, join, cli()))),
    asset('/style.css', 'text/css; charset=utf-8', STYLE),
    asset('/logo.svg', 'image/svg+xml', LOGO),
  ];
}

function get(path: string, handle: (request: HttpRequest) => Promise<Reply>): Route {
  return { method: 'GET', path, handle };
}

function fresh(content: string): Reply {
  return html(200, content, { 'cache-control': 'no-cache' });
}

/** Small and fixed for the life of the process: a browser asks again, and mostly gets 304. */
function asset(path: string, type: string, content: string): Route {
  const etag = `"${createHash('sha256').update(content).digest('hex').slice(0, 16)}"`;
  const headers = { etag, 'cache-control': 'public, max-age=300' };
  return get(path, async (request) =>
    request.headers['if-none-match'] === etag
      ? { status: 304, headers, body: '' }
      : { status: 200, headers: { ...headers, 'content-type': type }, body: content },
  );
}

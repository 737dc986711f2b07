/** The HTTP server: routes in, replies out, and what holds for every answer. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { type BodyBudget, readBody } from './body.ts';
import type { Metrics } from './metrics.ts';
import { HttpError, type Reply } from './reply.ts';
import { match, type Route } from './routes.ts';

/** Memory for all bodies being read at one time: ten of GitHub's largest. */
const BODY_BUDGET_BYTES = 256 * 1024 * 1024;

const ALWAYS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
} as const;
const ANY_ORIGIN = { 'access-control-allow-origin': '*' } as const;

export interface ServerParts {
  readonly routes: readonly Route[];
  readonly log: Logger;
  readonly metrics: Metrics;
  /** A fresh id for each request; it stands in the answer and in the log. */
  readonly newId: () => string;
  /** What a browser gets instead of a JSON error. */
  readonly errorPage?: (error: HttpError, requestId: string) => Reply;
}

/** Not yet listening. Every request is answered: an unexpected error with a bare 500, its cause in the log. */
export function createHttpServer(parts: ServerParts): Server {
  const budget: BodyBudget = { available: BODY_BUDGET_BYTES };
  const server = createServer(async (request, response) => {
    const { reply, headers } = await answer(parts, budget, request);
    // a body that was not read to its end must not be taken for the next request
    const last = !server.listening || !request.complete;
    send(request, response, reply, last ? { ...headers, connection: 'close' } : headers);
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 60_000;
  // above the usual 60 s of a proxy in front, so that the proxy is the one that closes
  server.keepAliveTimeout = 65_000;
  return server;
}

async function answer(
  parts: ServerParts,
  budget: BodyBudget,
  request: IncomingMessage,
): Promise<{ reply: Reply; headers: Readonly<Record<string, string>> }> {
  const id = parts.newId();
  const method = request.method ?? 'GET';
  let route: Route | null = null;
  let reply: Reply;
  try {
    const found = find(parts.routes, method, request.url ?? '');
    route = found.route;
    reply = found.preflight ?? (await found.handle(request, id, budget));
  } catch (error) {
    reply = refusal(parts, error, id, method, route, request);
  }
  const path = route?.path ?? 'none';
  parts.metrics.requests.inc({ method: knownMethod(method), route: path, status: String(reply.status) });
  const anyOrigin = route?.openToAnyOrigin ? ANY_ORIGIN : {};
  return { reply, headers: { ...ALWAYS, ...anyOrigin, 'x-request-id': id } };
}

interface Found {
  readonly route: Route;
  readonly preflight?: Reply;
  readonly handle: (request: IncomingMessage, id: string, budget: BodyBudget) => Promise<Reply>;
}

function find(routes: readonly Route[], method: string, target: string): Found {
  if (!target.startsWith('/') || !URL.canParse(`http://localhost${target}`))
    throw new HttpError(400, 'bad_address', 'the address is malformed');
  const { pathname, searchParams } = new URL(`http://localhost${target}`);
  const matched = match(routes, method, pathname);
  if (matched.kind === 'none') throw new HttpError(404, 'not_found', 'there is nothing at this address');
  if (matched.kind === 'wrong_method') {
    const allow = matched.allow.join(', ');
    if (method === 'OPTIONS' && matched.route.openToAnyOrigin)
      return {
        route: matched.route,
        preflight: { status: 204, headers: { 'access-control-allow-methods': allow }, body: '' },
        handle: async () => ({ status: 204, body: '' }),
      };
    throw new HttpError(405, 'wrong_method', `this address answers ${allow}`, { allow });
  }
  const { route, params } = matched;
  const handle: Found['handle'] = (request, id, budget) =>
    route.handle({
      id,
      method,
      path: pathname,
      query: searchParams,
      headers: request.headers,
      params,
      body: () => readBody(request, route.maxBodyBytes ?? 0, budget),
    });
  return { route, handle };
}

function refusal(
  { log, errorPage }: ServerParts,
  error: unknown,
  id: string,
  method: string,
  route: Route | null,
  request: IncomingMessage,
): Reply {
  const known = error instanceof HttpError;
  const shown = known ? error : new HttpError(500, 'internal', 'something went wrong on our side');
  if (!known) log.error({ err: error, requestId: id, method, route: route?.path }, 'request failed');
  const browser = method === 'GET' && /\btext\/html\b/.test(request.headers.accept ?? '');
  return browser && errorPage ? errorPage(shown, id) : shown.reply(id);
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: Reply,
  always: Readonly<Record<string, string>>,
): void {
  const content = typeof body === 'string' ? Buffer.from(body) : body;
  const length = status === 204 || status === 304 ? {} : { 'content-length': String(content.byteLength) };
  response.writeHead(status, { ...always, ...headers, ...length });
  const empty = request.method === 'HEAD' || status === 204 || status === 304;
  response.end(empty ? undefined : content);
}

/** Metric labels come from a closed set: the method is the sender's text. */
function knownMethod(method: string): string {
  return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].includes(method) ? method : 'other';
}

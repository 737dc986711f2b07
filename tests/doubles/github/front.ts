/** The one server that the App, runners and git talk to: git, the OIDC issuer and `/api/v3`, on a port of its own choice. */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type GitHttp, parseGitRequest } from './git-http.ts';
import type { OidcIssuer } from './oidc.ts';
import type { Rest } from './rest.ts';

export interface FrontParts {
  readonly rest: Rest;
  readonly gitHttp: GitHttp;
  readonly oidc: OidcIssuer;
}

export interface Front {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  serve(parts: FrontParts): void;
  close(): Promise<void>;
}

const LARGEST_BODY_BYTES = 25 * 1024 * 1024;

/** Listens at once, so that its address is known to the parts it will serve. */
export async function openFront(onError: (error: unknown) => void, port = 0): Promise<Front> {
  let parts: FrontParts | undefined;
  const server = http.createServer((request, response) => {
    if (!parts) {
      response.writeHead(503).end();
      return;
    }
    handle(parts, request, response).catch((error: unknown) => {
      onError(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  // the client is the one that closes, so that no request goes into a connection that ends at this moment
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (given) => {
      parts = given;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function handle(parts: FrontParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://front');
  const gitRequest = parseGitRequest(url);
  if (gitRequest) return parts.gitHttp.serve(gitRequest, url, request, response);
  if (url.pathname.startsWith('/_oidc/')) {
    const { status, body } = await parts.oidc.answer(url, request.headers.authorization ?? '');
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return;
  }
  if (!url.pathname.startsWith('/api/v3/')) {
    response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"Not Found"}');
    return;
  }
  url.pathname = url.pathname.slice('/api/v3'.length);
  const outcome = await parts.rest.answer({
    method: request.method ?? 'GET',
    url,
    text: await readText(request),
    authorization: request.headers.authorization ?? '',
    accept: request.headers.accept ?? '',
    ifNoneMatch: request.headers['if-none-match'],
  });
  // A call that hangs is left open until the client gives up or the double closes.
  if (outcome) response.writeHead(outcome.status, outcome.headers).end(outcome.content);
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > LARGEST_BODY_BYTES) throw new Error('request body above 25 MB');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

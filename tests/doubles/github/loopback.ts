/** Small clients for tests of the double: REST with a given token, App JWTs, and a receiver of webhooks. */
import { createHmac, createPrivateKey } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT } from 'jose';
import type { App } from './apps.ts';
import type { Json } from './repositories.ts';

export interface RestReply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into JSON of many shapes
  readonly body: any;
}

export async function rest(
  apiUrl: string,
  method: string,
  path: string,
  token?: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<RestReply> {
  const response = await fetch(apiUrl + path, {
    method,
    redirect: 'manual',
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text ? parse(text) : null };
}

/** A JWT of the App, `lifeS` seconds long. */
export function appJwt(app: App, lifeS = 540): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({ iat: now - 30, exp: now + lifeS, iss: String(app.id) })
    .setProtectedHeader({ alg: 'RS256' })
    .sign(createPrivateKey(app.privateKey));
}

/** A token of an installation, narrowed by `body`. */
export async function installationToken(
  apiUrl: string,
  app: App,
  installationId: number,
  body: Json = {},
): Promise<string> {
  const path = `/app/installations/${installationId}/access_tokens`;
  const reply = await rest(apiUrl, 'POST', path, await appJwt(app), body);
  if (reply.status !== 201) throw new Error(`no token: ${reply.status} ${JSON.stringify(reply.body)}`);
  return reply.body.token;
}

export interface ReceivedWebhook {
  readonly event: string;
  readonly guid: string;
  readonly isSigned: boolean;
  readonly headers: http.IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into payloads of many shapes
  readonly payload: any;
}

/** Answers webhooks with `status` and keeps what came. */
export async function startReceiver(app: App, status = 200) {
  const received: ReceivedWebhook[] = [];
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const expected = `sha256=${createHmac('sha256', app.webhookSecret).update(body).digest('hex')}`;
      received.push({
        event: String(request.headers['x-github-event']),
        guid: String(request.headers['x-github-delivery']),
        isSigned: request.headers['x-hub-signature-256'] === expected,
        headers: request.headers,
        payload: JSON.parse(body.toString()),
      });
      response.writeHead(status).end();
    });
  });
  // the client is the one that closes, so that no event goes into a connection that ends at this moment
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  app.webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
  return {
    received,
    of: (event: string, action?: string) =>
      received.filter(
        (each) => each.event === event && (action ?? each.payload.action) === each.payload.action,
      ),
    /** The actions that were told of, in the order of the alphabet: deliveries may overtake each other, as GitHub's do. */
    actionsOf: (event: string): string[] =>
      received
        .filter((each) => each.event === event)
        .map(({ payload }) => payload.action)
        .sort(),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * The front of the webhook addresses. GitHub's signature is checked here, before Probot: bounded in memory, against
 * both secrets of a rotation, and without a word of the body in a log. Probot then runs the bot function, and what it
 * answers is translated, because its own error texts are not for strangers.
 */
import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { createNodeMiddleware, createProbot } from 'probot';
import refereeBot, { type Inbox } from '../bot.ts';
import type { AppCredentials } from '../config.ts';
import type { Metrics } from './metrics.ts';
import { HttpError, type Reply, text } from './reply.ts';
import type { HttpRequest, Route } from './routes.ts';
import { isSignature, sign, signedBy } from './signature.ts';

/** GitHub's own cap on a payload. */
const MAX_BYTES = 25 * 1024 * 1024;
const NEEDED = ['x-github-event', 'x-github-delivery', 'x-hub-signature-256'] as const;

export interface WebhookParts {
  readonly source: 'watcher' | 'operator';
  readonly path: string;
  readonly credentials: AppCredentials;
  readonly inbox: Inbox;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** A verified delivery, as Probot's middleware takes it. */
interface Verified {
  readonly guid: string;
  readonly event: string;
  readonly signature: string;
  readonly body: string;
}

/** The POST route of one App's webhooks: 200 only after the delivery is committed to the inbox. */
export async function webhookRoute(parts: WebhookParts): Promise<Route> {
  const receive = await probotReceiver(parts);
  const { source, path, metrics } = parts;
  return {
    method: 'POST',
    path,
    maxBodyBytes: MAX_BYTES,
    handle: async (request) => {
      const verified = await verify(request, parts.credentials.webhookSecrets).catch((error: unknown) => {
        if (error instanceof HttpError) metrics.deliveriesRefused.inc({ source, cause: error.code });
        throw error;
      });
      const seconds = metrics.deliverySeconds.startTimer({ source });
      const status = await receive(verified);
      seconds();
      const event = verified.event.slice(0, 40);
      metrics.deliveries.inc({ source, event, outcome: status === 200 ? 'stored' : 'failed' });
      return answer(status);
    },
  };
}

function answer(status: number | null): Reply {
  if (status === 200) return text(200, 'ok\n');
  if (status === 400) throw new HttpError(400, 'bad_payload', 'the body is not a JSON object');
  // also Probot's 202 after 9 s: GitHub must not believe that a row which may never be committed is safe
  throw new HttpError(503, 'not_stored', 'the delivery was not stored: deliver it again', {
    'retry-after': '30',
  });
}

async function verify(request: HttpRequest, secrets: readonly string[]): Promise<Verified> {
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new HttpError(415, 'not_json', 'set the content type of the webhook to application/json');
  const [event, guid, signature] = NEEDED.map((name) => request.headers[name]);
  if (typeof event !== 'string' || typeof guid !== 'string' || typeof signature !== 'string') {
    const missing = NEEDED.filter((name) => request.headers[name] === undefined).join(', ');
    throw new HttpError(400, 'missing_headers', `missing headers: ${missing}`);
  }
  if (!/^[a-z_]{1,40}$/.test(event) || !/^[\w-]{1,80}$/.test(guid))
    throw new HttpError(400, 'bad_headers', 'the event or the delivery id is malformed');
  if (!isSignature(signature)) throw badSignature();
  const raw = await request.body();
  const secret = signedBy(secrets, raw, signature);
  if (secret === null) throw badSignature();
  if (!isUtf8(raw) || raw[0] !== 0x7b /* { */)
    throw new HttpError(400, 'bad_payload', 'the body is not a JSON object');
  // Probot knows one secret only: what the previous one signed is signed again with the current one
  const known = secret === secrets[0] ? signature : sign(secrets[0] ?? '', raw);
  return { guid, event, signature: known, body: raw.toString('utf8') };
}

function badSignature(): HttpError {
  return new HttpError(400, 'bad_signature', 'the signature does not match');
}

/** Probot as a function from a verified delivery to the status that it would have answered, null for none. */
async function probotReceiver(parts: WebhookParts): Promise<(delivery: Verified) => Promise<number | null>> {
  const { appId, privateKey, webhookSecrets } = parts.credentials;
  const probot = createProbot({
    // nothing from the process environment: there is one way to configure the App
    env: {},
    overrides: { appId, privateKey, secret: webhookSecrets[0], log: withoutPayloads(parts.log) },
  });
  const bot = refereeBot(parts.source, parts.inbox, parts.clock);
  const middleware = await createNodeMiddleware(bot, { probot, webhooksPath: parts.path });
  return async ({ guid, event, signature, body }) => {
    const headers = {
      'content-type': 'application/json',
      'x-github-event': event,
      'x-github-delivery': guid,
      'x-hub-signature-256': signature,
    };
    const request = { method: 'POST', url: parts.path, headers, body };
    const response = new StatusOnly();
    await middleware(request as unknown as IncomingMessage, response as unknown as ServerResponse);
    return response.status;
  };
}

/** The part of a response that Probot's middleware writes to; keeps the first status, drops every text. */
class StatusOnly {
  status: number | null = null;
  writeHead(status: number): this {
    this.status ??= status;
    return this;
  }
  end(): this {
    return this;
  }
}

/** Octokit hangs the whole event on an error: only what the error itself says goes to the log. */
function withoutPayloads(log: Logger): Logger {
  const brief = (error: unknown): unknown =>
    error instanceof Error
      ? {
          type: error.name,
          message: error.message,
          code: (error as { code?: string }).code,
          stack: error.stack,
          ...(error.cause === undefined ? {} : { cause: brief(error.cause) }),
        }
      : String(error);
  return log.child({}, { serializers: { err: brief } });
}

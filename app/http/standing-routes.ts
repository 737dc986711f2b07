/** The signed standing, and whose signature it is. */
import { createHash } from 'node:crypto';
import { type Envelope, sealed, type WellKnown } from '../chain/standing/envelope.ts';
import type { StandingPayload } from '../chain/standing/payload.ts';
import type { ServerKey } from '../chain/standing/server-key.ts';
import { json, type Reply } from './reply.ts';
import type { HttpRequest, Route } from './routes.ts';

export interface StandingParts {
  readonly read: () => Promise<StandingPayload>;
  readonly key: ServerKey;
  readonly network: string;
  readonly netuid: number;
  readonly version: string;
}

/** `GET /api/v1/standing` and `/.well-known/quasar-referee.json`. Readers who ask meanwhile share one reading. */
export function standingRoutes({ read, key, network, netuid, version }: StandingParts): Route[] {
  const { keyId, publicKey } = key;
  const wellKnown: WellKnown = { network, netuid, keys: [{ keyId, publicKey }], version };
  let reading: Promise<Envelope> | null = null;
  const standing = () => {
    reading ??= read()
      .then((payload) => sealed(payload, key.privateKey))
      .finally(() => {
        reading = null;
      });
    return reading;
  };
  return [
    get('/api/v1/standing', 'no-cache', standing),
    get('/.well-known/quasar-referee.json', 'public, max-age=300', async () => wellKnown),
  ];
}

function get(path: string, cacheControl: string, answer: () => Promise<unknown>): Route {
  return {
    method: 'GET',
    path,
    openToAnyOrigin: true,
    handle: async ({ headers }) => tagged(await answer(), cacheControl, headers),
  };
}

/** The whole answer, or 304 where the asker has it already. */
function tagged(
  value: unknown,
  cacheControl: string,
  { 'if-none-match': known }: HttpRequest['headers'],
): Reply {
  const reply = json(200, value);
  const etag = `"${createHash('sha256').update(reply.body).digest('hex')}"`;
  const headers = { ...reply.headers, etag, 'cache-control': cacheControl };
  return known === etag
    ? { status: 304, headers: { etag, 'cache-control': cacheControl }, body: '' }
    : { ...reply, headers };
}

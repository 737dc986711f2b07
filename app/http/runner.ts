/** Mounts the three endpoints that a runner's Action posts to. What they decide is in `evaluations`. */
import type { RunnerAnswer, RunnerCall } from '../evaluations/runner-endpoints.ts';
import { HttpError, json } from './reply.ts';
import type { HttpRequest, Route } from './routes.ts';

export interface RunnerEndpoints {
  claim(call: RunnerCall): Promise<RunnerAnswer>;
  progress(call: RunnerCall): Promise<RunnerAnswer>;
  result(call: RunnerCall): Promise<RunnerAnswer>;
}

/** A claim names an evaluation and progress is a few counters; only a result is long. */
const SMALL_BODY_BYTES = 16 * 1024;

export function runnerRoutes(endpoints: RunnerEndpoints, resultBodyBytes: number): Route[] {
  const route = (name: keyof RunnerEndpoints, maxBodyBytes: number): Route => ({
    method: 'POST',
    path: `/runner/${name}`,
    maxBodyBytes,
    handle: async (request) => {
      const answer = await endpoints[name](await readCall(request));
      const after = answer.retryAfterSeconds;
      return json(answer.status, answer.body, {
        'cache-control': 'no-store',
        ...(after === undefined ? {} : { 'retry-after': String(after) }),
      });
    },
  });
  return [
    route('claim', SMALL_BODY_BYTES),
    route('progress', SMALL_BODY_BYTES),
    route('result', resultBodyBytes),
  ];
}

async function readCall(request: HttpRequest): Promise<RunnerCall> {
  const [, token] = /^Bearer ([\w.~+/=-]{1,16384})$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined)
    throw new HttpError(401, 'no_token', 'send the OIDC token of the job as Authorization: Bearer …', {
      'www-authenticate': 'Bearer',
    });
  if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new HttpError(415, 'not_json', 'send the body as application/json');
  const raw = await request.body();
  try {
    return { token, body: JSON.parse(raw.toString('utf8')) };
  } catch {
    throw new HttpError(400, 'bad_json', 'the body is not JSON');
  }
}

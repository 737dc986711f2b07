/** `/health` for whoever restarts the process, `/metrics` for whoever watches it. */
import type { Metrics } from './metrics.ts';
import { json } from './reply.ts';
import type { Route } from './routes.ts';

export interface HealthParts {
  /** Rejects when the database does not answer. */
  readonly pingDatabase: () => Promise<void>;
  readonly version: string;
  readonly timeoutMs: number;
}

/** 200 `ok` when the database answers in time, else 503 with the part that does not; never the error's own text. */
export function healthRoute({ pingDatabase, version, timeoutMs }: HealthParts): Route {
  return {
    method: 'GET',
    path: '/health',
    handle: async () => {
      const database = await answersInTime(pingDatabase, timeoutMs);
      const status = database ? 'ok' : 'unavailable';
      const headers = { 'cache-control': 'no-store' };
      return json(
        database ? 200 : 503,
        { status, version, database: database ? 'ok' : 'no answer' },
        headers,
      );
    },
  };
}

async function answersInTime(ping: () => Promise<void>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const answered = ping().then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([answered, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function metricsRoute({ registry }: Metrics): Route {
  return {
    method: 'GET',
    path: '/metrics',
    handle: async () => ({
      status: 200,
      headers: { 'content-type': registry.contentType, 'cache-control': 'no-store' },
      body: await registry.metrics(),
    }),
  };
}

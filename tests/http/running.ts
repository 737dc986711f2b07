/** A server on a free port for one test, and requests against it. */
import { request } from 'node:http';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { closeGracefully, listen } from '../../app/http/listen.ts';
import { createMetrics } from '../../app/http/metrics.ts';
import type { Route } from '../../app/http/routes.ts';
import { createHttpServer, type ServerParts } from '../../app/http/server.ts';

/** A log whose records a test can read. */
export function aLog() {
  const records: string[] = [];
  return { log: pino({ level: 'trace' }, { write: (line: string) => void records.push(line) }), records };
}

export async function running(routes: readonly Route[], more: Partial<ServerParts> = {}) {
  let serial = 0;
  const metrics = more.metrics ?? createMetrics();
  const { log, records } = aLog();
  const newId = () => `request-${++serial}`;
  const server = createHttpServer({ routes, log, metrics, newId, ...more });
  const port = await listen(server, { host: '127.0.0.1', port: 0 });
  onTestFinished(() => closeGracefully(server, 0));
  return { server, port, metrics, records, url: `http://127.0.0.1:${port}` };
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** A request written by hand: fetch would refuse or mend what a hostile client sends. */
export function rawRequest(
  port: number,
  options: { method?: string; path?: string; headers?: Record<string, string | number> },
  body: string | Uint8Array = '',
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, ...options }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

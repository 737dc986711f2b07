/** The server under load, as a process: `server.ts durable|bare DIR`. Reports its port, and at the end its rows. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { pino } from 'pino';
import { createNodeMiddleware, createProbot } from 'probot';
import { createInboxWriter } from '../../../app/http/inbox-writer.ts';
import { closeGracefully, listen } from '../../../app/http/listen.ts';
import { createMetrics } from '../../../app/http/metrics.ts';
import { createHttpServer } from '../../../app/http/server.ts';
import { webhookRoute } from '../../../app/http/webhooks.ts';
import { type Database, openDatabase } from '../../../db/connection.ts';
import { insertDeliveries } from '../../../db/inbox.ts';
import { migrate } from '../../../db/migrate.ts';
import { SECRET, WEBHOOKS_PATH } from './payload.ts';

export type ServerKind = 'durable' | 'bare';
export type ServerMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'stopped'; readonly stored: number };

const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs1',
  format: 'pem',
}) as string;
const log = pino({ level: 'warn' });

/** As production serves it, with the database that `.env` names by default. */
async function durable(db: Database): Promise<Server> {
  await migrate(db);
  const inbox = createInboxWriter((rows) => insertDeliveries(db, rows), { maxWaiting: 5_000 });
  const metrics = createMetrics();
  const route = await webhookRoute({
    source: 'watcher',
    path: WEBHOOKS_PATH,
    credentials: { appId: 1, privateKey, webhookSecrets: [SECRET] },
    inbox,
    clock: Date.now,
    log,
    metrics,
  });
  return createHttpServer({ routes: [route], log, metrics, newId: randomUUID });
}

/** Probot alone, as its documentation mounts it. */
async function bare(): Promise<Server> {
  const probot = createProbot({ env: {}, overrides: { appId: 1, privateKey, secret: SECRET, log } });
  const middleware = await createNodeMiddleware((app) => app.on('push', async () => {}), {
    probot,
    webhooksPath: WEBHOOKS_PATH,
  });
  return createServer(middleware);
}

const [kind, dir = '.'] = process.argv.slice(2);
const db = kind === 'durable' ? openDatabase(`sqlite://${path.join(dir, 'bench.sqlite')}`) : null;
const server = db === null ? await bare() : await durable(db);
const report = (message: ServerMessage) => process.send?.(message);
report({ kind: 'listening', port: await listen(server, { host: '127.0.0.1', port: 0 }) });

process.once('message', async () => {
  await closeGracefully(server, 1_000);
  const [row] = db === null ? [] : await db('inbox').count('* as n');
  await db?.destroy();
  report({ kind: 'stopped', stored: Number(row?.n ?? 0) });
  process.disconnect();
});

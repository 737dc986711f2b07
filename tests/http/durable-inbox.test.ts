import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createInboxWriter } from '../../app/http/inbox-writer.ts';
import { createMetrics } from '../../app/http/metrics.ts';
import { sign } from '../../app/http/signature.ts';
import { webhookRoute } from '../../app/http/webhooks.ts';
import { openDatabase } from '../../db/connection.ts';
import { insertDeliveries } from '../../db/inbox.ts';
import { migrate } from '../../db/migrate.ts';
import { aLog, rawRequest, running } from './running.ts';

const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs1',
  format: 'pem',
}) as string;
const SECRET = 'the secret of the durable test';
const PATH = '/api/github/webhooks';

async function anApp() {
  const dir = mkdtempSync(path.join(tmpdir(), 'referee-inbox-'));
  const file = `sqlite://${path.join(dir, 'inbox.sqlite')}`;
  const db = openDatabase(file);
  onTestFinished(async () => {
    await db.destroy();
    rmSync(dir, { recursive: true });
  });
  await migrate(db);
  const metrics = createMetrics();
  const { log } = aLog();
  const inbox = createInboxWriter((rows) => insertDeliveries(db, rows), { maxWaiting: 1_000 });
  const credentials = { appId: 1, privateKey, webhookSecrets: [SECRET] as const };
  const parts = { source: 'watcher' as const, path: PATH, credentials, inbox, clock: () => 42, log, metrics };
  const { port } = await running([await webhookRoute(parts)], { metrics, log });
  const deliver = async (guid: string, body: string) => {
    const headers = {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': guid,
      'x-hub-signature-256': sign(SECRET, Buffer.from(body)),
    };
    return (await rawRequest(port, { method: 'POST', path: PATH, headers }, body)).status;
  };
  return { db, file, deliver };
}

describe('durable inbox', () => {
  it('holds every acknowledged delivery once, as another process reads it, however often each was sent', async () => {
    const { file, deliver } = await anApp();
    const body = (n: number) => JSON.stringify({ n, text: '\u0000 ☃ \ud800', repository: { id: n + 1 } });
    const sent = Array.from({ length: 120 }, (_, i) => i % 60);
    expect(await Promise.all(sent.map((n) => deliver(`guid-${n}`, body(n))))).toEqual(sent.map(() => 200));
    const other = openDatabase(file);
    onTestFinished(() => other.destroy());
    const rows = await other('inbox').orderBy('repoId').select('guid', 'payload', 'receivedAt');
    expect(rows.map((row) => row.guid)).toEqual(Array.from({ length: 60 }, (_, n) => `guid-${n}`));
    expect(rows.map((row) => JSON.parse(row.payload).n)).toEqual(Array.from({ length: 60 }, (_, n) => n));
    expect(new Set(rows.map((row) => row.receivedAt))).toEqual(new Set([42]));
  });

  it('answers 503 when the database is gone', async () => {
    const { db, deliver } = await anApp();
    await db.destroy();
    expect(await deliver('guid-1', '{"n":1}')).toBe(503);
  });
});

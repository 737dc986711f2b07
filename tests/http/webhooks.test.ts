import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Inbox } from '../../app/bot.ts';
import { InboxUnavailable } from '../../app/http/inbox-writer.ts';
import { createMetrics } from '../../app/http/metrics.ts';
import { sign } from '../../app/http/signature.ts';
import { webhookRoute } from '../../app/http/webhooks.ts';
import type { Delivery } from '../../db/inbox.ts';
import { aLog, rawRequest, running } from './running.ts';

const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs1',
  format: 'pem',
}) as string;
const CURRENT = 'the current secret of the App';
const PREVIOUS = 'the previous secret of the App';
const PATH = '/api/github/webhooks';
const NOW = 1_795_223_604_000;
const PUSH = JSON.stringify({
  ref: 'refs/heads/main',
  marker: 'words of the payload ☃',
  repository: { id: 7, name: 'fork' },
  installation: { id: 9 },
});

async function anApp(add?: Inbox['add']) {
  const rows: Delivery[] = [];
  const metrics = createMetrics();
  const { log, records } = aLog();
  const inbox: Inbox = {
    add:
      add ??
      (async (row) => {
        rows.push(row);
        return 'new';
      }),
  };
  const route = await webhookRoute({
    source: 'watcher',
    path: PATH,
    credentials: { appId: 1, privateKey, webhookSecrets: [CURRENT, PREVIOUS] },
    inbox,
    clock: () => NOW,
    log,
    metrics,
  });
  const app = await running([route], { metrics, log });
  const deliver = (
    body: string | Uint8Array = PUSH,
    headers: Record<string, string> = {},
    secret: string = CURRENT,
  ) => {
    const all: Record<string, string> = {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
      'x-hub-signature-256': sign(secret, Buffer.from(body)),
      ...headers,
    };
    for (const [name, value] of Object.entries(all)) if (value === '') delete all[name];
    return rawRequest(app.port, { method: 'POST', path: PATH, headers: all }, body);
  };
  return { ...app, rows, metrics, records, deliver };
}
const codeOf = (body: string) => JSON.parse(body).error.code;

describe('webhooks', () => {
  it('stores a signed delivery and then says ok', async () => {
    const { deliver, rows } = await anApp();
    expect(await deliver()).toMatchObject({ status: 200, body: 'ok\n' });
    expect(rows).toEqual([
      {
        guid: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
        source: 'watcher',
        event: 'push',
        action: null,
        repoId: 7,
        installationId: 9,
        payload: PUSH,
        receivedAt: NOW,
      },
    ]);
  });

  it('accepts the previous secret while the secret is being rotated, and no third one', async () => {
    const { deliver, rows } = await anApp();
    expect((await deliver(PUSH, {}, PREVIOUS)).status).toBe(200);
    expect(rows[0]?.payload).toBe(PUSH);
    expect((await deliver(PUSH, {}, 'development')).status).toBe(400);
    expect(rows).toHaveLength(1);
  });

  it.each([
    [
      'a signature of another body',
      { 'x-hub-signature-256': sign(CURRENT, Buffer.from('{}')) },
      400,
      'bad_signature',
    ],
    ['a signature that is no signature', { 'x-hub-signature-256': 'sha256=zz' }, 400, 'bad_signature'],
    ['no signature', { 'x-hub-signature-256': '' }, 400, 'missing_headers'],
    ['no delivery id', { 'x-github-delivery': '' }, 400, 'missing_headers'],
    ['a delivery id with spaces', { 'x-github-delivery': 'a b' }, 400, 'bad_headers'],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'not_json'],
  ])('refuses %s, counts it and logs nothing of the body', async (_, headers, status, code) => {
    const { deliver, rows, records, metrics } = await anApp();
    const answer = await deliver(PUSH, headers);
    expect([answer.status, codeOf(answer.body)]).toEqual([status, code]);
    expect(rows).toEqual([]);
    expect(records.join()).not.toContain('words of the payload');
    expect(await metrics.registry.metrics()).toContain(
      `referee_webhook_refused_total{source="watcher",cause="${code}"} 1`,
    );
  });

  it.each([
    ['is not JSON', '{"a":'],
    ['is null', 'null'],
    ['is a number', '5'],
    ['is empty', ''],
    ['is not UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ])('refuses a signed body that %s', async (_, body) => {
    const { deliver, rows } = await anApp();
    const answer = await deliver(body);
    expect([answer.status, codeOf(answer.body)]).toEqual([400, 'bad_payload']);
    expect(rows).toEqual([]);
  });

  it('refuses a body above 25 MB before reading it', async () => {
    const { port } = await anApp();
    const headers = {
      'content-type': 'application/json',
      'content-length': 26_214_401,
      'x-github-event': 'push',
      'x-github-delivery': 'a',
      'x-hub-signature-256': sign(CURRENT, Buffer.from('')),
    };
    const answer = await rawRequest(port, { method: 'POST', path: PATH, headers }, '{');
    expect([answer.status, codeOf(answer.body)]).toEqual([413, 'too_large']);
  });

  it('answers 503 when the inbox cannot store the row, and keeps the payload out of the log', async () => {
    const { deliver, records, metrics } = await anApp(async () => {
      throw new InboxUnavailable('the disk is full');
    });
    const answer = await deliver();
    expect([answer.status, codeOf(answer.body)]).toEqual([503, 'not_stored']);
    expect(answer.body).not.toContain('disk');
    expect(records.join()).toContain('the disk is full');
    expect(records.join()).not.toContain('words of the payload');
    expect(await metrics.registry.metrics()).toContain(
      'referee_webhook_deliveries_total{source="watcher",event="push",outcome="failed"} 1',
    );
  });

  it('answers ok to an event that nobody waits for, and stores nothing', async () => {
    const { deliver, rows } = await anApp();
    expect((await deliver(PUSH, { 'x-github-event': 'star' })).status).toBe(200);
    expect((await deliver('{"zen":"Design for failure."}', { 'x-github-event': 'ping' })).status).toBe(200);
    expect(rows).toEqual([]);
  });
});

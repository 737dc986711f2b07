import { describe, expect, it } from 'vitest';
import { createAppGitHub } from '../../app/github/app.ts';
import type { InstallationId } from '../../app/ids.ts';
import {
  type Answer,
  APP_KEY,
  aToken,
  BASE_URL,
  cannedGitHub,
  freshInstallation,
  SILENT,
} from './canned-github.ts';

let appIds = 900;
function setUp(routes: Record<string, Answer | Answer[]>) {
  const github = cannedGitHub(routes);
  appIds += 1;
  const app = createAppGitHub({
    app: { appId: appIds, privateKey: APP_KEY },
    baseUrl: BASE_URL,
    clock: Date.now,
    log: SILENT,
    fetch: github.fetch,
  });
  return { ...github, app };
}

const LOG = 'GET /app/hook/deliveries';
const SINCE = Date.parse('2026-11-21T10:00:00Z');
const attempt = (id: number, guid: string, time: string, code: number, redelivery = false) => ({
  id,
  guid,
  delivered_at: `2026-11-21T${time}Z`,
  redelivery,
  status_code: code,
  event: 'push',
});

describe('installations', () => {
  it('lists all pages, with who is suspended', async () => {
    const { app } = setUp({
      'GET /app/installations': (asked) =>
        asked.query.get('page') === '1'
          ? {
              headers: { link: `<${BASE_URL}/app/installations?page=2>; rel="next"` },
              body: [{ id: 1, account: { id: 5, login: 'miner' }, suspended_at: null }],
            }
          : { body: [{ id: 2, account: { id: 6, slug: 'corp' }, suspended_at: '2026-01-01T00:00:00Z' }] },
    });
    expect(await app.installations()).toEqual([
      { id: 1, accountId: 5, account: 'miner', suspended: false },
      { id: 2, accountId: 6, account: 'corp', suspended: true },
    ]);
  });

  it('lists what an installation holds with a token that may read nothing else', async () => {
    const id = freshInstallation();
    const mint = `POST /app/installations/${id}/access_tokens`;
    const repository = {
      id: 7,
      name: 'fla',
      owner: { id: 5, login: 'miner' },
      private: true,
      default_branch: 'dev',
    };
    const { app, calls } = setUp({
      [mint]: aToken('t', undefined, Date.now()),
      'GET /installation/repositories': { body: { repositories: [repository] } },
    });
    expect(await app.repositories(id as InstallationId)).toEqual([
      { repoId: 7, ownerId: 5, owner: 'miner', name: 'fla', defaultBranch: 'dev', private: true },
    ]);
    expect(calls(mint)[0]?.body).toEqual({ permissions: { metadata: 'read' } });
  });
});

describe('failedDeliveries', () => {
  it('leaves out an event of which any attempt arrived, and tells the others by their first attempt', async () => {
    const { app } = setUp({
      [LOG]: {
        body: [
          attempt(6, 'lost', '10:06:00', 502, true),
          attempt(5, 'mended', '10:05:00', 202, true),
          attempt(4, 'good', '10:04:00', 200),
          attempt(3, 'mended', '10:03:00', 502),
          attempt(2, 'lost', '10:02:00', 0),
        ],
      },
    });
    expect(await app.failedDeliveries(SINCE)).toEqual([
      { id: '2', guid: 'lost', event: 'push', deliveredAt: '2026-11-21T10:02:00Z' },
    ]);
  });

  it('reads on past the asked time until the first attempt of a redelivered event is found, not further', async () => {
    const cursor = (to: string) => ({ link: `<${BASE_URL}/app/hook/deliveries?cursor=${to}>; rel="next"` });
    const pages: Record<string, Answer> = {
      first: {
        headers: cursor('v1_2'),
        body: [attempt(9, 'a', '10:01:00', 500, true), attempt(8, 'b', '09:59:00', 500)],
      },
      v1_2: { headers: cursor('v1_3'), body: [attempt(7, 'a', '09:50:00', 500)] },
    };
    const { app, calls } = setUp({
      [LOG]: (asked) => pages[asked.query.get('cursor') ?? 'first'] as { body: unknown },
    });
    expect(await app.failedDeliveries(SINCE)).toEqual([
      { id: '7', guid: 'a', event: 'push', deliveredAt: '2026-11-21T09:50:00Z' },
    ]);
    expect(calls(LOG)).toHaveLength(2);
  });

  it('keeps every digit of an id beyond the safe integers, and asks for that one again', async () => {
    const id = '17292386182343680123';
    const again = `POST /app/hook/deliveries/${id}/attempts`;
    const github = cannedGitHub({ [again]: { status: 202, body: {} } });
    const fetch = (async (input: URL, init: RequestInit) =>
      init.method === 'GET'
        ? new Response(
            `[{"id":${id},"guid":"g","delivered_at":"2026-11-21T10:02:00Z","redelivery":false,"status_code":500,"event":"push"}]`,
            { headers: { 'content-type': 'application/json' } },
          )
        : github.fetch(input, init)) as typeof globalThis.fetch;
    const app = createAppGitHub({
      app: { appId: 899, privateKey: APP_KEY },
      baseUrl: BASE_URL,
      clock: Date.now,
      log: SILENT,
      fetch,
    });
    const [failed] = await app.failedDeliveries(SINCE);
    expect(failed?.id).toBe(id);
    await app.redeliver(failed?.id ?? '');
    expect(github.calls(again)).toHaveLength(1);
  });
});

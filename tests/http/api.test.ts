import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { lookOf } from '../../app/chain/last-look.ts';
import type { RunnerCall } from '../../app/evaluations/runner-endpoints.ts';
import { apiRoutes } from '../../app/http/api.ts';
import { cliRoute } from '../../app/http/cli-download.ts';
import { healthRoute, metricsRoute } from '../../app/http/health.ts';
import { addGauge, createMetrics } from '../../app/http/metrics.ts';
import type { CliBundle } from '../../app/http/read-model.ts';
import { runnerRoutes } from '../../app/http/runner.ts';
import { chainDetails, weightSetDetails } from '../../app/http/weights-read-model.ts';
import { rawRequest, running } from './running.ts';
import { aReadModel, JOIN } from './samples.ts';
import { aReport, aWeightSet, CONTEXT, GENESIS, HEAD } from './weights-samples.ts';

const api = (more = {}) => running(apiRoutes(aReadModel(more), JOIN));
// biome-ignore lint/suspicious/noExplicitAny: the answer is what is under test
const get = async (url: string): Promise<{ status: number; body: any }> => {
  const answer = await fetch(url);
  return { status: answer.status, body: await answer.json() };
};

describe('api', () => {
  it('gives the leaderboard with network, places and times in RFC 3339', async () => {
    const { url } = await api();
    const { body } = await get(`${url}/api/v1/leaderboard`);
    expect(body).toMatchObject({
      network: 'finney',
      netuid: 24,
      boards: [
        {
          task: 'quasar',
          entries: [{ rank: 1, share: 0.6, receivedAt: '2026-11-21T10:50:00.000Z' }, {}, {}, {}, {}],
        },
      ],
      runners: { online: 3, busy: 1, offlineSince: null },
    });
    expect(body.boards[0].entries[2].fork).toBeNull();
  });

  it('gives one submission, and a 404 that says what was asked for', async () => {
    const { url } = await api();
    const found = await get(`${url}/api/v1/submissions/42`);
    expect(found.body).toMatchObject({
      id: 42,
      timeline: [{ at: '2026-11-21T10:50:00.000Z' }, {}, {}, {}, {}, {}],
    });
    const absent = await get(`${url}/api/v1/submissions/%3Cb%3E`);
    expect([absent.status, absent.body.error.code]).toEqual([404, 'no_submission']);
    expect(absent.body.error.message).toBe('there is no submission ?b?');
  });

  it('passes a record on as the runner wrote it, whatever stands in it under the name of a time', async () => {
    const plain = await aReadModel().submission(42);
    const record = { ...plain?.record, untrusted: { log: '', endedAt: 1e300 } };
    const { url } = await api({ submission: async () => ({ ...plain, record }) });
    const found = await get(`${url}/api/v1/submissions/42`);
    expect(found.body.record).toEqual(JSON.parse(JSON.stringify(record)));
  });

  it('gives the ids that a link proof is made of, or says where to install the App', async () => {
    const { url } = await api();
    expect((await get(`${url}/api/v1/repos/alice/fork`)).body).toEqual({
      network: 'finney',
      netuid: 24,
      tasks: [{ name: 'quasar', targetLengths: JOIN.tasks[0]?.targetLengths }],
      owner: 'alice',
      name: 'fork',
      repoId: 7,
      ownerId: 8,
      defaultBranch: 'main',
      branch: 'main',
      link: { state: 'unlinked' },
    });
    const absent = await get(`${url}/api/v1/repos/mallory/fork`);
    expect([absent.status, absent.body.error.code]).toEqual([404, 'not_installed']);
    expect(absent.body.error.message).toContain('https://github.com/apps/quasar-referee/installations/new');
  });

  it('never asks the read model about a name that GitHub would not give', async () => {
    const asked: string[] = [];
    const { url } = await api({
      repository: async (owner: string) => {
        asked.push(owner);
        return null;
      },
    });
    expect((await get(`${url}/api/v1/repos/a%27%20OR%201/x`)).status).toBe(404);
    expect(asked).toEqual([]);
  });

  it('gives the latest weights, null before the first', async () => {
    const { url } = await api();
    expect((await get(`${url}/api/v1/weights`)).body.weights).toMatchObject({
      dryRun: true,
      shares: [{ share: 0.6 }],
    });
    const empty = await api({ weights: async () => null });
    expect((await get(`${empty.url}/api/v1/weights`)).body.weights).toBeNull();
  });

  it('gives the chain and the history of weights, null and none where no chain is configured', async () => {
    const bare = await api();
    expect((await get(`${bare.url}/api/v1/weights`)).body).toMatchObject({ chain: null, history: [] });
    const { url } = await api({
      chain: async () => chainDetails(lookOf(aReport(), CONTEXT, null), GENESIS, 24),
      weightSets: async () => [weightSetDetails(aWeightSet())],
    });
    const { body } = await get(`${url}/api/v1/weights`);
    expect(body.chain).toMatchObject({
      netuid: 24,
      genesis: GENESIS,
      block: HEAD,
      path: 'timelocked',
      uids: [31, 71, 111, 0],
      values: [65_535, 27_306, 10_922, 5_461],
      lookedAt: '2026-11-21T13:59:56.000Z',
      dryRun: false,
    });
    expect(body.history).toMatchObject([
      {
        state: 'included',
        block: HEAD - 9,
        extrinsicIndex: 6,
        revealRound: 34_157_055,
        revealAt: '2026-11-21T15:22:09.000Z',
      },
    ]);
    // the bytes say nothing that their hash does not
    expect(body.history[0]).not.toHaveProperty('extrinsic');
  });
});

describe('cli.mjs', () => {
  const bytes = Buffer.from('console.log("quasar")\n'.repeat(50));
  const cli: CliBundle = {
    bytes,
    gzipped: gzipSync(bytes),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    version: '0.1.0',
  };

  it('serves the very bytes of the digest, plain and compressed', async () => {
    const { port } = await running([cliRoute(() => cli)]);
    const plain = await rawRequest(port, { path: '/cli.mjs' });
    expect(createHash('sha256').update(plain.body).digest('hex')).toBe(cli.sha256);
    expect(plain.headers['x-sha256']).toBe(cli.sha256);
    const small = await fetch(`http://127.0.0.1:${port}/cli.mjs`, { headers: { 'accept-encoding': 'gzip' } });
    expect(small.headers.get('content-encoding')).toBe('gzip');
    expect(Buffer.from(await small.arrayBuffer()).equals(bytes)).toBe(true);
    expect(gunzipSync(cli.gzipped ?? '').equals(bytes)).toBe(true);
  });

  it('answers 304 to whoever has it, and 503 with the reason while there is none', async () => {
    const { url } = await running([cliRoute(() => cli)]);
    const known = { 'if-none-match': `"${cli.sha256}-gzip"`, 'accept-encoding': 'gzip' };
    expect((await fetch(`${url}/cli.mjs`, { headers: known })).status).toBe(304);
    const bare = await running([cliRoute(() => null)]);
    const answer = await fetch(`${bare.url}/cli.mjs`);
    expect(answer.status).toBe(503);
    expect(await answer.text()).toContain('npm run build');
  });
});

describe('health and metrics', () => {
  const health = (pingDatabase: () => Promise<void>) =>
    running([healthRoute({ pingDatabase, version: '0.1.0', timeoutMs: 20 })]);

  it('is ok while the database answers', async () => {
    const { url } = await health(async () => {});
    expect(await get(`${url}/health`)).toEqual({
      status: 200,
      body: { status: 'ok', version: '0.1.0', database: 'ok' },
    });
  });

  it.each([
    ['fails', () => Promise.reject(new Error('password of the database'))],
    ['hangs', () => new Promise<void>(() => {})],
  ])('is unavailable when the database %s, without its words', async (_, ping) => {
    const { url } = await health(ping);
    expect(await get(`${url}/health`)).toEqual({
      status: 503,
      body: { status: 'unavailable', version: '0.1.0', database: 'no answer' },
    });
  });

  it('reads gauges when scraped and leaves out the one that cannot be read', async () => {
    const metrics = createMetrics();
    addGauge(metrics, 'referee_inbox_waiting', 'Deliveries waiting', async () => 3);
    addGauge(metrics, 'referee_broken', 'Never readable', () => Promise.reject(new Error('no')));
    const { url } = await running([metricsRoute(metrics)]);
    const scraped = await (await fetch(`${url}/metrics`)).text();
    expect(scraped).toContain('referee_inbox_waiting 3');
    expect(scraped).not.toMatch(/^referee_broken /m);
  });
});

describe('runner endpoints', () => {
  const calls: RunnerCall[] = [];
  const endpoint = async (call: RunnerCall) => {
    calls.push(call);
    return { status: 425, body: { error: { code: 'not_dispatched' } }, retryAfterSeconds: 3 };
  };
  const mounted = () =>
    running(runnerRoutes({ claim: endpoint, progress: endpoint, result: endpoint }, 1_000_000));
  const post = (url: string, headers: Record<string, string>, body = '{"evaluation":1}') =>
    fetch(`${url}/runner/claim`, { method: 'POST', headers, body });
  const good = { authorization: 'Bearer a.b.c', 'content-type': 'application/json' };

  it('hands token and parsed body on, and gives status and Retry-After back', async () => {
    const { url } = await mounted();
    const answer = await post(url, good);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([425, '3']);
    expect(await answer.json()).toEqual({ error: { code: 'not_dispatched' } });
    expect(calls.at(-1)).toEqual({ token: 'a.b.c', body: { evaluation: 1 } });
  });

  it.each([
    ['without a token', { 'content-type': 'application/json' }, undefined, 401, 'no_token'],
    ['of another type', { ...good, 'content-type': 'text/plain' }, undefined, 415, 'not_json'],
    ['that is not JSON', good, '{', 400, 'bad_json'],
    ['that is too long', good, `"${'x'.repeat(17_000)}"`, 413, 'too_large'],
  ])('refuses a claim %s', async (_, headers, body, status, code) => {
    const { url } = await mounted();
    const before = calls.length;
    const answer = await post(url, headers as Record<string, string>, body);
    expect([answer.status, await answer.json()]).toMatchObject([status, { error: { code } }]);
    expect(calls).toHaveLength(before);
  });
});

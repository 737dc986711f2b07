import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { secondaryLimit } from './faults.ts';
import { installationToken, rest } from './loopback.ts';
import { type OfflineGitHub, startOfflineGitHub } from './offline-github.ts';
import { WorkingCopy } from './working-copy.ts';

let github: OfflineGitHub;
let token: string;
let sha: string;

beforeEach(async () => {
  github = await startOfflineGitHub({
    accounts: ['miner'],
    apps: [{ slug: 'watcher' }],
    repositories: [{ owner: 'miner', name: 'entry' }],
    installations: [{ app: 'watcher', account: 'miner' }],
  });
  const app = github.apps.get('watcher');
  const installation = github.apps.installations(app)[0]?.installation_id ?? 0;
  token = await installationToken(github.apiUrl, app, installation);
  const copy = await WorkingCopy.clone(github.cloneUrl('miner/entry'));
  sha = await copy.push({ 'a.py': '' }, 'first');
  copy.remove();
});

afterEach(() => github.close());

const create = () =>
  rest(github.apiUrl, 'POST', '/repos/miner/entry/check-runs', token, { name: 'x', head_sha: sha });
const made = () => github.checks.all(github.repositories.named('miner/entry')).length;
const pathPattern = /\/check-runs$/;

describe('failNext', () => {
  it('fails before anything happened, as often as told', async () => {
    github.faults.failNext({ method: 'POST', pathPattern, status: 502, times: 2 });
    expect([(await create()).status, (await create()).status, made()]).toEqual([502, 502, 0]);
    expect([(await create()).status, made()]).toEqual([201, 1]);
  });

  it('loses the answer of a call that was done', async () => {
    github.faults.failNext({ method: 'POST', pathPattern, after: 'afterEffect' });
    expect([(await create()).status, made()]).toEqual([502, 1]);
  });

  it('answers with the secondary limit and with 429', async () => {
    github.faults.failNext({ pathPattern, ...secondaryLimit(7) });
    const limited = await create();
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([403, '7']);
    expect(limited.body.message).toContain('secondary rate limit');
    github.faults.failNext({ pathPattern, status: 429, headers: { 'retry-after': '1' } });
    expect((await create()).status).toBe(429);
  });

  it.each([
    ['before', 0],
    ['afterEffect', 1],
  ] as const)('hangs until the client gives up, %s', async (after, effects) => {
    github.faults.failNext({ pathPattern, status: 'hang', after });
    const patience = new AbortController();
    const answered = vi.fn();
    const call = fetch(`${github.apiUrl}/repos/miner/entry/check-runs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ name: 'x', head_sha: sha }),
      signal: patience.signal,
    });
    call.then(answered, () => undefined);
    await vi.waitFor(() => expect([github.faults.left, made()]).toEqual([0, effects]), { timeout: 15_000 });
    // what comes after it is answered
    expect((await create()).status).toBe(201);
    expect(answered).not.toHaveBeenCalled();
    patience.abort(new Error('too long'));
    await expect(call).rejects.toThrow('too long');
    expect(made()).toBe(effects + 1);
  });
});

describe('the contract', () => {
  it('refuses and records a request that GitHub would refuse', async ({ skip }) => {
    skip(
      !github.contract.active,
      'the OpenAPI extract is absent: npx tsx tests/doubles/github/prepare-openapi.ts',
    );
    const misspelt = { name: 'x', head_sha: sha, output: { title: 't', summary: 's', anotations: [] } };
    const reply = await rest(github.apiUrl, 'POST', '/repos/miner/entry/check-runs', token, misspelt);
    expect(reply.status).toBe(422);
    expect(reply.body.errors).toContain('body /output/anotations is unknown');
    await rest(github.apiUrl, 'GET', '/repos/miner/entry/branches?perpage=1', token);
    await rest(github.apiUrl, 'GET', '/repos/miner/entry/stargazers', token);
    expect(github.contract.badRequests.map(({ subject }) => subject)).toEqual([
      'POST /repos/{owner}/{repo}/check-runs',
      'GET /repos/{owner}/{repo}/branches',
      'GET /repos/miner/entry/stargazers',
    ]);
    expect(() => github.contract.assertClean()).toThrow('perpage is unknown');
  });

  it('answers unchanged reads with 304', async () => {
    const first = await rest(github.apiUrl, 'GET', '/repos/miner/entry/git/ref/heads/main', token);
    const etag = first.headers.get('etag') ?? '';
    const headers = { 'if-none-match': etag };
    const path = '/repos/miner/entry/git/ref/heads/main';
    expect((await rest(github.apiUrl, 'GET', path, token, undefined, headers)).status).toBe(304);
  });
});

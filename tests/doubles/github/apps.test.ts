import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appJwt, installationToken, rest, startReceiver } from './loopback.ts';
import { type OfflineGitHub, startOfflineGitHub } from './offline-github.ts';
import { WorkingCopy } from './working-copy.ts';

let github: OfflineGitHub;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let jwt: string;
let installationId: number;
let sha: string;

const get = (path: string, token?: string) => rest(github.apiUrl, 'GET', path, token);
const idOf = (name: string) => github.repositories.named(name).id;
const mint = (body: Record<string, unknown> = {}) =>
  installationToken(github.apiUrl, github.apps.get('watcher'), installationId, body);

beforeAll(async () => {
  github = await startOfflineGitHub({
    accounts: ['miner', 'other', { login: 'lab', type: 'Organization' }],
    apps: [
      { slug: 'watcher', permissions: { contents: 'read', checks: 'write', metadata: 'read' } },
      { slug: 'operator-app' },
    ],
    repositories: [
      { owner: 'miner', name: 'entry', private: true },
      { owner: 'miner', name: 'diary', private: true },
      { owner: 'miner', name: 'open' },
      { owner: 'other', name: 'entry', private: true },
    ],
    installations: [
      { app: 'watcher', account: 'miner' },
      { app: 'operator-app', account: 'lab' },
    ],
  });
  const watcher = github.apps.get('watcher');
  receiver = await startReceiver(watcher);
  jwt = await appJwt(watcher);
  installationId = github.apps.installations(watcher)[0]?.installation_id ?? 0;
  const copy = await WorkingCopy.clone(github.cloneUrl('miner/entry'));
  sha = await copy.push({ 'a.txt': 'a' }, 'first');
  copy.remove();
  await github.settled();
});

afterAll(async () => {
  await receiver.close();
  await github.close();
});

describe('authentication', () => {
  it('refuses unknown and expired tokens and JWTs that live too long', async () => {
    expect((await get('/repos/miner/open', 'ghs_forged')).status).toBe(401);
    expect((await get('/app', await appJwt(github.apps.get('watcher'), 900))).status).toBe(401);
    expect((await get('/app', await appJwt(github.apps.get('watcher'), -60))).status).toBe(401);
    expect((await get('/app', jwt)).body.slug).toBe('watcher');
    const token = await mint();
    expect((await get('/repos/miner/entry', token)).status).toBe(200);
    github.authenticator.expireTokens();
    expect((await get('/repos/miner/entry', token)).status).toBe(401);
  });

  it('refuses a JWT signed with the key of another App', async () => {
    const forged = { ...github.apps.get('watcher'), privateKey: github.apps.get('operator-app').privateKey };
    expect((await get('/app', await appJwt(forged))).status).toBe(401);
  });

  it('opens only what the installation covers', async () => {
    const token = await mint();
    expect((await get('/repos/other/entry', token)).status).toBe(404);
    expect((await get('/repos/miner/diary', token)).status).toBe(200);
    expect((await get('/repos/miner/entry')).status).toBe(404);
  });

  it('narrows a token to repositories and permissions', async () => {
    const token = await mint({ repository_ids: [idOf('miner/entry')], permissions: { contents: 'read' } });
    expect((await get(`/repos/miner/entry/git/commits/${sha}`, token)).status).toBe(200);
    expect((await get('/repos/miner/diary', token)).status).toBe(404);
    const check = { name: 'x', head_sha: sha };
    expect((await rest(github.apiUrl, 'POST', '/repos/miner/entry/check-runs', token, check)).status).toBe(
      403,
    );
    await expect(mint({ permissions: { contents: 'write' } })).rejects.toThrow('422');
    await expect(mint({ repository_ids: [idOf('other/entry')] })).rejects.toThrow('422');
  });

  it('refuses the operations of another App', async () => {
    const path = `/app/installations/${installationId}/access_tokens`;
    const foreign = await appJwt(github.apps.get('operator-app'));
    expect((await rest(github.apiUrl, 'POST', path, foreign)).status).toBe(404);
  });
});

describe('an App about itself', () => {
  it('lists its own installations and their repositories, page by page', async () => {
    const list = await get('/app/installations', jwt);
    expect(list.body).toMatchObject([
      { id: installationId, account: { login: 'miner' }, suspended_at: null },
    ]);
    const token = await mint();
    const first = await get('/installation/repositories?per_page=2', token);
    expect(first.body.total_count).toBe(3);
    expect(first.body.repositories).toHaveLength(2);
    expect(first.headers.get('link')).toContain('rel="next"');
    const second = await get('/installation/repositories?per_page=2&page=2', token);
    expect(second.body.repositories).toHaveLength(1);
  });

  it('finds its installation on a repository, not that of another App', async () => {
    expect((await get('/repos/miner/entry/installation', jwt)).body.id).toBe(installationId);
    const foreign = await appJwt(github.apps.get('operator-app'));
    expect((await get('/repos/miner/entry/installation', foreign)).status).toBe(404);
  });

  it('keeps ids of repositories, owners, installations and Apps apart', async () => {
    const { body } = await get('/repos/miner/entry', await mint());
    const ids = [body.id, body.owner.id, installationId, github.apps.get('watcher').id];
    expect(new Set(ids).size).toBe(4);
  });
});

describe('deliveries', () => {
  it('that were lost can be found and sent again under their GUID', async () => {
    github.webhooks.loseNext(1);
    const copy = await WorkingCopy.clone(github.cloneUrl('miner/entry'));
    const lost = await copy.push({ 'b.txt': 'b' }, 'second');
    copy.remove();
    await github.settled();
    expect(receiver.of('push').map(({ payload }) => payload.after)).not.toContain(lost);
    const failed = await get('/app/hook/deliveries?status=failure&per_page=100', jwt);
    expect(failed.body).toMatchObject([{ event: 'push', status_code: 502, redelivery: false }]);
    const [delivery] = failed.body;
    const attempt = `/app/hook/deliveries/${delivery.id}/attempts`;
    expect((await rest(github.apiUrl, 'POST', attempt, jwt)).status).toBe(202);
    await github.settled();
    expect(receiver.of('push').at(-1)).toMatchObject({ guid: delivery.guid, payload: { after: lost } });
    const [newest] = (await get('/app/hook/deliveries', jwt)).body;
    expect(newest).toMatchObject({ guid: delivery.guid, redelivery: true, status_code: 200 });
    expect((await get(`/app/hook/deliveries/${newest.id}`, jwt)).body.request.payload.after).toBe(lost);
  });

  it('can arrive twice', async () => {
    github.webhooks.repeatNext(1);
    const copy = await WorkingCopy.clone(github.cloneUrl('miner/entry'));
    const twice = await copy.push({ 'c.txt': 'c' }, 'third');
    copy.remove();
    await github.settled();
    const guids = receiver.of('push').filter(({ payload }) => payload.after === twice);
    expect(guids.map(({ guid }) => guid)).toEqual([guids[0]?.guid, guids[0]?.guid]);
  });

  it('are paged by a cursor', async () => {
    const first = await get('/app/hook/deliveries?per_page=1', jwt);
    const next = /<[^>]*\/api\/v3([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1] ?? '';
    const second = await get(next, jwt);
    expect(second.body[0].id).toBeLessThan(first.body[0].id);
  });

  it('conform to GitHub', () => github.contract.assertClean());
});

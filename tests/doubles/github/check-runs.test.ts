import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installationToken, rest, startReceiver } from './loopback.ts';
import { type OfflineGitHub, startOfflineGitHub } from './offline-github.ts';
import { WorkingCopy } from './working-copy.ts';

let github: OfflineGitHub;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let token: string;
let sha: string;

const base = '/repos/miner/entry';
const post = (body: unknown, as = token) => rest(github.apiUrl, 'POST', `${base}/check-runs`, as, body);
const patch = (id: number, body: unknown) =>
  rest(github.apiUrl, 'PATCH', `${base}/check-runs/${id}`, token, body);
const get = (path: string) => rest(github.apiUrl, 'GET', base + path, token);
const annotations = (count: number) =>
  Array.from({ length: count }, (_, at) => ({
    path: 'a.py',
    start_line: at + 1,
    end_line: at + 1,
    annotation_level: 'failure',
    message: `finding ${at}`,
  }));

beforeAll(async () => {
  github = await startOfflineGitHub({
    accounts: ['miner'],
    apps: [{ slug: 'watcher' }, { slug: 'second' }],
    repositories: [{ owner: 'miner', name: 'entry' }],
    installations: [
      { app: 'watcher', account: 'miner' },
      { app: 'second', account: 'miner' },
    ],
  });
  const app = github.apps.get('watcher');
  receiver = await startReceiver(app);
  token = await installationToken(
    github.apiUrl,
    app,
    github.apps.installations(app)[0]?.installation_id ?? 0,
  );
  const copy = await WorkingCopy.clone(github.cloneUrl('miner/entry'));
  sha = await copy.push({ 'a.py': 'import torch\n' }, 'first');
  copy.remove();
});

afterAll(async () => {
  await receiver.close();
  await github.close();
});

describe('check-runs', () => {
  it('live from queued to completed, with appended annotations', async () => {
    const created = await post({
      name: 'Quasar / imports',
      head_sha: sha,
      status: 'queued',
      external_id: '1:imports:1',
    });
    expect(created.status).toBe(201);
    const { id } = created.body;
    const output = { title: 't', summary: 's' };
    await patch(id, { status: 'in_progress', output: { ...output, annotations: annotations(50) } });
    const done = await patch(id, {
      status: 'completed',
      conclusion: 'failure',
      output: { ...output, annotations: annotations(20) },
    });
    expect(done.body).toMatchObject({ conclusion: 'failure', output: { annotations_count: 70 } });
    expect((await get(`/check-runs/${id}/annotations?per_page=50&page=2`)).body).toHaveLength(20);
    const listed = await get(
      `/commits/${sha}/check-runs?check_name=${encodeURIComponent('Quasar / imports')}`,
    );
    expect(listed.body.check_runs).toMatchObject([
      { id, external_id: '1:imports:1', app: { id: github.apps.get('watcher').id } },
    ]);
    await github.settled();
    expect(receiver.actionsOf('check_run')).toEqual(['completed', 'created']);
    github.contract.assertClean();
  });

  it('list the newest of a name, or all', async () => {
    const ids = [];
    for (let round = 0; round < 2; round++)
      ids.push((await post({ name: 'again', head_sha: sha, status: 'queued' })).body.id);
    const list = async (query: string) =>
      (await get(`/commits/${sha}/check-runs?check_name=again${query}`)).body.check_runs.map(
        (run: { id: number }) => run.id,
      );
    expect(await list('')).toEqual([ids[1]]);
    expect(await list('&filter=all')).toEqual([ids[1], ids[0]]);
    github.contract.assertClean();
  });

  it('tell of people who press buttons', async () => {
    const { id } = (await post({ name: 'pressed', head_sha: sha, status: 'queued' })).body;
    const repository = github.repositories.named('miner/entry');
    await github.checks.rerequest(repository, id, 'miner');
    await github.checks.requestAction(repository, id, 'full_suite', 'miner');
    await github.checks.rerequestSuite(repository, sha, 'miner');
    await github.settled();
    expect(receiver.of('check_run', 'rerequested')[0]?.payload).toMatchObject({
      check_run: { id },
      sender: { login: 'miner', type: 'User' },
    });
    const action = receiver.of('check_run', 'requested_action')[0]?.payload;
    expect(action.requested_action.identifier).toBe('full_suite');
    expect(receiver.of('check_suite', 'rerequested')[0]?.payload.check_suite.head_sha).toBe(sha);
    github.contract.assertClean();
  });

  it('are written only by their own App, on commits that exist', async () => {
    const unknown = await post({ name: 'x', head_sha: 'a'.repeat(40) });
    expect(unknown.status).toBe(422);
    expect(unknown.body.message).toContain('No commit found for SHA');
    const person = github.accounts.get('miner').token;
    expect((await post({ name: 'x', head_sha: sha }, person)).status).toBe(403);
    const { id } = (await post({ name: 'mine', head_sha: sha })).body;
    const second = github.apps.get('second');
    const installation = github.apps.installations(second)[0]?.installation_id ?? 0;
    const foreign = await installationToken(github.apiUrl, second, installation);
    const path = `${base}/check-runs/${id}`;
    expect((await rest(github.apiUrl, 'PATCH', path, foreign, { status: 'in_progress' })).status).toBe(403);
  });

  it.each([
    ['51 annotations', { output: { title: 't', summary: 's', annotations: annotations(51) } }],
    ['a summary of 65,536 characters', { output: { title: 't', summary: 'x'.repeat(65_536) } }],
    ['an output without summary', { output: { title: 't' } }],
    ['completed without conclusion', { status: 'completed' }],
    ['four buttons', { actions: Array(4).fill({ label: 'l', description: 'd', identifier: 'i' }) }],
    [
      'a button label of 21 characters',
      { actions: [{ label: 'x'.repeat(21), description: 'd', identifier: 'i' }] },
    ],
    ['an unknown conclusion', { conclusion: 'great' }],
  ])('refuse %s', async (_, more) => {
    const refused = await post({ name: 'limits', head_sha: sha, ...more });
    expect(refused.status).toBe(422);
  });
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installationToken, rest, startReceiver } from './loopback.ts';
import { type OfflineGitHub, startOfflineGitHub } from './offline-github.ts';
import { WorkingCopy } from './working-copy.ts';

let github: OfflineGitHub;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let copy: WorkingCopy;
let token: string;

beforeAll(async () => {
  github = await startOfflineGitHub({
    accounts: ['miner', 'upstream'],
    apps: [{ slug: 'referee' }],
    repositories: [
      { owner: 'upstream', name: 'kernels' },
      { owner: 'miner', name: 'entry', private: true },
    ],
    installations: [{ app: 'referee', account: 'miner' }],
  });
  receiver = await startReceiver(github.apps.get('referee'));
  copy = await WorkingCopy.clone(github.cloneUrl('miner/entry'));
  const [installation] = github.apps.installations(github.apps.get('referee'));
  token = await installationToken(
    github.apiUrl,
    github.apps.get('referee'),
    installation?.installation_id ?? 0,
  );
});

afterAll(async () => {
  copy.remove();
  await receiver.close();
  await github.close();
  github.contract.assertClean();
});

describe('git push', () => {
  it('is readable by REST under the SHA that git gave it', async () => {
    const sha = await copy.push(
      { 'fla/ops/chunk.py': 'import torch\n', 'logo.bin': new Uint8Array([0, 255]) },
      'first',
    );
    const commit = await rest(github.apiUrl, 'GET', `/repos/miner/entry/commits/${sha}`, token);
    expect(commit.body.commit.message).toBe('first');
    const tree = await rest(github.apiUrl, 'GET', `/repos/miner/entry/git/trees/${sha}?recursive=1`, token);
    expect(tree.body.truncated).toBe(false);
    const blob = tree.body.tree.find((entry: { path: string }) => entry.path === 'fla/ops/chunk.py');
    expect(blob).toMatchObject({ mode: '100644', type: 'blob', size: 13 });
    const content = await rest(github.apiUrl, 'GET', `/repos/miner/entry/git/blobs/${blob.sha}`, token);
    expect(Buffer.from(content.body.content, 'base64').toString()).toBe('import torch\n');
    const branch = await rest(github.apiUrl, 'GET', '/repos/miner/entry/branches/main', token);
    expect(branch.body.commit.sha).toBe(sha);
  });

  it('sends a signed push event with all that GitHub tells', async () => {
    const before = (await copy.git('rev-parse', 'HEAD')).trim();
    copy.write({ 'new.txt': 'x', 'fla/ops/chunk.py': 'import triton\n' });
    await copy.git('rm', '-q', 'logo.bin');
    const sha = await copy.push({}, 'second');
    await github.settled();
    const push = receiver.of('push').find(({ payload }) => payload.after === sha);
    expect(push?.isSigned).toBe(true);
    expect(push?.guid).toMatch(/^[0-9a-f]{8}-/);
    expect(push?.payload).toMatchObject({
      ref: 'refs/heads/main',
      before,
      after: sha,
      created: false,
      deleted: false,
      forced: false,
      pusher: { name: 'miner' },
      head_commit: { id: sha, added: ['new.txt'], removed: ['logo.bin'], modified: ['fla/ops/chunk.py'] },
      repository: { full_name: 'miner/entry', private: true, pushed_at: expect.any(Number) },
      installation: { id: expect.any(Number) },
    });
    expect(push?.payload.commits).toHaveLength(1);
  });
});

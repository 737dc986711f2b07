import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installationToken, rest, startReceiver } from './loopback.ts';
import { type OfflineGitHub, startOfflineGitHub } from './offline-github.ts';
import { WorkingCopy } from './working-copy.ts';

let github: OfflineGitHub;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let copy: WorkingCopy;

beforeEach(async () => {
  github = await startOfflineGitHub({
    accounts: ['upstream', 'miner', 'rival'],
    apps: [{ slug: 'watcher' }],
    repositories: [{ owner: 'upstream', name: 'kernels' }],
    treeLimit: 3,
  });
  receiver = await startReceiver(github.apps.get('watcher'));
  copy = await WorkingCopy.clone(github.cloneUrl('upstream/kernels'));
  await copy.push({ 'fla/chunk.py': 'x', 'README.md': 'y' }, 'upstream');
});

afterEach(async () => {
  await github.settled();
  copy.remove();
  await receiver.close();
  await github.close();
  github.contract.assertClean();
});

async function tokenOf(account: string): Promise<string> {
  const app = github.apps.get('watcher');
  const installation = github.apps.installations(app).find((row) => row.account_login === account);
  return installationToken(github.apiUrl, app, installation?.installation_id ?? 0);
}

const get = (path: string, token: string) => rest(github.apiUrl, 'GET', path, token);

describe('forks', () => {
  it('have the commits and the name of their parent, and no push event', async () => {
    github.people.install({ app: 'watcher', account: 'miner' });
    await github.people.fork('upstream/kernels', 'miner');
    const token = await tokenOf('miner');
    const json = (await get('/repos/miner/kernels', token)).body;
    expect(json).toMatchObject({ fork: true, parent: { full_name: 'upstream/kernels' } });
    github.people.install({ app: 'watcher', account: 'upstream' });
    await github.people.fork('upstream/kernels', 'rival');
    await github.settled();
    expect(receiver.of('fork')[0]?.payload.forkee.full_name).toBe('rival/kernels');
    expect(receiver.of('push')).toHaveLength(0);
    const added = receiver.of('installation_repositories', 'added')[0]?.payload;
    expect(added.repositories_added).toMatchObject([{ full_name: 'miner/kernels' }]);
  });

  it('share one object store, but no branches', async () => {
    github.people.install({ app: 'watcher', account: 'miner' });
    await github.people.fork('upstream/kernels', 'miner');
    await github.people.fork('upstream/kernels', 'rival');
    const stolen = await WorkingCopy.clone(github.cloneUrl('rival/kernels'));
    const sha = await stolen.push({ 'fla/chunk.py': 'secret idea' }, 'fast');
    stolen.remove();
    const token = await tokenOf('miner');
    expect((await get(`/repos/miner/kernels/git/commits/${sha}`, token)).status).toBe(200);
    const compared = (await get(`/repos/miner/kernels/compare/main...${sha}`, token)).body;
    expect(compared.status).toBe('ahead');
    const head = (await get('/repos/miner/kernels/git/ref/heads/main', token)).body.object.sha;
    expect(head).not.toBe(sha);
  });
});

describe('public repositories', () => {
  it('can be read by any token where the test wants it as on GitHub', async () => {
    const real = await startOfflineGitHub({
      accounts: ['miner', 'rival'],
      apps: [{ slug: 'watcher' }],
      repositories: [{ owner: 'rival', name: 'entry' }],
      installations: [{ app: 'watcher', account: 'miner' }],
      publicReads: 'anyToken',
    });
    const app = real.apps.get('watcher');
    const installation = real.apps.installations(app)[0]?.installation_id ?? 0;
    const token = await installationToken(real.apiUrl, app, installation);
    expect((await rest(real.apiUrl, 'GET', '/repos/rival/entry', token)).status).toBe(200);
    await real.people.setPrivate('rival/entry', true);
    expect((await rest(real.apiUrl, 'GET', '/repos/rival/entry', token)).status).toBe(404);
    await real.close();
  });
});

describe('branches', () => {
  it('tell of creation, force push and deletion', async () => {
    github.people.install({ app: 'watcher', account: 'upstream' });
    const first = await copy.push({}, 'on a branch', 'idea');
    await copy.git('commit', '-q', '--amend', '--allow-empty', '-m', 'rewritten');
    await copy.git('push', '-q', '--force', 'origin', 'HEAD:idea');
    await copy.git('push', '-q', 'origin', ':idea');
    await github.settled();
    const pushes = receiver.of('push').map(({ payload }) => payload);
    expect(pushes).toHaveLength(3);
    for (const told of [
      { created: true, forced: false, after: first, commits: [expect.objectContaining({ id: first })] },
      { created: false, forced: true, before: first },
      { deleted: true, head_commit: null, after: '0'.repeat(40) },
    ])
      expect(pushes).toContainEqual(expect.objectContaining(told));
    expect(receiver.of('create')[0]?.payload).toMatchObject({ ref: 'idea', ref_type: 'branch' });
    expect(receiver.of('delete')[0]?.payload.ref).toBe('idea');
  });

  it('of odd commits arrive whole: symlink, submodule, binary, CRLF, no newline at the end of the message', async () => {
    github.people.install({ app: 'watcher', account: 'upstream' });
    copy.write({ 'crlf.txt': 'a\r\nb', 'bytes.bin': new Uint8Array([0, 159, 146, 150]) });
    await copy.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
    const { symlinkSync } = await import('node:fs');
    symlinkSync('/etc/passwd', `${copy.directory}/link`);
    await copy.git('add', 'crlf.txt', 'bytes.bin', 'link');
    const tree = (await copy.git('write-tree')).trim();
    const sha = (await copy.git('commit-tree', tree, '-p', 'HEAD', '-m', 'odd')).trim();
    await copy.git('push', '-q', 'origin', `${sha}:refs/heads/odd`);
    const token = await tokenOf('upstream');
    const shallow = (await get(`/repos/upstream/kernels/git/trees/${tree}`, token)).body.tree;
    const modes = Object.fromEntries(
      shallow.map((entry: { path: string; mode: string }) => [entry.path, entry.mode]),
    );
    expect(modes).toMatchObject({ link: '120000', sub: '160000', 'bytes.bin': '100644' });
    const cut = (await get(`/repos/upstream/kernels/git/trees/${tree}?recursive=1`, token)).body;
    expect([cut.truncated, cut.tree.length]).toEqual([true, 3]);
  });
});

describe('workflow files', () => {
  it('of any form can be pushed', async () => {
    const sha = await copy.push(
      {
        '.github/workflows/reusable.yml': 'name: reusable\non: [push]\njobs: { a: { uses: ./b.yml } }\n',
        '.github/workflows/broken.yml': 'name: [\n',
        '.github/workflows/anchor.yml': 'name: &a anchored\non: push\njobs: { x: *a }\n',
      },
      'workflows',
    );
    expect(
      github.repositories.history.branchHead(github.repositories.named('upstream/kernels'), 'main'),
    ).toBe(sha);
    const names = github.actions.workflows.of(github.repositories.named('upstream/kernels'));
    expect(names.map(({ name }) => name).sort()).toEqual([
      '.github/workflows/broken.yml',
      'anchored',
      'reusable',
    ]);
  });
});

describe('repositories', () => {
  it('redirect from their old name and keep their id', async () => {
    github.people.install({ app: 'watcher', account: 'upstream' });
    const { id } = github.repositories.named('upstream/kernels');
    await github.people.rename('upstream/kernels', 'ops');
    const token = await tokenOf('upstream');
    const old = await get('/repos/upstream/kernels', token);
    expect([old.status, old.headers.get('location')]).toEqual([301, `${github.apiUrl}/repositories/${id}`]);
    expect((await get(`/repositories/${id}`, token)).body.full_name).toBe('upstream/ops');
    await github.settled();
    expect(receiver.of('repository', 'renamed')[0]?.payload.changes.repository.name.from).toBe('kernels');
    await github.people.createRepository({ owner: 'upstream', name: 'kernels' });
    expect((await get('/repos/upstream/kernels', token)).body.id).not.toBe(id);
  });

  it('tell of transfer, privacy and deletion', async () => {
    github.people.install({ app: 'watcher', account: 'upstream' });
    github.people.install({ app: 'watcher', account: 'rival' });
    await github.people.setPrivate('upstream/kernels', true);
    await github.people.transfer('upstream/kernels', 'rival');
    await github.people.delete('rival/kernels');
    await github.settled();
    expect(receiver.actionsOf('repository')).toEqual(['deleted', 'privatized', 'transferred']);
  });
});

describe('installations', () => {
  it('come, are suspended, select repositories and go', async () => {
    await github.people.createRepository({ owner: 'upstream', name: 'second' });
    const installation = github.people.install({ app: 'watcher', account: 'upstream' });
    const token = await tokenOf('upstream');
    const suspended = github.people.suspend(installation);
    expect((await get('/repos/upstream/kernels', token)).status).toBe(403);
    const back = github.people.unsuspend(suspended);
    github.people.selectRepositories(back, ['upstream/kernels']);
    expect((await get('/repos/upstream/second', token)).status).toBe(404);
    github.people.uninstall(installation);
    expect((await get('/repos/upstream/kernels', token)).status).toBe(401);
    await github.settled();
    expect(receiver.actionsOf('installation')).toEqual(['created', 'deleted', 'suspend', 'unsuspend']);
    const removed = receiver.of('installation_repositories', 'removed')[0]?.payload;
    expect(removed.repositories_removed).toMatchObject([{ full_name: 'upstream/second' }]);
  });
});

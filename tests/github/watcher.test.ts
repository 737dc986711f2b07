import { createHash } from 'node:crypto';
import { decodeProtectedHeader, importSPKI, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import type { ForkRef } from '../../app/github/github.ts';
import { createWatcherGitHub } from '../../app/github/watcher.ts';
import type { InstallationId, RepoId, Sha } from '../../app/ids.ts';
import {
  type Answer,
  APP_KEY,
  APP_PUBLIC_KEY,
  aToken,
  BASE_URL,
  cannedGitHub,
  freshInstallation,
  SILENT,
} from './canned-github.ts';

const APP_ID = 4242;
const sha = (digit: string) => digit.repeat(40) as Sha;
const HEAD = sha('a');
const blobSha = (text: string) =>
  createHash('sha1')
    .update(`blob ${Buffer.byteLength(text)}\0${text}`)
    .digest('hex') as Sha;
const repository = (id: number, owner: string, name: string) => ({
  id,
  name,
  owner: { id: 5, login: owner },
  private: true,
  default_branch: 'main',
});

const mintOf = (installationId: number) => `POST /app/installations/${installationId}/access_tokens`;

function setUp(routes: Record<string, Answer | Answer[]> = {}, tokens?: Answer | Answer[]) {
  const installationId = freshInstallation();
  const time = { nowMs: Date.now() };
  const mint = mintOf(installationId);
  const token = () => aToken('t1', { id: 7, full_name: 'miner/fla' }, time.nowMs);
  const github = cannedGitHub({ [mint]: tokens ?? token, ...routes });
  const watcher = createWatcherGitHub({
    app: { appId: APP_ID, privateKey: APP_KEY },
    baseUrl: BASE_URL,
    clock: () => time.nowMs,
    log: SILENT,
    fetch: github.fetch,
  });
  const fork: ForkRef = {
    repoId: 7 as RepoId,
    installationId: installationId as InstallationId,
    owner: 'miner',
    name: 'fla',
  };
  return { ...github, watcher, fork, time, mint, installationId };
}

const reference = (branch: string, head = HEAD) => ({
  body: { ref: `refs/heads/${branch}`, object: { sha: head } },
});
const READ_HEAD = 'GET /repos/miner/fla/git/ref/heads/main';

describe('access to a fork', () => {
  it('asks for a token of this repository id alone, with a fresh App token each time', async () => {
    const { watcher, fork, mint, calls, time } = setUp({ [READ_HEAD]: reference('main') });
    await watcher.branchHead(fork, 'main');
    expect(calls(mint)[0]?.body).toEqual({
      repository_ids: [7],
      permissions: { contents: 'read', checks: 'write', metadata: 'read' },
    });
    time.nowMs += 3_600_000;
    await watcher.branchHead(fork, 'main');
    const [first, second] = calls(mint).map(
      (call) => call.headers.get('authorization')?.slice('Bearer '.length) ?? '',
    );
    expect(decodeProtectedHeader(first ?? '').alg).toBe('RS256');
    const verified = await jwtVerify(first ?? '', await importSPKI(APP_PUBLIC_KEY, 'RS256'), {
      issuer: `${APP_ID}`,
    });
    expect((verified.payload.exp ?? 0) - (verified.payload.iat ?? 0)).toBeLessThanOrEqual(600);
    expect(second).not.toBe(first);
  });

  it('keeps the token until five minutes before its end', async () => {
    const { watcher, fork, mint, calls, time } = setUp({
      [READ_HEAD]: reference('main'),
      'GET /repos/miner/fla': { body: repository(7, 'miner', 'fla') },
    });
    await Promise.all([watcher.branchHead(fork, 'main'), watcher.branchHead(fork, 'main')]);
    time.nowMs += 54 * 60_000;
    await watcher.branchHead(fork, 'main');
    expect(calls(mint)).toHaveLength(1);
    time.nowMs += 2 * 60_000;
    await watcher.branchHead(fork, 'main');
    expect(calls(mint)).toHaveLength(2);
  });

  it('uses the name that the repository bears now, not the one that was stored', async () => {
    const { watcher, fork } = setUp({ [READ_HEAD]: reference('main') });
    expect(await watcher.branchHead({ ...fork, owner: 'old-owner', name: 'old-name' }, 'main')).toBe(HEAD);
  });

  it('never reads another repository that has taken the name', async () => {
    const farFuture = Date.parse('2100-01-01T00:00:00Z');
    const { watcher, fork, time, calls } = setUp(
      {
        [READ_HEAD]: reference('main'),
        'GET /repos/miner/fla': { body: repository(8, 'miner', 'fla') },
        'GET /repos/miner/renamed/git/ref/heads/main': reference('main', sha('b')),
      },
      [
        aToken('t1', { id: 7, full_name: 'miner/fla' }, farFuture),
        aToken('t2', { id: 7, full_name: 'miner/renamed' }, farFuture),
      ],
    );
    expect(await watcher.branchHead(fork, 'main')).toBe(HEAD);
    time.nowMs += 2 * 60_000;
    expect(await watcher.branchHead(fork, 'main')).toBe(sha('b'));
    expect(calls(READ_HEAD)).toHaveLength(1);
  });

  it('goes on under the new name when a 404 came from the old one', async () => {
    const { watcher, fork } = setUp({
      [READ_HEAD]: { status: 404, body: { message: 'Not Found' } },
      'GET /repos/miner/fla': { body: repository(7, 'miner', 'renamed') },
      'GET /repos/miner/renamed/git/ref/heads/main': reference('main', sha('b')),
    });
    expect(await watcher.branchHead(fork, 'main')).toBe(sha('b'));
  });

  it('believes a 404 when the repository bears the same name still', async () => {
    const { watcher, fork, calls } = setUp({
      'GET /repos/miner/fla': { body: repository(7, 'miner', 'fla') },
    });
    expect(await watcher.branchHead(fork, 'main')).toBeNull();
    expect(calls(READ_HEAD)).toHaveLength(1);
  });

  it('mints anew, once, when GitHub does not know the token', async () => {
    const { watcher, fork, mint, calls } = setUp({
      [READ_HEAD]: [{ status: 401, body: { message: 'Bad credentials' } }, reference('main')],
    });
    expect(await watcher.branchHead(fork, 'main')).toBe(HEAD);
    expect(calls(mint)).toHaveLength(2);
  });

  it('finds the installation again when the App was installed anew', async () => {
    const gone = { status: 404, body: { message: 'Not Found' } };
    const other = freshInstallation();
    const { watcher, fork, calls } = setUp(
      {
        'GET /repos/miner/fla/installation': { body: { id: other } },
        [mintOf(other)]: () => aToken('t9', { id: 7, full_name: 'miner/fla' }, Date.now()),
        [READ_HEAD]: reference('main'),
      },
      gone,
    );
    expect(await watcher.branchHead(fork, 'main')).toBe(HEAD);
    expect(calls(READ_HEAD)[0]?.headers.get('authorization')).toBe('Bearer t9');
  });

  it('tells that the repository is gone when no installation holds its id', async () => {
    const refused = { status: 422, body: { message: 'not accessible to the parent installation' } };
    const other = freshInstallation();
    const { watcher, fork } = setUp(
      { 'GET /repos/miner/fla/installation': { body: { id: other } }, [mintOf(other)]: refused },
      refused,
    );
    expect(await watcher.repository(fork)).toBeNull();
    await expect(watcher.branchHead(fork, 'main')).resolves.toBeNull();
  });

  it('does not take a missing permission for a missing repository', async () => {
    const message = 'The permissions requested are not granted to this installation.';
    const { watcher, fork } = setUp({}, { status: 422, body: { message } });
    await expect(watcher.repository(fork)).rejects.toMatchObject({ code: 'invalid' });
  });
});

describe('reading a fork', () => {
  it('has no head for an empty repository, nor for a branch whose name merely begins so', async () => {
    const empty = setUp({ [READ_HEAD]: { status: 409, body: { message: 'Git Repository is empty.' } } });
    expect(await empty.watcher.branchHead(empty.fork, 'main')).toBeNull();
    const other = setUp({ [READ_HEAD]: reference('main-2') });
    expect(await other.watcher.branchHead(other.fork, 'main')).toBeNull();
  });

  it('keeps a branch name with slashes in one piece', async () => {
    const { watcher, fork } = setUp({
      'GET /repos/miner/fla/git/ref/heads/feature/x': reference('feature/x'),
    });
    expect(await watcher.branchHead(fork, 'feature/x')).toBe(HEAD);
  });

  it('reaches the head itself without comparing', async () => {
    const { watcher, fork, asked } = setUp({ [READ_HEAD]: reference('main') });
    expect(await watcher.isReachable(fork, HEAD, 'main')).toBe(true);
    expect(asked.some(({ route }) => route.includes('/compare/'))).toBe(false);
  });

  it.each([
    ['behind', true],
    ['identical', true],
    ['ahead', false],
    ['diverged', false],
  ])('reads a comparison that says %s as reachable: %s', async (status, reachable) => {
    const { watcher, fork } = setUp({
      [READ_HEAD]: reference('main'),
      [`GET /repos/miner/fla/compare/${HEAD}...${sha('b')}`]: { body: { status, files: [] } },
    });
    expect(await watcher.isReachable(fork, sha('b'), 'main')).toBe(reachable);
  });

  it('does not reach a commit without common ancestor, nor anything on an absent branch', async () => {
    const { watcher, fork } = setUp({
      [READ_HEAD]: reference('main'),
      'GET /repos/miner/fla': { body: repository(7, 'miner', 'fla') },
    });
    expect(await watcher.isReachable(fork, sha('c'), 'main')).toBe(false);
    expect(await watcher.isReachable(fork, HEAD, 'absent')).toBe(false);
  });

  it('reads a commit, and null for one that does not exist', async () => {
    const { watcher, fork } = setUp({
      [`GET /repos/miner/fla/git/commits/${HEAD}`]: {
        body: { sha: HEAD, message: 'faster', tree: { sha: sha('d') } },
      },
      'GET /repos/miner/fla': { body: repository(7, 'miner', 'fla') },
    });
    expect(await watcher.commit(fork, HEAD)).toEqual({ message: 'faster', treeSha: sha('d') });
    expect(await watcher.commit(fork, sha('e'))).toBeNull();
  });

  it('decodes a blob byte for byte', async () => {
    const content = 'def f():\n    return "é"\n';
    const blob = { content: Buffer.from(content).toString('base64'), encoding: 'base64' };
    const { watcher, fork } = setUp({
      [`GET /repos/miner/fla/git/blobs/${blobSha(content)}`]: { body: blob },
    });
    expect(Buffer.from(await watcher.blob(fork, blobSha(content), 1_000)).toString()).toBe(content);
  });

  it('refuses a blob above the limit, a little or by far', async () => {
    for (const size of [11, 100_000]) {
      const content = 'x'.repeat(size);
      const blob = { content: Buffer.from(content).toString('base64'), encoding: 'base64' };
      const { watcher, fork } = setUp({
        [`GET /repos/miner/fla/git/blobs/${blobSha(content)}`]: { body: blob },
      });
      await expect(watcher.blob(fork, blobSha(content), 10)).rejects.toMatchObject({ code: 'too_large' });
    }
  });

  it('refuses content that is not the content of that blob', async () => {
    const blob = { content: Buffer.from('other').toString('base64'), encoding: 'base64' };
    const { watcher, fork } = setUp({
      [`GET /repos/miner/fla/git/blobs/${blobSha('mine')}`]: { body: blob },
    });
    await expect(watcher.blob(fork, blobSha('mine'), 10)).rejects.toMatchObject({
      code: 'server',
      details: { retryable: true },
    });
  });

  it('lists changed paths with the old names of renamed files, or null when nothing can be compared', async () => {
    const { watcher, fork } = setUp({
      [`GET /repos/miner/fla/compare/${sha('b')}...${HEAD}`]: {
        body: {
          status: 'ahead',
          files: [{ filename: 'a.py' }, { filename: 'c.py', previous_filename: 'b.py' }],
        },
      },
      'GET /repos/miner/fla': { body: repository(7, 'miner', 'fla') },
    });
    expect(await watcher.changedPaths(fork, sha('b'), HEAD)).toEqual(['a.py', 'c.py', 'b.py']);
    expect(await watcher.changedPaths(fork, sha('c'), HEAD)).toBeNull();
  });
});

describe('check-runs', () => {
  const check = { name: 'Quasar / imports', headSha: HEAD, externalId: '42:imports:1' };
  const output = { title: 'ok', summary: 'fine' };

  it('creates one completed at once, with its annotations', async () => {
    const { watcher, fork, calls } = setUp({
      'POST /repos/miner/fla/check-runs': { status: 201, body: { id: 11 } },
    });
    const annotation = {
      path: 'a.py',
      startLine: 3,
      endLine: 3,
      level: 'failure',
      title: 't',
      message: 'm',
    } as const;
    const state = { status: 'completed', conclusion: 'failure', output, annotations: [annotation] } as const;
    expect(await watcher.createCheckRun(fork, { ...check, ...state })).toEqual({ id: 11 });
    expect(calls('POST /repos/miner/fla/check-runs')[0]?.body).toEqual({
      name: 'Quasar / imports',
      head_sha: HEAD,
      external_id: '42:imports:1',
      status: 'completed',
      conclusion: 'failure',
      output: {
        ...output,
        annotations: [
          { path: 'a.py', start_line: 3, end_line: 3, annotation_level: 'failure', title: 't', message: 'm' },
        ],
      },
    });
  });

  it('sends nothing that GitHub would cut or refuse', async () => {
    const { watcher, fork, asked } = setUp();
    const annotation = {
      path: 'a.py',
      startLine: 1,
      endLine: 1,
      level: 'notice',
      title: 't',
      message: 'm',
    } as const;
    const wrong = [
      { status: 'queued', output, annotations: Array.from({ length: 51 }, () => annotation) },
      { status: 'queued', output: { title: 't', summary: 'x'.repeat(65_536) } },
      { status: 'completed', output },
      { status: 'queued', conclusion: 'success', output },
    ] as const;
    for (const state of wrong)
      await expect(watcher.updateCheckRun(fork, 11, state)).rejects.toMatchObject({ code: 'invalid' });
    expect(asked).toEqual([]);
  });

  it('finds our own by its external id on whatever page it is, and nobody else’s', async () => {
    const run = (id: number, app: number, external: string) => ({
      id,
      name: check.name,
      head_sha: HEAD,
      external_id: external,
      app: { id: app },
    });
    const list = `GET /repos/miner/fla/commits/${HEAD}/check-runs`;
    const next = { link: `<${BASE_URL}/x?page=2>; rel="next", <${BASE_URL}/x?page=2>; rel="last"` };
    const { watcher, fork, calls } = setUp({
      [list]: (asked) =>
        asked.query.get('page') === '1'
          ? {
              headers: next,
              body: { check_runs: [run(1, 1, '42:imports:1'), run(2, APP_ID, '42:imports:0')] },
            }
          : { body: { check_runs: [run(3, APP_ID, '42:imports:1')] } },
    });
    expect(await watcher.findCheckRun(fork, HEAD, check.name, '42:imports:1')).toEqual({ id: 3 });
    expect(await watcher.findCheckRun(fork, HEAD, check.name, '42:imports:2')).toBeNull();
    expect(Object.fromEntries(calls(list)[0]?.query ?? [])).toMatchObject({
      filter: 'all',
      app_id: `${APP_ID}`,
    });
  });
});

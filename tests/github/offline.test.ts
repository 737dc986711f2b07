/** The clients against the offline GitHub, which holds every request to GitHub's own description. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAppGitHub } from '../../app/github/app.ts';
import type { ForkRef } from '../../app/github/github.ts';
import { createOperatorGitHub } from '../../app/github/operator.ts';
import { createWatcherGitHub } from '../../app/github/watcher.ts';
import type { InstallationId, RepoId, Sha } from '../../app/ids.ts';
import { type OfflineGitHub, startOfflineGitHub } from '../doubles/github/offline-github.ts';
import { WorkingCopy } from '../doubles/github/working-copy.ts';
import { SILENT } from './canned-github.ts';

const FILE = 'fla/ops/quasar/chunk.py';
const WORKFLOW = `name: evaluate
run-name: quasar evaluation \${{ inputs.evaluation }}
on:
  workflow_dispatch:
    inputs:
      evaluation: { required: true, type: string }
      app_url: { required: true, type: string }
      labels: { required: true, type: string }
jobs:
  evaluate:
    runs-on: self-hosted
    steps:
      - run: 'true'
`;

let github: OfflineGitHub;
let copy: WorkingCopy;
let rival: WorkingCopy;
let first: Sha;
let head: Sha;
const copies: WorkingCopy[] = [];

beforeAll(async () => {
  github = await startOfflineGitHub({
    accounts: ['operator', 'lab', 'miner', 'rival'],
    apps: [{ slug: 'referee' }],
    repositories: [
      { owner: 'operator', name: 'arena', private: true },
      { owner: 'lab', name: 'kernels' },
    ],
    installations: ['operator', 'miner', 'rival'].map((account) => ({ app: 'referee', account })),
    treeLimit: 40,
  });
  const clone = async (name: string) => {
    const made = await WorkingCopy.clone(github.cloneUrl(name));
    copies.push(made);
    return made;
  };
  await (await clone('operator/arena')).push({ '.github/workflows/evaluate.yml': WORKFLOW }, 'arena');
  await (await clone('lab/kernels')).push({ [FILE]: 'import torch\n' }, 'upstream');
  await github.people.fork('lab/kernels', 'miner');
  await github.people.fork('lab/kernels', 'rival');
  copy = await clone('miner/kernels');
  rival = await clone('rival/kernels');
  first = (await copy.push({ [FILE]: 'import torch\n# one\n' }, 'first')) as Sha;
  head = (await copy.push({ [FILE]: 'import torch\n# two\n', 'notes/é.md': 'x' }, 'second')) as Sha;
  await github.settled();
});

afterAll(async () => {
  for (const each of copies) each.remove();
  await github.close();
  github.contract.assertClean();
});

function clients(timeoutMs?: number) {
  const { id: appId, privateKey } = github.apps.get('referee');
  const common = {
    app: { appId, privateKey },
    baseUrl: github.apiUrl,
    clock: Date.now,
    log: SILENT,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
  return {
    watcher: createWatcherGitHub(common),
    app: createAppGitHub(common),
    operator: createOperatorGitHub({
      ...common,
      repository: 'operator/arena',
      workflow: 'evaluate.yml',
      ref: 'main',
    }),
  };
}

function forkOf(fullName: string): ForkRef {
  const [owner = '', name = ''] = fullName.split('/');
  const installation = github.apps
    .installations(github.apps.get('referee'))
    .find(({ account_login: login }) => login === owner);
  return {
    repoId: github.repositories.named(fullName).id as RepoId,
    installationId: installation?.installation_id as InstallationId,
    owner,
    name,
  };
}

describe('the watcher', () => {
  it('reads what was pushed, byte for byte', async () => {
    const { watcher } = clients();
    const fork = forkOf('miner/kernels');
    expect(await watcher.repository(fork)).toMatchObject({ repoId: fork.repoId, defaultBranch: 'main' });
    expect(await watcher.branchHead(fork, 'main')).toBe(head);
    expect(await watcher.commit(fork, head)).toMatchObject({ message: expect.stringMatching(/^second/) });
    const [entry] = await watcher.entries(fork, head, [FILE, 'absent.py']);
    expect(entry).toMatchObject({ path: FILE, mode: '100644', type: 'blob' });
    const content = await watcher.blob(fork, entry?.sha as Sha, 1_000);
    expect(Buffer.from(content).toString()).toBe('import torch\n# two\n');
    expect(await watcher.changedPaths(fork, first, head)).toEqual([FILE, 'notes/é.md']);
  });

  it('tells what the branch reaches from what merely is in the network', async () => {
    const { watcher } = clients();
    const fork = forkOf('miner/kernels');
    expect(await watcher.isReachable(fork, head, 'main')).toBe(true);
    expect(await watcher.isReachable(fork, first, 'main')).toBe(true);
    const foreign = (await rival.push({ [FILE]: 'import torch\n# rival\n' }, 'rival')) as Sha;
    expect(await watcher.commit(fork, foreign)).not.toBeNull();
    expect(await watcher.isReachable(fork, foreign, 'main')).toBe(false);
    expect(await watcher.isReachable(fork, head, 'absent')).toBe(false);
  });

  it('reads a branch with slashes, and finds files in a tree that GitHub cuts', async () => {
    const { watcher } = clients();
    const fork = forkOf('miner/kernels');
    await copy.git('checkout', '-q', '-b', 'feature/many');
    const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`data/${i % 2}/${i}.txt`, `${i}`]));
    copy.write(many);
    await copy.git('add', '.');
    await copy.git('commit', '-q', '-m', 'many');
    await copy.git('push', '-q', 'origin', 'feature/many');
    const sha = (await copy.git('rev-parse', 'HEAD')).trim() as Sha;
    await copy.git('checkout', '-q', 'main');
    expect(await watcher.branchHead(fork, 'feature/many')).toBe(sha);
    expect(await watcher.entries(fork, sha, [FILE, 'data/1/7.txt', 'data/1/none'])).toMatchObject([
      { path: FILE },
      { path: 'data/1/7.txt', size: 1 },
    ]);
  });

  it('writes check-runs, and finds its own again', async () => {
    const { watcher } = clients();
    const fork = forkOf('miner/kernels');
    const check = { name: 'Quasar / imports', headSha: head, externalId: '42:imports:1' };
    const annotation = {
      path: FILE,
      startLine: 1,
      endLine: 1,
      level: 'failure',
      title: 't',
      message: 'm',
    } as const;
    const output = { title: 'one finding', summary: 'see below' };
    const created = await watcher.createCheckRun(fork, {
      ...check,
      status: 'completed',
      conclusion: 'failure',
      output,
      annotations: Array.from({ length: 50 }, () => annotation),
      detailsUrl: 'https://referee.test/submissions/42',
    });
    await watcher.updateCheckRun(fork, created.id, {
      status: 'completed',
      conclusion: 'failure',
      output,
      annotations: [annotation],
      actions: [{ label: 'Explain', description: 'What to do', identifier: 'explain' }],
    });
    expect(await watcher.findCheckRun(fork, head, check.name, check.externalId)).toEqual(created);
    expect(await watcher.findCheckRun(fork, head, check.name, '42:imports:2')).toBeNull();
  });

  it('does not know whether a check-run exists after 502, and finds out', async () => {
    const { watcher } = clients();
    const fork = forkOf('rival/kernels');
    const headSha = (await watcher.branchHead(fork, 'main')) as Sha;
    const check = { name: 'Quasar / logits', headSha, externalId: '43:logits:1' };
    const state = { status: 'queued', output: { title: 'queued', summary: 'waiting' } } as const;
    github.faults.failNext({ method: 'POST', pathPattern: /check-runs$/, status: 502, after: 'afterEffect' });
    const lost = watcher.createCheckRun(fork, { ...check, ...state });
    await expect(lost).rejects.toMatchObject({ code: 'server', details: { outcomeUnknown: true } });
    expect(await watcher.findCheckRun(fork, headSha, check.name, check.externalId)).toMatchObject({
      id: expect.any(Number),
    });
  });

  it('gives up a call that is never answered, and asks a read once more', async () => {
    // much longer than an answer takes on a busy machine
    const { watcher } = clients(3_000);
    const fork = forkOf('miner/kernels');
    github.faults.failNext({ pathPattern: /git\/ref\/heads%2Fmain$/, status: 'hang' });
    github.faults.failNext({ pathPattern: /git\/ref\/heads%2Flost$/, status: 'hang', times: 2 });
    const [main, lost] = [watcher.branchHead(fork, 'main'), watcher.branchHead(fork, 'lost')];
    await expect(lost).rejects.toMatchObject({
      code: 'network',
      details: { retryable: true, outcomeUnknown: false },
    });
    expect(await main).toBe(head);
    expect(github.faults.left).toBe(0);
  });

  it('renews a token that GitHub has ended', async () => {
    const { watcher } = clients();
    const fork = forkOf('miner/kernels');
    await watcher.branchHead(fork, 'main');
    github.authenticator.expireTokens();
    expect(await watcher.branchHead(fork, 'main')).toBe(head);
  });

  it('follows a repository through rename and a new installation, and sees it go', async () => {
    const { watcher } = clients();
    const before = forkOf('miner/kernels');
    await watcher.branchHead(before, 'main');
    await github.people.rename('miner/kernels', 'renamed');
    expect(await watcher.repository(before)).toMatchObject({ repoId: before.repoId, name: 'renamed' });
    expect(await watcher.branchHead(before, 'main')).toBe(head);
    const installation = github.apps
      .installations(github.apps.get('referee'))
      .find(({ account_login: login }) => login === 'miner');
    if (!installation) throw new Error('no installation');
    github.people.uninstall(installation);
    github.authenticator.expireTokens();
    expect(await watcher.repository(before)).toBeNull();
    github.people.install({ app: 'referee', account: 'miner' });
    expect(await watcher.branchHead({ ...before, name: 'renamed' }, 'main')).toBe(head);
  });
});

describe('the operator', () => {
  it('dispatches, finds the run by its title, cancels it, and reads its end', async () => {
    const { operator } = clients();
    const since = Date.now();
    const order = { evaluation: 7, appUrl: 'https://referee.test', labels: '["self-hosted"]' };
    const { runId } = await operator.dispatch(order);
    expect(await operator.run(runId)).toMatchObject({
      id: runId,
      event: 'workflow_dispatch',
      path: '.github/workflows/evaluate.yml',
      title: 'quasar evaluation 7',
      attempt: 1,
    });
    expect(await operator.findRun('quasar evaluation 7', since)).toMatchObject({ id: runId });
    expect(await operator.findRun('quasar evaluation 8', since)).toBeNull();
    await operator.cancelRun(runId, false);
    await github.settled();
    expect(await operator.run(runId)).toMatchObject({ status: 'completed', conclusion: 'cancelled' });
    await operator.cancelRun(runId, true);
    expect(await operator.run(999_999_999)).toBeNull();
  });

  it('counts runners and knows the ids of the operator repository', async () => {
    const { operator } = clients();
    expect(await operator.runners()).toEqual({ online: expect.any(Number), busy: 0 });
    const arena = github.repositories.named('operator/arena');
    expect(await operator.identity()).toEqual({ repoId: arena.id, ownerId: arena.owner_id });
  });
});

describe('the App', () => {
  it('lists installations and what each of them holds', async () => {
    const { app } = clients();
    expect(await app.slug()).toBe('referee');
    const installations = await app.installations();
    expect(installations.map(({ account }) => account).sort()).toEqual(['miner', 'operator', 'rival']);
    const operator = installations.find(({ account }) => account === 'operator');
    const held = await app.repositories(operator?.id as InstallationId);
    expect(held).toMatchObject([{ owner: 'operator', name: 'arena', private: true }]);
  });

  it('finds deliveries that never arrived, and asks for one again', async () => {
    const { app } = clients();
    const lost = await app.failedDeliveries(Date.now() - 3_600_000);
    const push = lost.find(({ event }) => event === 'push');
    expect(push).toMatchObject({ id: expect.stringMatching(/^\d+$/), guid: expect.any(String) });
    expect(new Set(lost.map(({ guid }) => guid)).size).toBe(lost.length);
    await app.redeliver(push?.id ?? '');
    await github.settled();
    expect(
      (await app.failedDeliveries(Date.now() - 3_600_000)).find(({ guid }) => guid === push?.guid),
    ).toEqual(push);
  });
});

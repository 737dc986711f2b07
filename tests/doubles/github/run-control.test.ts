import { afterEach, describe, expect, it, vi } from 'vitest';
import { runDirectly } from './actions/direct-runner.ts';
import { processTree } from './actions/process-tree.ts';
import type { Run } from './actions/run-record.ts';
import { isAlive } from './alive.ts';
import { rest } from './loopback.ts';
import { type OfflineGitHub, startOfflineGitHub } from './offline-github.ts';
import { ACTION_FILES } from './tiny-action.ts';
import { WorkingCopy } from './working-copy.ts';

let github: OfflineGitHub;
/** Long, for other suites want the machine too. */
const WAIT = { timeout: 20_000 };

afterEach(() => github.close());

const api = (method: string, path: string, body?: unknown) =>
  rest(
    github.apiUrl,
    method,
    `/repos/operator/arena/actions${path}`,
    github.accounts.get('operator').token,
    body,
  );

async function start(runners = 1): Promise<void> {
  github = await startOfflineGitHub({
    accounts: ['operator'],
    apps: [{ slug: 'referee' }],
    repositories: [{ owner: 'operator', name: 'arena' }],
    executor: { kind: 'direct', run: runDirectly },
    runners,
  });
  const copy = await WorkingCopy.clone(github.cloneUrl('operator/arena'));
  await copy.push(ACTION_FILES, 'arena');
  copy.remove();
}

async function dispatchHanging(): Promise<Run> {
  const inputs = { evaluation: '7', mode: 'hang' };
  await api('POST', '/workflows/evaluate.yml/dispatches', { ref: 'main', inputs });
  const run = github.actions.runs.at(-1);
  if (!run) throw new Error('no run');
  return run;
}

/** The pid of the process that the action has started. */
function sleeper(run: Run): Promise<number> {
  const find = () => {
    const pid = /sleeper (\d+)/.exec(run.log.join('\n'))?.[1];
    if (pid === undefined) throw new Error(`no sleeper yet: ${run.log.join(' | ')}`);
    return Number(pid);
  };
  return vi.waitFor(find, WAIT);
}

const isGone = (pid: number) => vi.waitFor(() => expect(isAlive(pid)).toBe(false), WAIT);

describe('runs', () => {
  it('end with all their processes when cancelled by force', async () => {
    await start();
    const run = await dispatchHanging();
    const pid = await sleeper(run);
    expect(processTree(process.pid)).toContain(pid);
    expect((await api('POST', `/runs/${run.id}/force-cancel`)).status).toBe(202);
    await github.settled();
    expect(run).toMatchObject({ status: 'completed', conclusion: 'cancelled' });
    await isGone(pid);
    expect((await api('POST', `/runs/${run.id}/cancel`)).status).toBe(409);
  });

  it('are interrupted before they are killed when cancelled', async () => {
    await start();
    const run = await dispatchHanging();
    const pid = await sleeper(run);
    await api('POST', `/runs/${run.id}/cancel`);
    await github.settled();
    expect(run.log).toContain('interrupted');
    expect(run.conclusion).toBe('cancelled');
    await isGone(pid);
  });

  it('wait for a free runner, and can be cancelled while they wait', async () => {
    await start();
    const first = await dispatchHanging();
    const second = await dispatchHanging();
    await sleeper(first);
    expect(second.status).toBe('queued');
    const busy = await api('GET', '/runners');
    expect(busy.body.runners).toMatchObject([{ status: 'online', busy: true }]);
    await api('POST', `/runs/${second.id}/cancel`);
    expect(second).toMatchObject({ status: 'completed', conclusion: 'cancelled' });
  });

  it('stay in progress when their runner dies, until GitHub gives them up', async () => {
    await start();
    const run = await dispatchHanging();
    const pid = await sleeper(run);
    await github.actions.loseRunner(run.id, 'staysInProgress');
    await isGone(pid);
    expect(run.status).toBe('in_progress');
    await github.actions.loseRunner(run.id, 'failure');
    expect(run.conclusion).toBe('failure');
  });

  it('wait while no runner is online', async () => {
    await start();
    github.actions.setOnline(false);
    const run = await dispatchHanging();
    expect(run.status).toBe('queued');
    expect((await api('GET', '/runners')).body.runners).toMatchObject([{ status: 'offline' }]);
    github.actions.setOnline(true);
    await sleeper(run);
  });

  it('are listed by event, creation time and title', async () => {
    await start();
    github.actions.setOnline(false);
    const run = await dispatchHanging();
    const list = (query: string) =>
      api('GET', `/workflows/evaluate.yml/runs?event=workflow_dispatch&${query}`);
    const since = encodeURIComponent(`>=${new Date(Date.now() - 60_000).toISOString()}`);
    expect((await list(`created=${since}`)).body.workflow_runs).toMatchObject([
      { id: run.id, display_title: 'evaluation 7' },
    ]);
    const later = encodeURIComponent(`>${new Date(Date.now() + 60_000).toISOString()}`);
    expect((await list(`created=${later}`)).body.total_count).toBe(0);
  });
});

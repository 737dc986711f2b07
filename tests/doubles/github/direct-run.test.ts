import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runDirectly } from './actions/direct-runner.ts';
import { installationToken, rest, startReceiver } from './loopback.ts';
import { type OfflineGitHub, startOfflineGitHub } from './offline-github.ts';
import { ACTION_FILES } from './tiny-action.ts';
import { WorkingCopy } from './working-copy.ts';

let github: OfflineGitHub;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let token: string;

const dispatch = (inputs: Record<string, string>) =>
  rest(github.apiUrl, 'POST', '/repos/operator/arena/actions/workflows/evaluate.yml/dispatches', token, {
    ref: 'main',
    inputs,
    return_run_details: true,
  });

beforeAll(async () => {
  github = await startOfflineGitHub({
    accounts: ['operator'],
    apps: [{ slug: 'referee' }],
    repositories: [{ owner: 'operator', name: 'arena', private: true }],
    installations: [{ app: 'referee', account: 'operator' }],
    executor: { kind: 'direct', run: runDirectly },
  });
  const app = github.apps.get('referee');
  receiver = await startReceiver(app);
  const copy = await WorkingCopy.clone(github.cloneUrl('operator/arena'));
  await copy.push(ACTION_FILES, 'arena');
  copy.remove();
  const installation = github.apps.installations(app)[0]?.installation_id ?? 0;
  token = await installationToken(github.apiUrl, app, installation, { permissions: { actions: 'write' } });
});

afterAll(async () => {
  await receiver.close();
  await github.close();
  github.contract.assertClean();
});

describe('workflow_dispatch with the direct runner', () => {
  it('runs the action of the pushed commit and tells its whole life', async () => {
    const reply = await dispatch({ evaluation: '7', mode: 'pass' });
    expect(reply.status).toBe(200);
    await github.settled();
    const runId: number = reply.body.workflow_run_id;
    const run = await rest(github.apiUrl, 'GET', `/repos/operator/arena/actions/runs/${runId}`, token);
    expect(run.body).toMatchObject({
      status: 'completed',
      conclusion: 'success',
      event: 'workflow_dispatch',
      path: '.github/workflows/evaluate.yml',
      display_title: 'evaluation 7',
    });
    const log = github.actions.runs[0]?.log.join('\n') ?? '';
    expect(log).toContain(`evaluation 7 run ${runId}`);
    expect(log).toContain('secret is ***');
    expect(log).toContain('post saw state kept');
    expect(receiver.actionsOf('workflow_run')).toEqual(['completed', 'in_progress', 'requested']);
    expect(receiver.of('workflow_job', 'completed')[0]?.payload.workflow_job.conclusion).toBe('success');
  });

  it('reports a failing action as failure', async () => {
    const reply = await dispatch({ evaluation: '8', mode: 'fail' });
    await github.settled();
    const run = github.actions.runs.find(({ id }) => id === reply.body.workflow_run_id);
    expect(run?.conclusion).toBe('failure');
  });

  it('refuses unknown and missing inputs', async () => {
    expect((await dispatch({ evaluation: '9', mode: 'pass', spare: 'x' })).status).toBe(422);
    expect((await dispatch({ mode: 'pass' })).body.message).toContain("'evaluation' not provided");
  });
});

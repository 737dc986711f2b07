import { describe, expect, it, vi } from 'vitest';
import { isAlive } from './alive.ts';
import { rest, startReceiver } from './loopback.ts';
import { type OfflineGitHub, startOfflineGitHub } from './offline-github.ts';
import { findAct } from './prepare-act.ts';
import { ACTION_FILES } from './tiny-action.ts';
import { WorkingCopy } from './working-copy.ts';

const actBinary = findAct();
if (!actBinary && process.env.REQUIRE_ALL === '1')
  throw new Error('act is required; make it with: npx tsx tests/doubles/github/prepare-act.ts');
if (!actBinary)
  console.warn('act is absent, skipping; make it with: npx tsx tests/doubles/github/prepare-act.ts');

async function startAct(): Promise<OfflineGitHub> {
  const github = await startOfflineGitHub({
    accounts: ['operator'],
    apps: [{ slug: 'referee' }],
    repositories: [{ owner: 'operator', name: 'arena' }],
    installations: [{ app: 'referee', account: 'operator' }],
    executor: { kind: 'act', actBinary: actBinary ?? '' },
  });
  const copy = await WorkingCopy.clone(github.cloneUrl('operator/arena'));
  await copy.push(ACTION_FILES, 'arena');
  copy.remove();
  return github;
}

const dispatch = (github: OfflineGitHub, mode: string) =>
  rest(
    github.apiUrl,
    'POST',
    '/repos/operator/arena/actions/workflows/evaluate.yml/dispatches',
    github.accounts.get('operator').token,
    {
      ref: 'main',
      inputs: { evaluation: '7', mode, labels: '["self-hosted","gpu"]' },
      return_run_details: true,
    },
  );

describe.skipIf(!actBinary)('workflow_dispatch with act', () => {
  it('runs the committed workflow, whose action gets an OIDC token of its run', async () => {
    const github = await startAct();
    const receiver = await startReceiver(github.apps.get('referee'));
    const reply = await dispatch(github, 'pass');
    await github.settled();
    const [run] = github.actions.runs;
    const log = run?.log.join('\n') ?? '';
    expect(run?.conclusion, log).toBe('success');
    expect(log).toContain(`evaluation 7 run ${reply.body.workflow_run_id}`);
    expect(log).toContain(`\\"run_id\\":\\"${reply.body.workflow_run_id}\\"`);
    const job = receiver.of('workflow_job', 'completed')[0]?.payload.workflow_job;
    expect(job.labels).toEqual(['self-hosted', 'gpu']);
    expect(job.steps.map((step: { conclusion: string }) => step.conclusion)).toContain('success');
    await receiver.close();
    await github.close();
    github.contract.assertClean();
  });

  it('ends with all its processes when the runner dies, and when the run is cancelled', async () => {
    const github = await startAct();
    for (const end of ['lose', 'cancel'] as const) {
      await dispatch(github, 'hang');
      const run = github.actions.runs.at(-1);
      if (!run) throw new Error('no run');
      const pid = await vi.waitFor(
        () => {
          const found = /sleeper (\d+)/.exec(run.log.join('\n'))?.[1];
          if (found === undefined) throw new Error(`no sleeper yet: ${run.log.join('\n')}`);
          return Number(found);
        },
        { timeout: 20_000 },
      );
      if (end === 'lose') await github.actions.loseRunner(run.id, 'staysInProgress');
      else github.actions.cancel(run, false);
      await github.settled();
      expect(run.status).toBe(end === 'lose' ? 'in_progress' : 'completed');
      await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 20_000 });
    }
    await github.close();
  });
});

import { describe, expect, it } from 'vitest';
import { rest, startReceiver } from './loopback.ts';
import { startOfflineGitHub } from './offline-github.ts';
import { findAct } from './prepare-act.ts';
import { ACTION_FILES } from './tiny-action.ts';
import { WorkingCopy } from './working-copy.ts';

const actBinary = findAct();
if (!actBinary && process.env.REQUIRE_ALL === '1')
  throw new Error('act is required; make it with: npx tsx tests/doubles/github/prepare-act.ts');
if (!actBinary)
  console.warn('act is absent, skipping; make it with: npx tsx tests/doubles/github/prepare-act.ts');

describe.skipIf(!actBinary)('workflow_dispatch with act', () => {
  it('runs the committed workflow, whose action gets an OIDC token of its run', {
    timeout: 60_000,
  }, async () => {
    const github = await startOfflineGitHub({
      accounts: ['operator'],
      apps: [{ slug: 'referee' }],
      repositories: [{ owner: 'operator', name: 'arena' }],
      installations: [{ app: 'referee', account: 'operator' }],
      executor: { kind: 'act', actBinary: actBinary ?? '' },
    });
    const receiver = await startReceiver(github.apps.get('referee'));
    const copy = await WorkingCopy.clone(github.cloneUrl('operator/arena'));
    await copy.push(ACTION_FILES, 'arena');
    copy.remove();
    const reply = await rest(
      github.apiUrl,
      'POST',
      '/repos/operator/arena/actions/workflows/evaluate.yml/dispatches',
      github.accounts.get('operator').token,
      {
        ref: 'main',
        inputs: { evaluation: '7', mode: 'pass', labels: '["self-hosted","gpu"]' },
        return_run_details: true,
      },
    );
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
});

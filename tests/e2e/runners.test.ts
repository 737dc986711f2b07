/** What comes to the runner endpoints: forged tokens, strangers, replays, lies, and runners that die. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fork } from '../demo/stage.ts';
import { checksOf } from '../demo/watch.ts';
import { oidcClaims } from '../doubles/github/actions/job-identity.ts';
import type { MintOptions } from '../doubles/github/oidc.ts';
import { Arena, eventually } from './arena.ts';
import { Gate } from './gate.ts';
import { brokenInvariants } from './invariants.ts';
import { accept, type Job } from './scripted-runner.ts';

let arena: Arena;

beforeAll(async () => {
  arena = await Arena.open();
  await arena.startApp();
});

afterAll(async () => {
  await arena.close();
  arena.github.contract.assertClean();
});

/** The claims of the job's own token. */
function claimsOf({ runId }: Job): Record<string, string> {
  const run = arena.github.actions.runs.find(({ id }) => id === runId);
  const repository = run && arena.github.repositories.get(run.repositoryId);
  if (!run || !repository) throw new Error(`no run ${runId}`);
  return oidcClaims(run, repository);
}

const mint = (job: Job, changes: Record<string, unknown> = {}, options: Partial<MintOptions> = {}) =>
  arena.github.oidc.mint({ ...claimsOf(job), ...changes }, { audience: job.appUrl, ...options });

const stateOf = async (job: Job) =>
  (await arena.db('evaluations').where({ id: job.evaluation }).first()).state;

/** A job that waits for the test: pushed, dispatched and started, with nothing claimed yet. */
async function heldJob(name: string): Promise<{ fork: Fork; sha: string; job: Job; release: Gate }> {
  const fork = await arena.fork(name);
  const started = new Gate<Job>();
  const release = new Gate();
  arena.runner.plays(fork.repository.id, async (job) => {
    started.open(job);
    await Promise.race([release.opened, job.aborted()]);
    return job.context.signal.aborted ? 'failure' : accept()(job);
  });
  const sha = await arena.push(fork);
  const job = await started.opened;
  await eventually('it is dispatched', async () => (await stateOf(job)) === 'dispatched');
  return { fork, sha, job, release };
}

describe('a claim', () => {
  let held: Awaited<ReturnType<typeof heldJob>>;
  beforeAll(async () => {
    held = await heldJob('tokens');
  });

  const OTHER = 'f'.repeat(40);
  const WORKFLOW = 'operator/arena/.github/workflows/other.yml@refs/heads/main';
  it.each<[string, Record<string, unknown>, Partial<MintOptions>, number, string]>([
    ['is signed by another key', {}, { signedBy: 'otherKey' }, 401, 'token_invalid'],
    ['is not signed', {}, { signedBy: 'none' }, 401, 'token_invalid'],
    ['is expired', {}, { expiresInS: -60 }, 401, 'token_expired'],
    ['is older than any call of ours', { iat: 1_700_000_000 }, {}, 401, 'token_expired'],
    ['is for another audience', {}, { audience: 'https://github.com/operator' }, 401, 'wrong_audience'],
    ['is of another issuer', {}, { issuer: 'https://token.actions.example' }, 401, 'wrong_issuer'],
    ['is of another repository', { repository_id: '999' }, {}, 403, 'wrong_repository'],
    [
      'is of a repository of this name under another owner',
      { repository_owner_id: '999' },
      {},
      403,
      'wrong_repository',
    ],
    ['is of another workflow', { workflow_ref: WORKFLOW }, {}, 403, 'wrong_workflow'],
    ['is of a called workflow', { job_workflow_ref: WORKFLOW }, {}, 403, 'wrong_workflow'],
    [
      'is of a commit that is not pinned',
      { workflow_sha: OTHER, job_workflow_sha: OTHER },
      {},
      403,
      'commit_not_pinned',
    ],
    ['is of a pull request', { event_name: 'pull_request' }, {}, 403, 'wrong_event'],
    ['is of another branch', { ref: 'refs/heads/other' }, {}, 403, 'wrong_ref'],
    ['is of a hosted machine', { runner_environment: 'github-hosted' }, {}, 403, 'not_self_hosted'],
    ['is of another run', { run_id: '4711' }, {}, 409, 'another_run'],
  ])('with a token that %s is refused', async (_, changes, options, status, code) => {
    const { job } = held;
    const answer = await job.post('claim', { evaluation: job.evaluation }, await mint(job, changes, options));
    expect(answer).toMatchObject({ status, body: { error: { code } } });
    expect(answer.body.error.message).not.toBe('');
    expect(await stateOf(job)).toBe('dispatched');
  });

  it('of an unknown evaluation is refused', async () => {
    const answer = await held.job.post('claim', { evaluation: 999_999 });
    expect(answer).toMatchObject({ status: 404, body: { error: { code: 'unknown_evaluation' } } });
  });

  it('with a token that was used before is refused', async () => {
    const { job } = held;
    const token = await job.token();
    await job.post('claim', { evaluation: 999_999 }, token);
    const answer = await job.post('claim', { evaluation: job.evaluation }, token);
    expect(answer).toMatchObject({ status: 401, body: { error: { code: 'token_replayed' } } });
  });

  it('is answered alike when repeated, and refused to everybody else, with nonces that hold', async () => {
    const { fork, sha, job, release } = held;
    const claim = await job.claim();
    expect(await job.claim()).toEqual(claim);
    const body = { evaluation: job.evaluation };
    const stranger = await job.post('claim', body, await mint(job, { run_id: '4711' }));
    expect(stranger).toMatchObject({ status: 409 });
    const again = await job.post('claim', body, await mint(job, { run_attempt: '2' }));
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'already_claimed' } } });
    await job.commit(claim);
    const result = job.result(claim);
    const guess = await job.post('result', { ...result, nonce: '0'.repeat(32) });
    expect(guess).toMatchObject({ status: 403, body: { error: { code: 'wrong_nonce' } } });
    const thief = await job.post('result', result, await mint(job, { run_id: '4711' }));
    expect(thief).toMatchObject({ status: 409, body: { error: { code: 'another_run' } } });
    release.open();
    expect(await arena.concluded(fork, sha)).toMatchObject({ reason: 'accepted' });
  });
});

describe.concurrent('a result', () => {
  it('that comes twice counts once, and one that changed is refused', async () => {
    const fork = await arena.fork('twice');
    const answers = new Gate<number[]>();
    arena.runner.plays(fork.repository.id, async (job) => {
      const claim = await job.claim();
      await job.commit(claim);
      const result = job.result(claim);
      const better = job.result(claim, { tokensPerSec: 90_000 });
      const statuses: number[] = [];
      for (const body of [result, result, better]) statuses.push((await job.post('result', body)).status);
      answers.open(statuses);
      return 'success';
    });
    const sha = await arena.push(fork);
    expect((await arena.concluded(fork, sha)).tokensPerSec).toBeCloseTo(20_000, 0);
    expect(await answers.opened).toEqual([200, 200, 409]);
  });

  it('whose figures do not follow from its times is the fault of the runner: judged again', async () => {
    const fork = await arena.fork('lie');
    arena.runner.plays(fork.repository.id, async (job) => {
      arena.runner.plays(fork.repository.id, accept());
      await job.judge((claim) => {
        const honest = job.result(claim);
        const measurements = honest.measurements.map((one) => ({
          ...one,
          tokensPerSec: one.tokensPerSec * 2,
        }));
        return { ...honest, measurements };
      });
      return 'success';
    });
    const sha = await arena.push(fork);
    await eventually('a second attempt is ordered', async () => {
      const found = await arena.find(fork, sha);
      return found && (await arena.evaluations(fork, sha)).length === 2;
    });
    await arena.skipBackoff(fork);
    expect(await arena.concluded(fork, sha)).toMatchObject({ reason: 'accepted' });
    const verdicts = await arena
      .db('verdicts')
      .where({ submissionId: (await arena.submission(fork, sha)).id });
    expect(verdicts.map(({ reason }) => reason)).toEqual(['infra', 'accepted']);
  });

  it('without a key that was committed to is not believed', async () => {
    const fork = await arena.fork('keyless');
    arena.runner.plays(fork.repository.id, async (job) => {
      arena.runner.plays(fork.repository.id, accept());
      const answer = await job.insist('result', job.result(await job.claim()));
      expect(answer).toMatchObject({ status: 200, body: { verdict: { reason: 'infra' } } });
      return 'success';
    });
    const sha = await arena.push(fork);
    await eventually('a second attempt is ordered', async () => {
      const found = await arena.find(fork, sha);
      return found && (await arena.evaluations(fork, sha)).length === 2;
    });
    await arena.skipBackoff(fork);
    expect(await arena.concluded(fork, sha)).toMatchObject({ reason: 'accepted' });
  });
});

describe.concurrent('a runner', () => {
  it('that dies three times leaves no verdict, blames nobody, and the button has it judged again', async () => {
    const fork = await arena.fork('dying');
    let lost = 0;
    arena.runner.plays(fork.repository.id, async (job) => {
      await job.claim();
      lost += 1;
      void arena.github.actions.loseRunner(job.runId, 'failure');
      await job.aborted();
      return 'failure';
    });
    const sha = await arena.push(fork);
    for (const attempt of [2, 3]) {
      await eventually(`attempt ${attempt} is ordered`, async () => {
        const found = await arena.find(fork, sha);
        return found && (await arena.evaluations(fork, sha)).length === attempt;
      });
      await arena.skipBackoff(fork);
    }
    expect(await arena.concluded(fork, sha)).toMatchObject({
      checks: { imports: 'success', logits: 'cancelled', benchmark: 'cancelled' },
      reason: 'infra',
    });
    expect(lost).toBe(3);
    expect(await arena.db('strikes').where({ hotkey: fork.hotkey })).toEqual([]);

    arena.runner.plays(fork.repository.id, accept());
    const shown = checksOf(arena.stage, fork.fullName, sha).get('benchmark');
    await arena.github.checks.rerequest(fork.repository, shown?.id ?? 0, fork.miner);
    await eventually('it is accepted', async () => {
      const checks = [...checksOf(arena.stage, fork.fullName, sha).values()];
      return checks.every(({ conclusion }) => conclusion === 'success');
    });
    expect(await arena.concluded(fork, sha)).toMatchObject({ reason: 'accepted' });
  });

  it('cannot be asked for a second throw of the dice', async () => {
    const fork = await arena.fork('dice');
    const sha = await arena.push(fork);
    const first = await arena.concluded(fork, sha);
    arena.runner.plays(fork.repository.id, accept(90_000));
    await arena.github.checks.rerequestSuite(fork.repository, sha, fork.miner);
    await eventually('the checks are answered anew', () => {
      const checks = [...checksOf(arena.stage, fork.fullName, sha).values()];
      return checks.every(({ externalId, status }) => externalId.endsWith(':2') && status === 'completed');
    });
    expect(await arena.concluded(fork, sha)).toMatchObject({
      checks: first.checks,
      tokensPerSec: first.tokensPerSec,
      reason: 'accepted',
    });
    expect(await arena.evaluations(fork, sha)).toHaveLength(1);
  });
});

describe('when all is over', () => {
  it('every invariant holds', async () => {
    expect(await brokenInvariants(arena)).toEqual([]);
  });
});

import { describe, expect, it } from 'vitest';
import type { RunnerIdentity } from '../../app/evaluations/identity.ts';
import { createRunnerEndpoints } from '../../app/evaluations/runner-endpoints.ts';
import { RunnerError } from '../../app/evaluations/runner-errors.ts';
import { Claim } from '../../app/evaluations/schema.ts';
import type { StoredEvaluation } from '../../app/evaluations/store.ts';
import { GitHubError, type WorkflowRun } from '../../app/github/github.ts';
import type { OwnerId, RepoId, Sha } from '../../app/ids.ts';
import type { EvaluationState } from '../../db/evaluations.ts';
import { aMeasurement, aResult, KEY_SHA256 } from './a-result.ts';
import { anEvaluation, FILES, memoryStore } from './memory-store.ts';

const NOW = 1_000_000;
const RUN: WorkflowRun = {
  id: 9001,
  status: 'in_progress',
  conclusion: null,
  event: 'workflow_dispatch',
  path: '.github/workflows/evaluate.yml',
  title: 'quasar evaluation 3',
  headSha: 'c'.repeat(40) as Sha,
  attempt: 1,
  url: 'https://github.test/run/9001',
};

interface World {
  readonly evaluation?: Partial<StoredEvaluation>;
  /** What GitHub knows of the run that calls. */
  readonly run?: WorkflowRun | null | GitHubError;
}

function setUp({ evaluation = {}, run = RUN }: World = {}) {
  const store = memoryStore(anEvaluation(evaluation));
  let tokens = 0;
  const asked: number[] = [];
  const endpoints = createRunnerEndpoints({
    store,
    workflowPath: '.github/workflows/evaluate.yml',
    clock: () => NOW,
    operator: {
      run: async (runId) => {
        asked.push(runId);
        if (run instanceof GitHubError) throw run;
        return run;
      },
    },
    identify: async (token) => {
      if (token === 'forged') throw new RunnerError(401, 'token_invalid', 'not signed by our issuer');
      return JSON.parse(token) as RunnerIdentity;
    },
  });
  /** A token of this run; a fresh one for every call unless it says otherwise. */
  const tokenOf = (identity: Partial<RunnerIdentity> = {}) => {
    tokens += 1;
    return JSON.stringify({
      jti: `token-${tokens}`,
      expiresAtMs: NOW + 300_000,
      repositoryId: 77 as RepoId,
      ownerId: 66 as OwnerId,
      runId: 9001,
      runAttempt: 1,
      workflowSha: 'c'.repeat(40),
      checkRunId: null,
      ...identity,
    });
  };
  const post = (name: keyof typeof endpoints) => (body: unknown, identity?: Partial<RunnerIdentity>) =>
    endpoints[name]({ token: tokenOf(identity), body });
  return {
    store,
    endpoints,
    asked,
    tokenOf,
    claim: post('claim'),
    progress: post('progress'),
    result: post('result'),
  };
}
const CLAIM = { evaluation: 3 };
const refused = (status: number, code: string) => ({
  status,
  body: { error: { code, message: expect.stringMatching(/\w/) } },
});

describe('every runner endpoint', () => {
  const bodies = { claim: CLAIM, progress: aProgress(0), result: aResult() };
  for (const [name, body] of Object.entries(bodies) as [keyof typeof bodies, unknown][]) {
    it(`(${name}) refuses a token that was not signed, before it looks at anything`, async () => {
      const { endpoints, store } = setUp();
      expect(await endpoints[name]({ token: 'forged', body })).toEqual(refused(401, 'token_invalid'));
      expect(store.now()).toEqual(anEvaluation());
    });

    it(`(${name}) refuses a token that was used before`, async () => {
      const { endpoints, tokenOf } = setUp();
      const token = tokenOf();
      await endpoints[name]({ token, body });
      expect(await endpoints[name]({ token, body })).toEqual(refused(401, 'token_replayed'));
    });

    it(`(${name}) knows no other evaluation`, async () => {
      const setup = setUp();
      expect(await setup[name]({ ...(body as object), evaluation: 4 })).toEqual(
        refused(404, 'unknown_evaluation'),
      );
    });

    it.each([
      {},
      null,
      'text',
      [],
      { ...(body as object), evaluation: '3' },
      { ...(body as object), extra: 1 },
    ])(`(${name}) refuses a body of another shape: %j`, async (wrong) => {
      expect(await setUp()[name](wrong)).toEqual(refused(400, 'body_invalid'));
    });
  }

  it('hands on a fault of the database, which is no answer', async () => {
    const { claim, store } = setUp();
    store.evaluation = async () => {
      throw new Error('disk full');
    };
    await expect(claim(CLAIM)).rejects.toThrow('disk full');
  });
});

describe('claim', () => {
  it('gives task, nonce and the five files to the run that was dispatched', async () => {
    const { claim, store } = setUp();
    const { status, body } = await claim(CLAIM);
    expect(status).toBe(200);
    expect(Claim.parse(body)).toEqual({
      evaluation: 3,
      nonce: 'ab'.repeat(16),
      task: anEvaluation().order.task,
      upstream: anEvaluation().order.upstream,
      lengths: [512, 1024],
      targetLength: 1024,
      files: FILES.map(({ path, sha256, content }) => ({
        path,
        sha256,
        base64: Buffer.from(content).toString('base64'),
      })),
      limits: { totalSeconds: 300 },
    });
    expect(store.now()).toMatchObject({ state: 'claimed', claim: { runAttempt: 1 } });
  });

  it('gives the same run the same answer again', async () => {
    const { claim } = setUp();
    expect(await claim(CLAIM)).toEqual(await claim(CLAIM));
  });

  it.each([{ runId: 9002 }, { runAttempt: 2 }])(
    'answers 409 once another run or attempt has it (%j)',
    async (other) => {
      const { claim } = setUp();
      await claim(CLAIM);
      expect(await claim(CLAIM, other)).toEqual(refused(409, 'already_claimed'));
    },
  );

  it('answers 409 to the same run with another body', async () => {
    const { claim } = setUp({
      evaluation: { state: 'claimed', claim: { runAttempt: 1, bodySha256: 'another' } },
    });
    expect(await claim(CLAIM)).toEqual(refused(409, 'already_claimed'));
  });

  it('answers 409 to a run that was not dispatched for it', async () => {
    const { claim, store } = setUp();
    expect(await claim(CLAIM, { runId: 9002 })).toEqual(refused(409, 'another_run'));
    expect(store.now().state).toBe('dispatched');
  });

  it('lets one of two runs that come at once have it', async () => {
    const { claim, store } = setUp();
    const real = store.claimEvaluation;
    store.claimEvaluation = async (id, record) => {
      store.claimEvaluation = real;
      await real(id, { ...record, runAttempt: 2 });
      return false;
    };
    expect(await claim(CLAIM)).toEqual(refused(409, 'already_claimed'));
  });

  it.each<EvaluationState>(['finished', 'failed', 'cancelled'])(
    'answers 409 when it is %s',
    async (state) => {
      const { claim } = setUp({ evaluation: { state, claim: { runAttempt: 1, bodySha256: 'x' } } });
      expect(await claim(CLAIM)).toEqual(refused(409, 'evaluation_over'));
    },
  );
});

describe('claim before the answer to the dispatch is stored', () => {
  const dispatching = { state: 'dispatching', runId: null } as const;

  it('adopts the run when workflow, event and name match', async () => {
    const { claim, store, asked } = setUp({ evaluation: dispatching });
    expect((await claim(CLAIM)).status).toBe(200);
    expect(asked).toEqual([9001]);
    expect(store.now()).toMatchObject({ state: 'claimed', runId: 9001 });
  });

  it.each([
    ['it is unknown', null],
    ['its event is another', { ...RUN, event: 'push' }],
    ['its workflow is another', { ...RUN, path: '.github/workflows/other.yml' }],
    ['its name is of another evaluation', { ...RUN, title: 'quasar evaluation 33' }],
  ])('asks the run to come again when %s', async (_, run) => {
    const { claim, store } = setUp({ evaluation: dispatching, run });
    expect(await claim(CLAIM)).toEqual({ ...refused(425, 'not_yet_dispatched'), retryAfterSeconds: 5 });
    expect(store.now()).toEqual(anEvaluation(dispatching));
  });

  it('asks a run to come again while nothing was dispatched', async () => {
    const { claim, asked } = setUp({ evaluation: { state: 'planned', runId: null } });
    expect(await claim(CLAIM)).toMatchObject({ status: 425, retryAfterSeconds: 5 });
    expect(asked).toEqual([]);
  });

  it('yields to the answer that is stored in the meantime', async () => {
    const { claim, store } = setUp({ evaluation: dispatching });
    store.adoptRun = async () => {
      store.set({ state: 'dispatched', runId: 9002 });
      return false;
    };
    expect(await claim(CLAIM)).toEqual(refused(409, 'another_run'));
  });

  it('asks the run to come again while GitHub cannot be asked', async () => {
    const run = new GitHubError('rate_limited', 'limit', {
      retryable: true,
      retryAfterMs: 30_500,
      outcomeUnknown: false,
    });
    const { claim } = setUp({ evaluation: dispatching, run });
    expect(await claim(CLAIM)).toEqual({ ...refused(503, 'github_unavailable'), retryAfterSeconds: 31 });
  });
});

const claimed = { state: 'claimed', claim: { runAttempt: 1, bodySha256: 'x' } } as const;
function aProgress(seq: number, changes: object = {}) {
  return { evaluation: 3, nonce: 'ab'.repeat(16), seq, stage: 'public', done: 1, total: 9, ...changes };
}

describe('what comes after the claim', () => {
  for (const name of ['progress', 'result'] as const) {
    const body = name === 'progress' ? aProgress(0) : aResult();
    it(`(${name}) is refused before it`, async () => {
      expect(await setUp()[name](body)).toEqual(refused(409, 'not_claimed'));
    });

    it.each([{ runId: 9002 }, { runAttempt: 2 }])(
      `(${name}) is refused from another run or attempt (%j)`,
      async (other) => {
        const { store, ...setup } = setUp({ evaluation: claimed });
        expect(await setup[name](body, other)).toEqual(refused(409, 'another_run'));
        expect(store.now().state).toBe('claimed');
      },
    );

    it(`(${name}) is refused with a wrong nonce`, async () => {
      const { store, ...setup } = setUp({ evaluation: claimed });
      expect(await setup[name]({ ...body, nonce: 'cd'.repeat(16) })).toEqual(refused(403, 'wrong_nonce'));
      expect(store.now().state).toBe('claimed');
    });

    it.each<EvaluationState>(['failed', 'cancelled'])(
      `(${name}) is refused when the evaluation is %s`,
      async (state) => {
        const { store, ...setup } = setUp({ evaluation: { ...claimed, state } });
        expect(await setup[name](body)).toEqual(refused(409, 'evaluation_over'));
        expect(store.finished).toEqual([]);
      },
    );
  }
});

describe('progress', () => {
  it('is stored, and dropped without a word when it is late', async () => {
    const { progress, store } = setUp({ evaluation: claimed });
    expect(await progress(aProgress(5))).toEqual({ status: 200, body: { evaluation: 3, seq: 5 } });
    expect((await progress(aProgress(4))).status).toBe(200);
    expect(store.progress.map(({ seq }) => seq)).toEqual([5]);
  });

  it('binds the judge to the first key, whatever the order of arrival', async () => {
    const { progress, store } = setUp({ evaluation: claimed });
    await progress(aProgress(5));
    await progress(aProgress(1, { keySha256: KEY_SHA256 }));
    expect(store.now().keySha256).toBe(KEY_SHA256);
    expect((await progress(aProgress(6, { keySha256: KEY_SHA256 }))).status).toBe(200);
    expect(await progress(aProgress(7, { keySha256: '00'.repeat(32) }))).toEqual(refused(409, 'key_changed'));
    expect(store.now().keySha256).toBe(KEY_SHA256);
  });

  it('is refused after the verdict', async () => {
    const { progress, result } = setUp({ evaluation: { ...claimed, keySha256: KEY_SHA256 } });
    await result(aResult());
    expect(await progress(aProgress(9))).toEqual(refused(409, 'evaluation_over'));
  });
});

describe('result', () => {
  const judging = { ...claimed, keySha256: KEY_SHA256 };
  const accepted = { status: 'accepted', reason: 'accepted', detail: 'every gate passed' };

  it('ends the evaluation with its verdict and figures', async () => {
    const { result, store } = setUp({ evaluation: judging });
    const posted = aResult();
    expect(await result(posted)).toEqual({ status: 200, body: { evaluation: 3, verdict: accepted } });
    expect(store.finished).toMatchObject([
      { verdict: accepted, result: posted, measurements: posted.measurements, atMs: NOW },
    ]);
    expect(store.now().state).toBe('finished');
  });

  it('gets the same answer when it is posted again, however its fields are ordered', async () => {
    const { result, store } = setUp({ evaluation: judging });
    const first = await result(aResult());
    const reordered = Object.fromEntries(Object.entries(aResult()).reverse());
    expect(await result(reordered)).toEqual(first);
    expect(store.finished).toHaveLength(1);
  });

  it('never changes', async () => {
    const { result, store } = setUp({ evaluation: judging });
    await result(aResult());
    const better = aResult({ measurements: [aMeasurement(512), aMeasurement(1024, [1_000_000])] });
    expect(await result(better)).toEqual(refused(409, 'already_judged'));
    expect(store.finished).toHaveLength(1);
  });

  it('is recorded as infra when it does not hold together, with the posted record as evidence', async () => {
    const { result, store } = setUp({ evaluation: judging });
    const posted = aResult({ digest: '00'.repeat(32) });
    const answer = await result(posted);
    expect(answer).toMatchObject({
      status: 200,
      body: { verdict: { status: 'inconclusive', reason: 'infra' } },
    });
    expect(store.finished).toMatchObject([
      { verdict: { reason: 'infra' }, result: posted, measurements: [] },
    ]);
    expect(await result(posted)).toEqual(answer);
  });

  it('of a bench is not for us', async () => {
    const { result } = setUp({ evaluation: judging });
    expect(await result(aResult({ evaluation: null, nonce: null }))).toEqual(refused(400, 'body_invalid'));
  });

  it('loses to a cancellation that came first', async () => {
    const { result, store } = setUp({ evaluation: judging });
    store.finishEvaluation = async () => {
      store.set({ state: 'cancelled' });
      return false;
    };
    expect(await result(aResult())).toEqual(refused(409, 'evaluation_over'));
  });
});

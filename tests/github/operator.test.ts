import { describe, expect, it } from 'vitest';
import { createOperatorGitHub } from '../../app/github/operator.ts';
import {
  type Answer,
  APP_KEY,
  aToken,
  BASE_URL,
  cannedGitHub,
  freshInstallation,
  SILENT,
} from './canned-github.ts';

const AT = '/repos/arena/operator';
const DISPATCH = `POST ${AT}/actions/workflows/evaluate.yml/dispatches`;
const LIST = `GET ${AT}/actions/workflows/evaluate.yml/runs`;
const RUN = {
  id: 9,
  status: 'queued',
  conclusion: null,
  event: 'workflow_dispatch',
  path: '.github/workflows/evaluate.yml@main',
  display_title: 'quasar evaluation 3',
  head_sha: 'a'.repeat(40),
  run_attempt: 1,
  html_url: 'https://github.test/run/9',
};

function setUp(routes: Record<string, Answer | Answer[]>, tokens?: Answer) {
  const installation = freshInstallation();
  const time = { nowMs: Date.now() };
  const mint = `POST /app/installations/${installation}/access_tokens`;
  const github = cannedGitHub({
    [`GET ${AT}/installation`]: { body: { id: installation } },
    [mint]: tokens ?? (() => aToken('operator-token', undefined, Date.now())),
    ...routes,
  });
  const operator = createOperatorGitHub({
    app: { appId: 1, privateKey: APP_KEY },
    repository: 'arena/operator',
    workflow: 'evaluate.yml',
    ref: 'main',
    baseUrl: BASE_URL,
    clock: () => time.nowMs,
    log: SILENT,
    fetch: github.fetch,
  });
  return { ...github, operator, mint, time };
}
const ORDER = { evaluation: 3, appUrl: 'https://referee.test', labels: '["self-hosted","gpu"]' };

describe('dispatch', () => {
  it('asks for the id of the run', async () => {
    const answer = { workflow_run_id: 9, run_url: 'x', html_url: 'https://github.test/run/9' };
    const { operator, calls } = setUp({ [DISPATCH]: { body: answer } });
    expect(await operator.dispatch(ORDER)).toEqual({ runId: 9, url: 'https://github.test/run/9' });
    expect(calls(DISPATCH)[0]?.body).toEqual({
      ref: 'main',
      inputs: { evaluation: '3', app_url: 'https://referee.test', labels: '["self-hosted","gpu"]' },
      return_run_details: true,
    });
  });

  it.each([{ status: 502 }, { status: 204 }])(
    'is sent once and may have happened after %o',
    async (answer) => {
      const { operator, calls } = setUp({ [DISPATCH]: answer });
      await expect(operator.dispatch(ORDER)).rejects.toMatchObject({ details: { outcomeUnknown: true } });
      expect(calls(DISPATCH)).toHaveLength(1);
    },
  );

  it('has not happened when no token could be had', async () => {
    const { operator, calls } = setUp({}, { status: 500 });
    await expect(operator.dispatch(ORDER)).rejects.toMatchObject({
      code: 'server',
      details: { retryable: true, outcomeUnknown: false },
    });
    expect(calls(DISPATCH)).toHaveLength(0);
  });

  it('asks for the installation again after it could not be found', async () => {
    const answer = { body: { workflow_run_id: 9, html_url: 'u' } };
    const installation = freshInstallation();
    const { operator } = setUp({
      [`GET ${AT}/installation`]: [{ status: 502 }, { status: 502 }, { body: { id: installation } }],
      [`POST /app/installations/${installation}/access_tokens`]: aToken('t', undefined, Date.now()),
      [DISPATCH]: answer,
    });
    await expect(operator.dispatch(ORDER)).rejects.toMatchObject({ code: 'server' });
    expect(await operator.dispatch(ORDER)).toMatchObject({ runId: 9 });
  });
});

describe('runs', () => {
  it('reads a run without the reference in its path, and null for an unknown one', async () => {
    const { operator } = setUp({ [`GET ${AT}/actions/runs/9`]: { body: RUN } });
    expect(await operator.run(9)).toMatchObject({ path: '.github/workflows/evaluate.yml', attempt: 1 });
    expect(await operator.run(10)).toBeNull();
  });

  it('finds a run by its exact title on any page, created no earlier than a minute before', async () => {
    const { operator, calls } = setUp({
      [LIST]: (asked) =>
        asked.query.get('page') === '1'
          ? {
              headers: { link: `<${BASE_URL}/x?page=2>; rel="next"` },
              body: { workflow_runs: [{ ...RUN, id: 8, display_title: 'quasar evaluation 33' }] },
            }
          : { body: { workflow_runs: [RUN] } },
    });
    const since = Date.parse('2026-11-21T12:00:00.123Z');
    expect(await operator.findRun('quasar evaluation 3', since)).toMatchObject({ id: 9 });
    expect(await operator.findRun('quasar evaluation 4', since)).toBeNull();
    expect(Object.fromEntries(calls(LIST)[0]?.query ?? [])).toMatchObject({
      event: 'workflow_dispatch',
      created: '>=2026-11-21T11:59:00Z',
    });
  });

  it('counts a run that is over as cancelled', async () => {
    const over = { status: 409, body: { message: 'Cannot cancel a workflow run that is completed.' } };
    const { operator, asked } = setUp({
      [`POST ${AT}/actions/runs/9/cancel`]: over,
      [`POST ${AT}/actions/runs/8/force-cancel`]: { status: 202, body: {} },
    });
    await operator.cancelRun(9, false);
    await operator.cancelRun(8, true);
    expect(asked.map(({ route }) => route)).toContain(`POST ${AT}/actions/runs/8/force-cancel`);
    await expect(operator.cancelRun(7, false)).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('runners', () => {
  it('counts those that are online and busy', async () => {
    const runners = [
      { status: 'online', busy: true },
      { status: 'online', busy: false },
      { status: 'offline', busy: false },
    ];
    const { operator } = setUp({ [`GET ${AT}/actions/runners`]: { body: { runners } } });
    expect(await operator.runners()).toEqual({ online: 2, busy: 1 });
  });

  it.each([403, 404])('knows nothing where the credentials may not look (%i)', async (status) => {
    const { operator } = setUp({ [`GET ${AT}/actions/runners`]: { status, body: { message: 'no' } } });
    expect(await operator.runners()).toBeNull();
  });

  it('knows nothing where the App was not given the permission, and dispatches all the same', async () => {
    const { operator } = setUp({ [DISPATCH]: { body: { workflow_run_id: 9, html_url: 'u' } } }, (asked) =>
      'administration' in (asked.body.permissions as object)
        ? {
            status: 422,
            body: { message: 'The permissions requested are not granted to this installation.' },
          }
        : aToken('t', undefined, Date.now()),
    );
    expect(await operator.runners()).toBeNull();
    expect(await operator.dispatch(ORDER)).toMatchObject({ runId: 9 });
  });
});

describe('identity', () => {
  const body = {
    id: 77,
    name: 'operator',
    owner: { id: 66, login: 'arena' },
    private: true,
    default_branch: 'main',
  };

  it('is asked for once in ten minutes', async () => {
    const { operator, calls, time } = setUp({ [`GET ${AT}`]: { body } });
    expect(await operator.identity()).toEqual({ repoId: 77, ownerId: 66 });
    time.nowMs += 599_000;
    await operator.identity();
    expect(calls(`GET ${AT}`)).toHaveLength(1);
    time.nowMs += 2_000;
    await operator.identity();
    expect(calls(`GET ${AT}`)).toHaveLength(2);
  });

  it('survives an outage of GitHub, but not the loss of the repository', async () => {
    const down = { status: 503 };
    const { operator, time } = setUp({
      [`GET ${AT}`]: [{ body }, down, down, { status: 404, body: { message: 'no' } }],
    });
    await operator.identity();
    time.nowMs += 601_000;
    expect(await operator.identity()).toEqual({ repoId: 77, ownerId: 66 });
    await expect(operator.identity()).rejects.toMatchObject({ code: 'not_found' });
  });
});

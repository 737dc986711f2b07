import { describe, expect, it } from 'vitest';
import {
  checkClaims,
  createIdentityVerifier,
  type IdentityExpectation,
} from '../../app/evaluations/identity.ts';
import { RunnerError } from '../../app/evaluations/runner-errors.ts';
import type { OwnerId, RepoId } from '../../app/ids.ts';
import { AUDIENCE, anIssuer, CLAIMS, ISSUER, NOW, NOW_MS, OTHER_KEY, PINNED } from './actions-issuer.ts';

const EXPECTED: IdentityExpectation = {
  repositoryId: 77 as RepoId,
  ownerId: 66 as OwnerId,
  workflowPath: '.github/workflows/evaluate.yml',
  ref: 'refs/heads/main',
  allowedCommits: new Set([PINNED]),
};

async function setUp() {
  const issuer = await anIssuer();
  const verifier = createIdentityVerifier({
    issuer: ISSUER,
    audience: AUDIENCE,
    clock: () => NOW_MS,
    jwksFetchOptions: { fetch: issuer.fetch },
  });
  const identify = async (token: string) => checkClaims(await verifier.verify(token), EXPECTED);
  return { ...issuer, verifier, identify };
}

async function refusalOf(promise: Promise<unknown>): Promise<RunnerError> {
  const error = await promise.then(
    (value) => new Error(`it was accepted: ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(RunnerError);
  return error as RunnerError;
}

describe('identity of a runner', () => {
  it('is what GitHub signed', async () => {
    const { identify, token, asked } = await setUp();
    expect(await identify(await token())).toEqual({
      jti: 'token-1',
      expiresAtMs: (NOW + 330) * 1000,
      repositoryId: 77,
      ownerId: 66,
      runId: 9001,
      runAttempt: 1,
      workflowSha: PINNED,
      checkRunId: 555,
    });
    expect(asked).toEqual([`${ISSUER}/.well-known/jwks`]);
  });

  it('fetches the keys once for many tokens', async () => {
    const { identify, token, asked } = await setUp();
    for (const jti of ['a', 'b', 'c']) await identify(await token({ claims: { jti } }));
    expect(asked).toHaveLength(1);
  });

  it('does without a check_run_id, and does not read sub', async () => {
    const { identify, token } = await setUp();
    const claims = { check_run_id: undefined, sub: 'repo:somebody/else:ref:refs/heads/main' };
    expect(await identify(await token({ claims }))).toMatchObject({ checkRunId: null });
  });
});

describe('a token is refused', () => {
  it.each([
    ['expired', { exp: NOW - 31 }, 'token_expired'],
    ['not yet valid', { nbf: NOW + 31 }, 'token_not_yet_valid'],
    ['issued in the future', { iat: NOW + 31 }, 'token_not_yet_valid'],
    [
      'older than ten minutes, however long it is valid',
      { iat: NOW - 631, exp: NOW + 9_000 },
      'token_expired',
    ],
    ['for another audience', { aud: 'https://other.test' }, 'wrong_audience'],
    ['for several audiences', { aud: [AUDIENCE, 'https://other.test'] }, 'token_invalid'],
    ['from another issuer', { iss: 'https://other.test' }, 'wrong_issuer'],
    ['without an end', { exp: undefined }, 'token_invalid'],
    ['without a start', { nbf: undefined }, 'token_invalid'],
    ['without an id', { jti: undefined }, 'token_invalid'],
    ['with an id longer than the database holds', { jti: 'x'.repeat(121) }, 'token_invalid'],
    ['with a run id that is no number', { run_id: '9001x' }, 'token_invalid'],
    ['with a run id beyond the safe integers', { run_id: '9007199254740993' }, 'token_invalid'],
  ])('when it is %s', async (_, claims, code) => {
    const { identify, token } = await setUp();
    const error = await refusalOf(identify(await token({ claims })));
    expect(error).toMatchObject({ status: 401, code, retryable: false });
  });

  it('unless the clocks merely differ by less than 30 seconds', async () => {
    const { identify, token } = await setUp();
    await identify(await token({ claims: { exp: NOW - 29 } }));
    await identify(await token({ claims: { nbf: NOW + 29, iat: NOW + 29 } }));
  });

  it('when nobody signed it, or everybody could have', async () => {
    const { identify, unsigned, signedWithPublicKey } = await setUp();
    for (const token of [unsigned(), signedWithPublicKey(), '', 'nonsense', 'a.b.c'])
      expect(await refusalOf(identify(token))).toMatchObject({ status: 401, code: 'token_invalid' });
  });

  it('when it is signed with the right key in another way', async () => {
    const { identify, token } = await setUp();
    for (const alg of ['PS256', 'RS512'])
      expect(await refusalOf(identify(await token({ alg })))).toMatchObject({ code: 'token_invalid' });
  });

  it('when it is signed with another key, under the known name or an unknown one', async () => {
    const { identify, token } = await setUp();
    for (const forged of [await token({ key: OTHER_KEY }), await token({ key: OTHER_KEY, kid: 'k2' })])
      expect(await refusalOf(identify(forged))).toMatchObject({ status: 401, code: 'token_invalid' });
  });

  it('when its claims were altered after it was signed', async () => {
    const { identify, token } = await setUp();
    const [header, , signature] = (await token()).split('.');
    const claims = Buffer.from(JSON.stringify({ ...CLAIMS, iss: ISSUER, aud: AUDIENCE, exp: NOW + 300 }));
    const altered = `${header}.${claims.toString('base64url')}.${signature}`;
    expect(await refusalOf(identify(altered))).toMatchObject({ status: 401, code: 'token_invalid' });
  });

  it('for the moment when the keys cannot be fetched', async () => {
    const { identify, token, goDown } = await setUp();
    goDown();
    expect(await refusalOf(identify(await token()))).toMatchObject({
      status: 503,
      code: 'issuer_unreachable',
      retryable: true,
      retryAfterSeconds: 15,
    });
  });

  const elsewhere = 'd'.repeat(40);
  const other = 'arena/operator/.github/workflows/other.yml@refs/heads/main';
  const reusable = 'mallory/shared/.github/workflows/evaluate.yml@refs/heads/main';
  const branch = 'arena/operator/.github/workflows/evaluate.yml@refs/heads/main2';
  it.each([
    ['repository_id', '78', 'wrong_repository'],
    ['repository_owner_id', '67', 'wrong_repository'],
    ['repository', 'mallory/operator', 'wrong_workflow'],
    ['event_name', 'pull_request', 'wrong_event'],
    ['ref', 'refs/heads/other', 'wrong_ref'],
    ['ref', 'refs/tags/main', 'wrong_ref'],
    ['workflow_ref', other, 'wrong_workflow'],
    ['workflow_ref', branch, 'wrong_workflow'],
    ['job_workflow_ref', reusable, 'wrong_workflow'],
    ['job_workflow_ref', other, 'wrong_workflow'],
    ['workflow_sha', elsewhere, 'commit_not_pinned'],
    ['job_workflow_sha', elsewhere, 'commit_not_pinned'],
    ['runner_environment', 'github-hosted', 'not_self_hosted'],
  ])('when %s is %s', async (claim, value, code) => {
    const { identify, token } = await setUp();
    const error = await refusalOf(identify(await token({ claims: { [claim]: value } })));
    expect(error).toMatchObject({ status: 403, code, retryable: false });
  });

  it.each(
    Object.keys(CLAIMS).filter((name) => !/^(sub|check_run_id|run_number|repository_owner)$/.test(name)),
  )('when %s is missing', async (claim) => {
    const { identify, token } = await setUp();
    const error = await refusalOf(identify(await token({ claims: { [claim]: undefined } })));
    expect(error).toMatchObject({ status: 401, code: 'token_invalid' });
  });

  it('with the command that pins its commit', () => {
    const claims = { ...CLAIMS, aud: AUDIENCE, exp: NOW, workflow_sha: elsewhere };
    expect(() => checkClaims(claims, EXPECTED)).toThrow(`quasar-referee operator pin ${elsewhere}`);
    const hostile = { ...claims, workflow_sha: '$(rm -rf /)' };
    expect(() => checkClaims(hostile, EXPECTED)).toThrow('quasar-referee operator pin <sha>');
  });
});

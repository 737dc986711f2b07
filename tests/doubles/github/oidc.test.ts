import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oidcClaims } from './actions/job-identity.ts';
import type { Run } from './actions/run-record.ts';
import { rest } from './loopback.ts';
import { type OfflineGitHub, startOfflineGitHub } from './offline-github.ts';
import { ACTION_FILES } from './tiny-action.ts';
import { WorkingCopy } from './working-copy.ts';

let github: OfflineGitHub;
let run: Run;
const audience = 'quasar-referee';

beforeAll(async () => {
  github = await startOfflineGitHub({
    accounts: ['operator'],
    apps: [],
    repositories: [{ owner: 'operator', name: 'arena', private: true }],
  });
  const copy = await WorkingCopy.clone(github.cloneUrl('operator/arena'));
  await copy.push(ACTION_FILES, 'arena');
  copy.remove();
  const path = '/repos/operator/arena/actions/workflows/evaluate.yml/dispatches';
  const body = { ref: 'main', inputs: { evaluation: '7', mode: 'pass' } };
  await rest(github.apiUrl, 'POST', path, github.accounts.get('operator').token, body);
  [run] = github.actions.runs as [Run];
});

afterAll(() => github.close());

const claims = () => oidcClaims(run, github.repositories.named('operator/arena'));
const verify = async (token: string) => {
  const keys = createRemoteJWKSet(new URL(`${github.oidc.issuer}/.well-known/jwks`), {
    timeoutDuration: 60_000,
  });
  return (await jwtVerify(token, keys, { issuer: github.oidc.issuer, audience, algorithms: ['RS256'] }))
    .payload;
};

describe('OIDC tokens', () => {
  it("carry GitHub's claims, each token once", async () => {
    const first = await verify(await github.oidc.mint(claims(), { audience }));
    const repository = github.repositories.named('operator/arena');
    expect(first).toMatchObject({
      repository: 'operator/arena',
      repository_id: String(repository.id),
      repository_owner_id: String(repository.owner_id),
      repository_visibility: 'private',
      event_name: 'workflow_dispatch',
      ref: 'refs/heads/main',
      job_workflow_ref: 'operator/arena/.github/workflows/evaluate.yml@refs/heads/main',
      job_workflow_sha: run.headSha,
      run_id: String(run.id),
      run_attempt: '1',
      runner_environment: 'self-hosted',
    });
    const second = await verify(await github.oidc.mint(claims(), { audience }));
    expect(second.jti).not.toBe(first.jti);
  });

  it.each([
    ['expired', { expiresInS: -60 }],
    ['signed with another key', { signedBy: 'otherKey' }],
    ['unsigned', { signedBy: 'none' }],
    ['of another issuer', { issuer: 'https://token.actions.githubusercontent.com' }],
    ['for another audience', { audience: 'somebody-else' }],
  ] as const)('can be %s, and are then refused', async (_, options) => {
    const token = await github.oidc.mint(claims(), { audience, ...options });
    await expect(verify(token)).rejects.toThrow();
  });

  it('can carry altered claims under a good signature', async () => {
    const altered = { ...claims(), run_id: '1', jti: 'replayed' };
    expect(await verify(await github.oidc.mint(altered, { audience }))).toMatchObject(altered);
  });

  it('are handed only to a job that is running', async () => {
    const ask = (token: string) =>
      fetch(`${github.oidc.issuer}/token?api-version=2.0&audience=${audience}`, {
        headers: { authorization: `Bearer ${token}` },
      });
    const job = github.oidc.open(claims());
    const reply = await ask(job.token);
    const { value } = (await reply.json()) as { value: string };
    expect((await verify(value)).aud).toBe(audience);
    job.close();
    expect((await ask(job.token)).status).toBe(401);
  });
});

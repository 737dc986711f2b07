/** The verifier against tokens and keys that come over HTTP, as the offline GitHub's jobs get them. */
import { expect, it } from 'vitest';
import { checkClaims, createIdentityVerifier } from '../../app/evaluations/identity.ts';
import type { OwnerId, RepoId } from '../../app/ids.ts';
import { startOfflineGitHub } from '../doubles/github/offline-github.ts';
import { AUDIENCE, CLAIMS, PINNED } from './actions-issuer.ts';

it('knows a job by the token that its issuer signed, and no forged or expired one', async () => {
  const github = await startOfflineGitHub({ accounts: ['operator'], apps: [{ slug: 'referee' }] });
  try {
    const { issuer } = github.oidc;
    const verifier = createIdentityVerifier({ issuer, audience: AUDIENCE, clock: Date.now });
    const expected = {
      repositoryId: 77 as RepoId,
      ownerId: 66 as OwnerId,
      workflowPath: '.github/workflows/evaluate.yml',
      ref: 'refs/heads/main',
      allowedCommits: new Set([PINNED]),
    };
    const good = await github.oidc.mint(CLAIMS, { audience: AUDIENCE });
    expect(checkClaims(await verifier.verify(good), expected)).toMatchObject({ runId: 9001, runAttempt: 1 });
    const refused = [
      { audience: AUDIENCE, expiresInS: -60, code: 'token_expired' },
      { audience: AUDIENCE, signedBy: 'otherKey', code: 'token_invalid' },
      { audience: AUDIENCE, signedBy: 'none', code: 'token_invalid' },
      { audience: AUDIENCE, issuer: 'https://other.test', code: 'wrong_issuer' },
      { audience: 'https://other.test', code: 'wrong_audience' },
    ] as const;
    for (const { code, ...options } of refused) {
      const token = await github.oidc.mint(CLAIMS, options);
      await expect(verifier.verify(token), code).rejects.toMatchObject({ status: 401, code });
    }
  } finally {
    await github.close();
  }
});

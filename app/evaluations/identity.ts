/**
 * Who a runner is: GitHub's OIDC token of its job. The signature proves that GitHub wrote the claims, `checkClaims`
 * that they name our workflow at a pinned commit. Source of the rules: design.md rule 6.
 */
import { createRemoteJWKSet, customFetch, errors, type FetchImplementation, jwtVerify } from 'jose';
import { z } from 'zod';
import type { OwnerId, RepoId, Sha } from '../ids.ts';
import { RunnerError, type RunnerErrorCode } from './runner-errors.ts';

const CLOCK_TOLERANCE_SECONDS = 30;
const MAX_AGE = '10m';
const RETRY_SECONDS = 15;

export interface RunnerIdentity {
  /** Single use: the caller stores it and refuses a second one. */
  readonly jti: string;
  /** From then on the token is refused anyway. Unix milliseconds. */
  readonly expiresAtMs: number;
  readonly repositoryId: RepoId;
  readonly ownerId: OwnerId;
  readonly runId: number;
  readonly runAttempt: number;
  /** Pinned commit of the operator repository that the job runs. */
  readonly workflowSha: Sha;
  /** Names the job; null on servers that do not say. */
  readonly checkRunId: number | null;
}

export interface IdentityExpectation {
  readonly repositoryId: RepoId;
  readonly ownerId: OwnerId;
  /** Path of the workflow in the operator repository, e.g. `.github/workflows/evaluate.yml`. */
  readonly workflowPath: string;
  /** Full reference, e.g. `refs/heads/main`. */
  readonly ref: string;
  readonly allowedCommits: ReadonlySet<string>;
}

export interface IdentityVerifierOptions {
  /** Address of the issuer, without a slash at its end. */
  readonly issuer: string;
  readonly audience: string;
  /** How the issuer's keys are fetched; tests hand in their own. */
  readonly jwksFetchOptions?: { readonly fetch?: FetchImplementation };
  /** Unix milliseconds. */
  readonly clock: () => number;
}

export interface IdentityVerifier {
  /**
   * The claims of a token that this issuer signed for this audience and that is valid now; no more is said about them.
   * Throws `RunnerError`: 401 for the token, 503 (again later) when the issuer's keys are out of reach.
   */
  verify(token: string): Promise<unknown>;
}

export function createIdentityVerifier(options: IdentityVerifierOptions): IdentityVerifier {
  const { issuer, audience, clock, jwksFetchOptions: { fetch } = {} } = options;
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks`), {
    timeoutDuration: 5_000,
    cooldownDuration: 30_000,
    cacheMaxAge: 600_000,
    ...(fetch === undefined ? {} : { [customFetch]: fetch }),
  });
  return {
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer,
          audience,
          algorithms: ['RS256'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          maxTokenAge: MAX_AGE,
          requiredClaims: ['exp', 'nbf', 'iat', 'jti'],
          currentDate: new Date(clock()),
        });
        return payload;
      } catch (error) {
        throw refusalOf(error, audience);
      }
    },
  };
}

const Id = z
  .string()
  .regex(/^[1-9]\d{0,15}$/)
  .transform(Number)
  .refine(Number.isSafeInteger);

/** GitHub writes numbers as text. Claims that we do not read are left out. */
const Claims = z.object({
  jti: z.string().min(1).max(120),
  aud: z.string(),
  exp: z.number(),
  repository: z.string(),
  repository_id: Id,
  repository_owner_id: Id,
  event_name: z.string(),
  ref: z.string(),
  workflow_ref: z.string(),
  workflow_sha: z.string(),
  job_workflow_ref: z.string(),
  job_workflow_sha: z.string(),
  run_id: Id,
  run_attempt: Id,
  runner_environment: z.string(),
  check_run_id: Id.optional(),
});

/**
 * Reads verified claims as the identity of a runner, or throws a `RunnerError` that says which claim is wrong and what
 * the operator must do. `sub` is not looked at: its form changes with the age of the repository. Pure.
 */
export function checkClaims(claims: unknown, expected: IdentityExpectation): RunnerIdentity {
  const parsed = Claims.safeParse(claims);
  if (!parsed.success)
    throw new RunnerError(
      401,
      'token_invalid',
      `the OIDC token lacks a claim: ${z.prettifyError(parsed.error)}`,
    );
  const token = parsed.data;
  if (token.repository_id !== expected.repositoryId || token.repository_owner_id !== expected.ownerId)
    refuse('wrong_repository', 'the job does not run in the operator repository of this App');
  if (token.event_name !== 'workflow_dispatch')
    refuse('wrong_event', 'the run was not started by workflow_dispatch');
  if (token.ref !== expected.ref)
    refuse('wrong_ref', `the run is not on ${expected.ref}: dispatch it there, or set OPERATOR_REF`);
  // the name is the token's own: only the ids above say which repository it is
  const workflow = `${token.repository}/${expected.workflowPath}@${expected.ref}`;
  if (token.workflow_ref !== workflow || token.job_workflow_ref !== workflow)
    refuse('wrong_workflow', `the job is not one of ${expected.workflowPath} itself`);
  for (const commit of [token.workflow_sha, token.job_workflow_sha])
    if (!expected.allowedCommits.has(commit)) refuseCommit(commit);
  if (token.runner_environment !== 'self-hosted')
    refuse('not_self_hosted', 'the job runs on a hosted machine: give the runner a label of your own hosts');
  return {
    jti: token.jti,
    expiresAtMs: (token.exp + CLOCK_TOLERANCE_SECONDS) * 1000,
    repositoryId: expected.repositoryId,
    ownerId: expected.ownerId,
    runId: token.run_id,
    runAttempt: token.run_attempt,
    workflowSha: token.workflow_sha as Sha,
    checkRunId: token.check_run_id ?? null,
  };
}

function refuse(code: RunnerErrorCode, message: string): never {
  throw new RunnerError(403, code, message);
}

function refuseCommit(commit: string): never {
  const sha = /^[0-9a-f]{40}$/.test(commit) ? commit : '<sha>';
  refuse(
    'commit_not_pinned',
    `commit ${sha} of the operator repository is not pinned: if it is yours, run \`quasar-referee operator pin ${sha}\``,
  );
}

function refusalOf(error: unknown, audience: string): RunnerError {
  const refused = (code: RunnerErrorCode, message: string) =>
    new RunnerError(401, code, message, { cause: error });
  if (error instanceof errors.JWTExpired)
    return refused('token_expired', 'the OIDC token is too old: ask for a fresh one for every call');
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud')
      return refused('wrong_audience', `the OIDC token is for another audience than ${audience}`);
    if (error.claim === 'iss')
      return refused('wrong_issuer', 'the OIDC token is from another issuer than ours');
    if (error.reason !== 'missing' && (error.claim === 'nbf' || error.claim === 'iat'))
      return refused(
        'token_not_yet_valid',
        `the OIDC token's ${error.claim} is not acceptable: check the clocks`,
      );
    return refused('token_invalid', `the OIDC token's ${error.claim} is not acceptable`);
  }
  if (isBadToken(error)) return refused('token_invalid', 'the OIDC token is not one that our issuer signed');
  return new RunnerError(
    503,
    'issuer_unreachable',
    'the keys of the OIDC issuer cannot be fetched: try again',
    {
      retryAfterSeconds: RETRY_SECONDS,
      cause: error,
    },
  );
}

function isBadToken(error: unknown): boolean {
  return (
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  );
}

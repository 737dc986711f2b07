/** The three calls of a runner: identity first, then the matter, and every refusal as an answer. */
import { GitHubError } from '../github/github.ts';
import { claimEvaluation } from './claim.ts';
import type { RunnerIdentity } from './identity.ts';
import { acceptProgress } from './progress.ts';
import { acceptResult } from './results.ts';
import type { RunnerDependencies } from './runner-call.ts';
import { RunnerError } from './runner-errors.ts';

export interface RunnerCall {
  /** OIDC token as sent, without the word Bearer. */
  readonly token: string;
  /** Parsed JSON, not yet validated; its length is limited by who reads it. */
  readonly body: unknown;
}

export interface RunnerAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterSeconds?: number;
}

export type RunnerEndpoint = (call: RunnerCall) => Promise<RunnerAnswer>;

export interface RunnerEndpointsOptions extends RunnerDependencies {
  /** Throws `RunnerError` for a token that is not one of our workflow at a pinned commit. */
  readonly identify: (token: string) => Promise<RunnerIdentity>;
}

const GITHUB_RETRY_SECONDS = 15;

/**
 * Every call takes a token of its own: one that was used before is refused. Refusals are answers; what is thrown is a
 * fault of ours (the database's, say), after which the runner tries again.
 */
export function createRunnerEndpoints(
  options: RunnerEndpointsOptions,
): Readonly<Record<'claim' | 'progress' | 'result', RunnerEndpoint>> {
  const endpoint =
    (
      handle: (deps: RunnerDependencies, identity: RunnerIdentity, body: unknown) => Promise<unknown>,
    ): RunnerEndpoint =>
    async ({ token, body }) => {
      try {
        const identity = await options.identify(token);
        if (!(await options.store.recordJti(identity.jti, identity.expiresAtMs)))
          throw new RunnerError(
            401,
            'token_replayed',
            'this OIDC token was used before: ask for one for every call',
          );
        return { status: 200, body: await handle(options, identity, body) };
      } catch (error) {
        return refusal(error);
      }
    };
  return {
    claim: endpoint(claimEvaluation),
    progress: endpoint(acceptProgress),
    result: endpoint(acceptResult),
  };
}

function refusal(error: unknown): RunnerAnswer {
  const known = error instanceof GitHubError ? githubUnavailable(error) : error;
  if (!(known instanceof RunnerError)) throw known;
  const { status, code, userMessage, retryAfterSeconds } = known;
  const body = { error: { code, message: userMessage } };
  return { status, body, ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }) };
}

function githubUnavailable(cause: GitHubError): RunnerError {
  const retryAfterSeconds = Math.ceil((cause.details.retryAfterMs ?? GITHUB_RETRY_SECONDS * 1000) / 1000);
  return new RunnerError(503, 'github_unavailable', 'GitHub cannot be asked about this run: try again', {
    retryAfterSeconds,
    cause,
  });
}

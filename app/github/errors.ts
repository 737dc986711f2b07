/** Every way in which a call can fail, as one `GitHubError` that says whether it may be repeated. */
import { GitHubError, type GitHubErrorCode } from './github.ts';

/** GitHub asks for at least a minute after a secondary limit that names no time. */
const SECONDARY_LIMIT_MS = 60_000;
/** The request never left this machine, so even a write cannot have happened. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH']);
const MESSAGE_LIMIT = 500;

export interface CallContext {
  readonly route: string;
  /** Whether the call changes something at GitHub that must not be repeated blindly. */
  readonly writes: boolean;
  readonly nowMs: number;
}

/**
 * Maps what Octokit or fetch threw. `outcomeUnknown` is set for writes that may have happened: time-outs, broken
 * connections and 5xx. Rate limits carry `retryAfterMs` from `retry-after` or `x-ratelimit-reset`.
 */
export function toGitHubError(error: unknown, context: CallContext): GitHubError {
  if (error instanceof GitHubError) return error;
  if (!isHttpError(error)) return networkError(error, context);
  const { status } = error;
  const code = codeOf(error);
  const wait = retryAfterMs(error.response.headers, context.nowMs);
  const retryAfter = wait ?? (code === 'rate_limited' ? SECONDARY_LIMIT_MS : undefined);
  return new GitHubError(code, `${context.route}: ${status} ${shorten(error.message)}`, {
    status,
    // 401 is for the operator to mend (key, App id, clock): nothing may be given up because of it
    retryable: ['rate_limited', 'server', 'unauthorized'].includes(code),
    ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }),
    outcomeUnknown: context.writes && code === 'server',
    cause: error,
  });
}

/** The answer came, with a good status, in a shape that we do not know. */
export function unreadableAnswer(context: CallContext, problem: string): GitHubError {
  return new GitHubError('server', `${context.route}: unreadable answer: ${shorten(problem)}`, {
    retryable: true,
    outcomeUnknown: context.writes,
  });
}

/** Refused here, before anything was sent. */
export function refusedLocally(code: 'invalid' | 'too_large' | 'not_found', message: string): GitHubError {
  return new GitHubError(code, message, { retryable: false, outcomeUnknown: false });
}

/** Octokit's RequestError, once an answer came. Without one it says status 500 for a broken connection. */
interface HttpError extends Error {
  readonly status: number;
  readonly response: { readonly headers: Readonly<Record<string, string | number | undefined>> };
}

function isHttpError(error: unknown): error is HttpError {
  if (!(error instanceof Error) || !('status' in error) || !('response' in error)) return false;
  return typeof error.status === 'number' && typeof error.response === 'object' && error.response !== null;
}

function codeOf(error: HttpError): GitHubErrorCode {
  const { status } = error;
  if (status === 429) return 'rate_limited';
  if (status === 403) return isRateLimit(error) ? 'rate_limited' : 'forbidden';
  if (status === 401) return 'unauthorized';
  if (status === 404 || status === 410) return 'not_found';
  if (status === 409) return 'conflict';
  if (status === 413) return 'too_large';
  if (status === 451) return 'forbidden';
  if (status >= 500 || status === 408) return 'server';
  return 'invalid';
}

function isRateLimit(error: HttpError): boolean {
  const { headers } = error.response;
  return (
    headers['retry-after'] !== undefined ||
    headers['x-ratelimit-remaining'] === '0' ||
    /\b(secondary rate limit|rate limit exceeded|abuse detection)\b/i.test(error.message)
  );
}

function retryAfterMs(headers: HttpError['response']['headers'], nowMs: number): number | undefined {
  const after = headers['retry-after'];
  if (after !== undefined) {
    const seconds = Number(after);
    const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(String(after)) - nowMs;
    if (Number.isFinite(ms)) return Math.max(0, ms);
  }
  if (String(headers['x-ratelimit-remaining']) !== '0') return undefined;
  const resetMs = Number(headers['x-ratelimit-reset']) * 1000;
  return Number.isFinite(resetMs) ? Math.max(0, resetMs - nowMs) : undefined;
}

function networkError(error: unknown, context: CallContext): GitHubError {
  const chain = causes(error);
  if (chain.some((cause) => cause instanceof GitHubError && cause.code === 'too_large'))
    return new GitHubError('too_large', `${context.route}: the answer is larger than asked for`, {
      retryable: false,
      outcomeUnknown: context.writes,
    });
  const neverSent = chain.some((cause) => NEVER_SENT.has(String((cause as { code?: unknown }).code)));
  const message = error instanceof Error ? error.message : String(error);
  return new GitHubError('network', `${context.route}: ${shorten(message)}`, {
    retryable: true,
    outcomeUnknown: context.writes && !neverSent,
    cause: error,
  });
}

function causes(error: unknown): object[] {
  const chain: object[] = [];
  for (let at = error; at instanceof Error && chain.length < 5; at = at.cause) chain.push(at);
  return chain;
}

function shorten(text: string): string {
  return text.length > MESSAGE_LIMIT ? `${text.slice(0, MESSAGE_LIMIT)}…` : text;
}

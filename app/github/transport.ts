/** Probot's Octokit, with our rules about time, repetition and errors, behind one typed call. */
import { ProbotOctokit } from 'probot';
import { boundedFetch, type Fetch } from './bounded-fetch.ts';
import { type CallContext, toGitHubError, unreadableAnswer } from './errors.ts';
import type { GitHubError } from './github.ts';
import type { Operation } from './operation.ts';

/** The last version without breaking changes; without the header GitHub may choose another one day. */
const API_VERSION = '2022-11-28';
/** GitHub itself gives up a request after ten seconds. */
const TIMEOUT_MS = 15_000;
/** A recursive tree, the largest answer that we read, is cut by GitHub at 7 MB. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

export interface Log {
  debug(...record: unknown[]): void;
  info(...record: unknown[]): void;
  warn(...record: unknown[]): void;
  error(...record: unknown[]): void;
}

export interface TransportOptions {
  /** Address of the REST API without a slash at its end. */
  readonly baseUrl: string;
  /** Unix milliseconds. */
  readonly clock: () => number;
  readonly log: Log;
  readonly fetch?: Fetch;
  /** For one exchange, from sending to the last byte of the answer. */
  readonly timeoutMs?: number;
}

/** Who calls: calls of one group share GitHub's budget, at most one write a second. */
export interface Caller {
  readonly group: string;
  readonly token: string;
}

export interface CallLimits {
  readonly maxBytes?: number;
}

export interface Transport {
  /** The parsed answer. Throws `GitHubError`, nothing else. A write is sent once; a read once more after a fault. */
  call<P, A>(
    caller: Caller,
    operation: Operation<P, A>,
    parameters: NoInfer<P>,
    limits?: CallLimits,
  ): Promise<A>;
  /** Like `call` for one page of a list, with the address of the next page. */
  page<P, A>(caller: Caller, operation: Operation<P, A>, parameters: NoInfer<P>): Promise<Page<A>>;
}

export interface Page<A> {
  readonly answer: A;
  /** Query of the next page, null on the last one. */
  readonly next: URLSearchParams | null;
}

interface Answer {
  readonly data: unknown;
  readonly headers: Readonly<Record<string, string | number | undefined>>;
}

const RefereeOctokit = ProbotOctokit.plugin((octokit) => {
  octokit.hook.before('request', (options) => {
    options.headers['x-github-api-version'] = API_VERSION;
  });
}).defaults((options: { readonly throttle?: object }) => ({
  ...options,
  // every call brings its own token; Probot's strategy would blame a 404 on a lack of authentication
  authStrategy: undefined,
  // Probot's retry repeats creations; what may be repeated is decided by the row in the database
  retry: { enabled: false },
  // as an object this would be ignored; answering false leaves waiting for the reset to the row as well
  throttle: { ...options.throttle, onRateLimit: () => false, onSecondaryRateLimit: () => false },
}));
type RefereeOctokit = InstanceType<typeof RefereeOctokit>;

export function createTransport({
  baseUrl,
  clock,
  log,
  fetch = globalThis.fetch,
  timeoutMs = TIMEOUT_MS,
}: TransportOptions): Transport {
  const groups = new Map<string, RefereeOctokit>();
  const octokitOf = (group: string) => {
    const known = groups.get(group);
    if (known) return known;
    const octokit = new RefereeOctokit({ baseUrl, log, throttle: { id: group } });
    groups.set(group, octokit);
    return octokit;
  };

  const send = async (
    caller: Caller,
    route: string,
    parameters: object,
    limits: CallLimits,
  ): Promise<Answer> =>
    octokitOf(caller.group).request(route, {
      ...parameters,
      headers: { authorization: `Bearer ${caller.token}` },
      request: {
        fetch: boundedFetch(fetch, {
          timeoutMs,
          maxBytes: limits.maxBytes ?? MAX_ANSWER_BYTES,
        }),
      },
    });

  const exchange = async <P, A>(
    caller: Caller,
    operation: Operation<P, A>,
    parameters: NoInfer<P>,
    limits: CallLimits = {},
  ): Promise<{ answer: A; headers: Answer['headers'] }> => {
    const context = (): CallContext => ({ route: operation.route, writes: operation.writes, nowMs: clock() });
    const attempt = async () => {
      try {
        return await send(caller, operation.route, parameters as object, limits);
      } catch (error) {
        throw toGitHubError(error, context());
      }
    };
    const { data, headers } = await attempt().catch((error: GitHubError) => {
      if (operation.writes || !isPassingFault(error)) throw error;
      return attempt();
    });
    const parsed = operation.answer.safeParse(data);
    if (!parsed.success) throw unreadableAnswer(context(), parsed.error.message);
    return { answer: parsed.data, headers };
  };

  return {
    call: async (caller, operation, parameters, limits) =>
      (await exchange(caller, operation, parameters, limits)).answer,
    page: async (caller, operation, parameters) => {
      const { answer, headers } = await exchange(caller, operation, parameters);
      return { answer, next: nextPage(headers.link) };
    },
  };
}

function isPassingFault(error: GitHubError): boolean {
  return error.code === 'network' || error.code === 'server';
}

function nextPage(link: unknown): URLSearchParams | null {
  const address = /<([^<>]+)>\s*;[^,<]*\brel="next"/.exec(String(link ?? ''))?.[1];
  return address !== undefined && URL.canParse(address) ? new URL(address).searchParams : null;
}

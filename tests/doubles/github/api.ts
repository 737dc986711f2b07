/** A REST call on its way through the double, and what answers it. */
import type { Account } from './accounts.ts';
import type { App } from './apps.ts';
import type { InstallationRow, RepositoryRow } from './rows.ts';

export type Caller =
  | { readonly kind: 'app'; readonly app: App }
  | {
      readonly kind: 'installation';
      readonly app: App;
      readonly installation: InstallationRow;
      readonly permissions: Record<string, string>;
      /** Null: all repositories of the installation. */
      readonly repositoryIds: readonly number[] | null;
    }
  | { readonly kind: 'user'; readonly account: Account }
  | { readonly kind: 'anonymous' };

export interface Call {
  readonly method: string;
  /** Without `/api/v3` and query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly authorization: string;
  readonly accept: string;
  readonly caller: Caller;
  /** The repository of a `/repos/…` path, readable by the caller. */
  readonly repository: RepositoryRow | null;
}

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface Route {
  readonly method: string;
  /** As GitHub documents it, e.g. `/repos/{owner}/{repo}/check-runs`. */
  readonly path: string;
  readonly answer: (call: Call, parameters: Record<string, string>) => Answer | Promise<Answer>;
}

/** Thrown where a call is refused; becomes the answer. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly errors?: readonly string[],
  ) {
    super(message);
  }

  answer(): Answer {
    return {
      status: this.status,
      body: {
        message: this.message,
        ...(this.errors && { errors: this.errors }),
        documentation_url: 'https://docs.github.com/rest',
        status: String(this.status),
      },
    };
  }
}

export const notFound = () => new Refusal(404, 'Not Found');

/** The call's repository; routes below `/repos/{owner}/{repo}` always have one. */
export function repositoryOf(call: Call): RepositoryRow {
  if (!call.repository) throw notFound();
  return call.repository;
}

export function appOf(call: Call): App {
  if (call.caller.kind !== 'app') throw new Refusal(401, 'A JSON web token could not be decoded');
  return call.caller.app;
}

/** One page of a list, by `per_page` (at most 100) and `page`, with GitHub's Link header. */
export function page<T>(
  call: Call,
  origin: string,
  items: readonly T[],
): { items: T[]; headers: Record<string, string> } {
  const size = Math.min(100, Math.max(1, Number(call.query.get('per_page') ?? 30) || 30));
  const number = Math.max(1, Number(call.query.get('page') ?? 1) || 1);
  const last = Math.max(1, Math.ceil(items.length / size));
  const link = (target: number, name: string) => {
    const query = new URLSearchParams(call.query);
    query.set('page', String(target));
    return `<${origin}/api/v3${call.path}?${query}>; rel="${name}"`;
  };
  const links = [
    ...(number > 1 ? [link(number - 1, 'prev'), link(1, 'first')] : []),
    ...(number < last ? [link(number + 1, 'next'), link(last, 'last')] : []),
  ];
  return {
    items: items.slice((number - 1) * size, number * size),
    headers: links.length > 0 ? { link: links.join(', ') } : {},
  };
}

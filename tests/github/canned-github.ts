/** A `fetch` that answers from a table of routes and remembers what it was asked; for one client at a time. */
import { generateKeyPairSync } from 'node:crypto';
import type { Fetch } from '../../app/github/bounded-fetch.ts';

export const BASE_URL = 'https://github.test/api/v3';
export const { privateKey: APP_KEY, publicKey: APP_PUBLIC_KEY } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
export const SILENT = { debug() {}, info() {}, warn() {}, error() {} };

export interface Asked {
  readonly route: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}
export interface Canned {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}
export type Answer = Canned | Error | ((asked: Asked) => Canned | Error);

/** `routes` maps `METHOD /path` to one answer, or to a list of which each call takes one and the last stays. */
export function cannedGitHub(routes: Record<string, Answer | Answer[]>) {
  const asked: Asked[] = [];
  const fetch = (async (input: string | URL, init: RequestInit) => {
    const url = new URL(input);
    const path = decodeURIComponent(url.pathname.replace(new URL(BASE_URL).pathname, ''));
    const call: Asked = {
      route: `${init.method} ${path}`,
      query: url.searchParams,
      headers: new Headers(init.headers),
      body: typeof init.body === 'string' ? JSON.parse(init.body) : {},
    };
    asked.push(call);
    const route = routes[call.route];
    const answer = Array.isArray(route) ? (route.length > 1 ? route.shift() : route[0]) : route;
    const canned = typeof answer === 'function' ? answer(call) : answer;
    if (canned instanceof Error) throw canned;
    const { status = 200, headers = {}, body } = canned ?? { status: 404, body: { message: 'Not Found' } };
    return new Response(body === undefined ? null : JSON.stringify(body), {
      status,
      headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    });
  }) as Fetch;
  return {
    fetch,
    asked,
    /** Calls of one route. */
    calls: (route: string) => asked.filter((call) => call.route === route),
  };
}

let installations = 100;
/** A new installation each time: they do not share the throttle, so no test waits for another. */
export const freshInstallation = () => {
  installations += 1;
  return installations;
};

/** An answer to a token request. */
export const aToken = (token: string, repository?: { id: number; full_name: string }, nowMs = 0): Canned => ({
  status: 201,
  body: {
    token,
    expires_at: new Date(nowMs + 3_600_000).toISOString(),
    ...(repository ? { repositories: [repository] } : {}),
  },
});

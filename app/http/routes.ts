/** Routes are data: a method, a path with `:names`, and a handler from request to reply. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Reply } from './reply.ts';

export interface HttpRequest {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Decoded values of the path's `:names`. */
  readonly params: Readonly<Record<string, string>>;
  /** Reads the body once, up to the route's limit. */
  body(): Promise<Buffer>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly handle: (request: HttpRequest) => Promise<Reply>;
  /** Bytes; required for POST. */
  readonly maxBodyBytes?: number;
  /** Any origin may read the answer, without credentials. */
  readonly openToAnyOrigin?: boolean;
}

export type Match =
  | { readonly kind: 'found'; readonly route: Route; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'wrong_method'; readonly allow: readonly string[]; readonly route: Route }
  | { readonly kind: 'none' };

/** The first route whose path fits; HEAD counts as GET. */
export function match(routes: readonly Route[], method: string, path: string): Match {
  const fitting = routes.flatMap((route) => {
    const params = valuesIn(route.path, path);
    return params === null ? [] : [{ route, params }];
  });
  const wanted = method === 'HEAD' ? 'GET' : method;
  const found = fitting.find(({ route }) => route.method === wanted);
  if (found) return { kind: 'found', ...found };
  const [first] = fitting;
  if (!first) return { kind: 'none' };
  const allow = fitting.flatMap(({ route }) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]));
  return { kind: 'wrong_method', allow, route: first.route };
}

function valuesIn(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (!part.startsWith(':')) {
      if (part !== value) return null;
      continue;
    }
    const decoded = decode(value);
    if (decoded === null || decoded === '') return null;
    params[part.slice(1)] = decoded;
  }
  return params;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

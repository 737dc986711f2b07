import type { Route } from './api.ts';

/** Parameters that may hold slashes (docs: contents, refs, compare). */
const WIDE = new Set(['path', 'ref', 'basehead', 'branch']);

export interface Match {
  readonly route: Route;
  readonly parameters: Record<string, string>;
}

/** Finds routes by method and path; the one with more fixed segments wins. */
export class Router {
  readonly #routes: { route: Route; pattern: RegExp; names: string[]; fixed: number }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes
      .map((route) => ({ route, ...compilePath(route.path) }))
      .sort((a, b) => b.fixed - a.fixed);
  }

  find(method: string, path: string): Match | null {
    for (const { route, pattern, names } of this.#routes) {
      const match = route.method === method ? pattern.exec(path) : null;
      if (!match) continue;
      const parameters = names.map((name, i) => [name, decodeURIComponent(match[i + 1] ?? '')]);
      return { route, parameters: Object.fromEntries(parameters) };
    }
    return null;
  }
}

/** Turns GitHub's path template into a pattern with one group per parameter. */
export function compilePath(template: string): { pattern: RegExp; names: string[]; fixed: number } {
  const names: string[] = [];
  const segments = template.split('/').map((segment) => {
    const name = /^\{(.+)\}$/.exec(segment)?.[1];
    if (name === undefined) return segment.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
    names.push(name);
    return WIDE.has(name) ? '(.+)' : '([^/]+)';
  });
  const fixed = segments.filter((segment) => !segment.startsWith('(')).length;
  return { pattern: new RegExp(`^${segments.join('/')}$`), names, fixed };
}

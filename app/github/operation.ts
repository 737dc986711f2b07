/**
 * What a call may carry, taken from GitHub's OpenAPI description. Octokit's own types accept any further parameter,
 * so a misspelt one would be sent and ignored; here it does not compile.
 */
import type { paths } from '@octokit/openapi-types';
import type { z } from 'zod';

type Method = 'GET' | 'POST' | 'PATCH';
type Known<T> = { [K in keyof T as string extends K ? never : K]: T[K] };
type Described<M extends Method, P extends keyof paths> =
  Lowercase<M> extends keyof paths[P] ? paths[P][Lowercase<M>] : never;
type PathOf<O> = O extends { parameters: { path: infer T } } ? T : unknown;
type QueryOf<O> = O extends { parameters: { query?: infer T } } ? Known<NonNullable<T>> : unknown;
type BodyOf<O> = O extends { requestBody?: { content: { 'application/json': infer T } } }
  ? Known<NonNullable<T>>
  : unknown;

export type ParametersOf<M extends Method, P extends keyof paths> = PathOf<Described<M, P>> &
  QueryOf<Described<M, P>> &
  BodyOf<Described<M, P>>;

export interface Operation<Parameters, Answer> {
  readonly route: `${Method} ${string}`;
  /** Whether repeating it may do a thing twice. */
  readonly writes: boolean;
  /** What we read of the answer; anything else in it is dropped. */
  readonly answer: z.ZodType<Answer>;
  /** Never present: carries the type of the parameters. */
  readonly parameters?: Parameters;
}

export function operation<const M extends Method, const P extends keyof paths & string, Answer>(
  method: M,
  path: P,
  answer: z.ZodType<Answer>,
  { writes = method !== 'GET' }: { readonly writes?: boolean } = {},
): Operation<ParametersOf<M, P>, Answer> {
  return { route: `${method} ${path}`, writes, answer };
}

/** The way of a REST call: fault, caller, permission, contract, then our own route or emulate's. */
import { createHash, randomBytes } from 'node:crypto';
import { type Answer, type Call, notFound, Refusal, type Route } from './api.ts';
import type { Authenticator } from './authenticate.ts';
import type { Contract } from './contract.ts';
import { adapt } from './emulated-answers.ts';
import type { Emulator } from './emulator.ts';
import type { Fault, Faults } from './faults.ts';
import { authorise, type PublicReads } from './permissions.ts';
import type { Repositories } from './repositories.ts';
import { Router } from './router.ts';
import type { RepositoryRow } from './rows.ts';

export interface RestRequest {
  readonly method: string;
  /** Path without `/api/v3`, and query. */
  readonly url: URL;
  readonly text: string;
  readonly authorization: string;
  readonly accept: string;
  readonly ifNoneMatch: string | undefined;
}

export interface RestOutcome {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly content: string | Buffer;
}

export interface RestParts {
  readonly emulator: Emulator;
  readonly repositories: Repositories;
  readonly authenticator: Authenticator;
  readonly contract: Contract;
  readonly faults: Faults;
  readonly routes: readonly Route[];
  readonly origin: string;
  /** Entries above which a recursive tree is cut and `truncated`; GitHub's is 100,000. */
  readonly treeLimit: number;
  readonly publicReads: PublicReads;
}

export class Rest {
  readonly #parts: RestParts;
  readonly #router: Router;

  constructor(parts: RestParts) {
    this.#parts = parts;
    this.#router = new Router(parts.routes);
  }

  /** Null when the answer shall never come. */
  async answer(request: RestRequest): Promise<RestOutcome | null> {
    const fault = this.#parts.faults.take(request.method, request.url.pathname);
    if (fault && fault.after !== 'afterEffect') return faultOutcome(fault);
    const outcome = await this.#answer(request).catch((error: unknown) => {
      if (error instanceof Refusal) return render(error.answer(), request);
      throw error;
    });
    return fault ? faultOutcome(fault) : outcome;
  }

  async #answer(request: RestRequest): Promise<RestOutcome> {
    const { authenticator, contract, publicReads } = this.#parts;
    const caller = await authenticator.caller(request.authorization);
    const redirect = this.#redirect(request);
    if (redirect) return render(redirect, request);
    const { method } = request;
    const path = this.#byName(request.url.pathname);
    const query = request.url.searchParams;
    const body = parseBody(request.text);
    const repository = this.#repository(path);
    if (repository) authorise({ method, path, caller }, repository, publicReads);
    const { authorization, accept } = request;
    const call: Call = { method, path, query, body, authorization, accept, caller, repository };
    const finding = contract.request(method, path, query, body);
    if (finding) throw new Refusal(422, 'Validation Failed (GitHub OpenAPI)', finding.errors);
    const match = this.#router.find(method, path);
    const answer = match
      ? await match.route.answer(call, match.parameters)
      : await this.#emulated(call, request.text);
    if (!Buffer.isBuffer(answer.body)) contract.response(method, path, answer.status, answer.body);
    return render(answer, request);
  }

  /** Numeric repository paths work on GitHub and survive a rename. */
  #byName(path: string): string {
    const match = /^\/repositories\/(\d+)(\/.*)?$/.exec(path);
    if (!match) return path;
    const repository = this.#parts.repositories.get(Number(match[1]));
    if (!repository) throw notFound();
    return `/repos/${repository.full_name}${match[2] ?? ''}`;
  }

  #repository(path: string): RepositoryRow | null {
    const fullName = /^\/repos\/([^/]+\/[^/]+)/.exec(path)?.[1];
    if (fullName === undefined) return null;
    const repository = this.#parts.repositories.find(decodeURIComponent(fullName));
    if (!repository) throw notFound();
    return repository;
  }

  /** A renamed or transferred repository redirects to its numeric path (docs, Best practices: follow redirects). */
  #redirect({ method, url }: RestRequest): Answer | null {
    const match = /^\/repos\/([^/]+\/[^/]+)(\/.*)?$/.exec(url.pathname);
    const fullName = match?.[1] ?? '';
    const { repositories, origin } = this.#parts;
    const repository = match && !repositories.find(fullName) ? repositories.renamedFrom(fullName) : undefined;
    if (!repository) return null;
    const location = `${origin}/api/v3/repositories/${repository.id}${match?.[2] ?? ''}${url.search}`;
    const status = method === 'GET' ? 301 : 307;
    return { status, headers: { location }, body: { message: 'Moved Permanently', url: location } };
  }

  async #emulated(call: Call, text: string): Promise<Answer> {
    const { emulator, repositories } = this.#parts;
    const authorization = call.repository ? repositories.readerFor(call.repository) : call.authorization;
    const query = call.query.size > 0 ? `?${call.query}` : '';
    const response = await emulator.ask(call.method, call.path + query, {
      authorization,
      ...(text !== '' && { body: text }),
    });
    return adapt(call, response, this.#parts);
  }
}

function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'Problems parsing JSON');
  }
}

function faultOutcome(fault: Fault): RestOutcome | null {
  if (fault.status === 'hang') return null;
  const body = fault.body ?? { message: 'Server Error' };
  return {
    status: fault.status ?? 502,
    headers: { 'content-type': 'application/json', ...fault.headers },
    content: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

function render({ status, body, headers: own }: Answer, request: RestRequest): RestOutcome {
  const content = Buffer.isBuffer(body) ? body : body === undefined ? '' : JSON.stringify(body);
  const headers: Record<string, string> = {
    'content-type': Buffer.isBuffer(body) ? 'application/octet-stream' : 'application/json; charset=utf-8',
    'x-github-request-id': randomBytes(8).toString('hex').toUpperCase(),
    'x-ratelimit-limit': '5000',
    'x-ratelimit-remaining': '4999',
    'x-ratelimit-used': '1',
    'x-ratelimit-reset': String(Math.floor(Date.now() / 1000) + 3600),
    'x-ratelimit-resource': 'core',
    ...own,
  };
  if (request.method !== 'GET' || status !== 200) return { status, headers, content };
  headers.etag = `"${createHash('sha256').update(content).digest('hex')}"`;
  const isSame = request.ifNoneMatch?.replace(/^W\//, '') === headers.etag;
  return isSame ? { status: 304, headers, content: '' } : { status, headers, content };
}

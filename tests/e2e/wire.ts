/**
 * A wire between two parts of the system: passes HTTP on, remembers every exchange, and lets a test act at the very
 * moment at which a request was sent or its answer is about to arrive.
 */
import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Exchange {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Unix milliseconds. */
  readonly at: number;
  /** Null while, or because, no answer came. */
  status: number | null;
  answer: string;
}

/** `drop`: the one who asked hears nothing, as when a connection breaks; an answer: hears that instead. */
export type Outcome =
  | 'pass'
  | 'drop'
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: unknown };
export type Act = (exchange: Exchange) => Promise<Outcome> | Outcome;
export type Matches = (exchange: Exchange) => boolean | Promise<boolean>;
export type When = 'request' | 'answer';

interface Trap {
  readonly when: When;
  readonly matches: Matches;
  readonly act: Act;
}

export class Wire {
  /** Oldest first. */
  readonly exchanges: Exchange[] = [];
  #traps: Trap[] = [];
  private constructor(
    private readonly server: http.Server,
    readonly origin: string,
  ) {}

  /** `target` is asked for each request where it goes, as an origin. */
  static async open(target: () => string): Promise<Wire> {
    const server = http.createServer();
    // whoever asks is the one that closes, so that no request goes into a connection that ends at this moment
    server.keepAliveTimeout = 0;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const wire = new Wire(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      wire.#pass(request, response, target()).catch(() => response.destroy());
    });
    return wire;
  }

  get host(): string {
    return this.origin.replace('http://', '');
  }

  /** Acts once, on the first exchange that fits: when its request came, or when its answer came. */
  once(when: When, matches: Matches, act: Act): void {
    this.#traps.push({ when, matches, act });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  async #pass(request: IncomingMessage, response: ServerResponse, target: string): Promise<void> {
    const body = await readAll(request);
    const exchange: Exchange = {
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: request.headers,
      body: body.toString('utf8'),
      at: Date.now(),
      status: null,
      answer: '',
    };
    this.exchanges.push(exchange);
    if (obeyed(await this.#trapped('request', exchange), response)) return;
    const answer = await send(target, request, body);
    const content = await readAll(answer);
    exchange.status = answer.statusCode ?? null;
    exchange.answer = content.toString('utf8');
    if (obeyed(await this.#trapped('answer', exchange), response)) return;
    const headers = withoutConnection(answer.headers);
    // A redirect stays on the wire: to another origin no credentials would follow it.
    if (headers.location?.startsWith(target))
      headers.location = this.origin + headers.location.slice(target.length);
    response.writeHead(answer.statusCode ?? 502, headers).end(content);
  }

  async #trapped(when: When, exchange: Exchange): Promise<Outcome> {
    for (const trap of this.#traps.filter((one) => one.when === when)) {
      if (!(await trap.matches(exchange)) || !this.#traps.includes(trap)) continue;
      this.#traps = this.#traps.filter((one) => one !== trap);
      return trap.act(exchange);
    }
    return 'pass';
  }
}

/** False when the exchange shall go on. */
function obeyed(outcome: Outcome, response: ServerResponse): boolean {
  if (outcome === 'pass') return false;
  if (outcome === 'drop') response.destroy();
  else
    response
      .writeHead(outcome.status, { 'content-type': 'application/json', ...outcome.headers })
      .end(JSON.stringify(outcome.body ?? { message: 'Server Error' }));
  return true;
}

function send(target: string, request: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { ...withoutConnection(request.headers), 'content-length': String(body.length) };
    const { method, url } = request;
    http
      .request(target + (url ?? '/'), { method: method ?? 'GET', headers }, resolve)
      .once('error', reject)
      .end(body);
  });
}

function withoutConnection(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const { connection: _, 'transfer-encoding': __, 'keep-alive': ___, ...rest } = headers;
  return rest;
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

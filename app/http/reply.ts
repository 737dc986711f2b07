/** What a handler answers; the server adds the headers that every answer carries. */

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

type Headers = Readonly<Record<string, string>>;

export function json(status: number, value: unknown, headers: Headers = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: `${JSON.stringify(value)}\n`,
  };
}

export function html(status: number, page: string, headers: Headers = {}): Reply {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8', ...headers }, body: page };
}

export function text(status: number, content: string, headers: Headers = {}): Reply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers }, body: content };
}

/** A refusal that is safe to show to whoever asked. Anything else that is thrown becomes a bare 500. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly retryable: boolean;
  constructor(
    readonly status: number,
    readonly code: string,
    readonly userMessage: string,
    readonly headers: Headers = {},
  ) {
    super(userMessage);
    this.retryable = status === 503 || status === 425 || status === 429;
  }

  reply(requestId: string): Reply {
    return json(
      this.status,
      { error: { code: this.code, message: this.userMessage, requestId } },
      this.headers,
    );
  }
}

/** A fetch that ends: a time limit over the whole exchange and a limit on the bytes of the answer. */
import { refusedLocally } from './errors.ts';

export type Fetch = typeof globalThis.fetch;

export interface Bounds {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

const NO_BODY = new Set([101, 204, 205, 304]);

/**
 * Reads the whole answer before it is handed on, because Octokit turns a body that breaks off into an empty string.
 * The clock starts when the request is sent, not while it waits in the throttle's queue.
 * Throws `too_large` above `maxBytes`.
 */
export function boundedFetch(fetch: Fetch, { timeoutMs, maxBytes }: Bounds): Fetch {
  return async (input, init) => {
    const answer = await fetch(input, { ...init, signal: AbortSignal.timeout(timeoutMs) });
    const body = await readBody(answer, maxBytes);
    return new Response(NO_BODY.has(answer.status) ? null : body, {
      status: answer.status,
      statusText: answer.statusText,
      headers: answer.headers,
    });
  };
}

async function readBody(answer: Response, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // leaving the loop by an exception cancels the stream
  for await (const chunk of answer.body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes)
      throw refusedLocally('too_large', `GitHub's answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** Reads request bodies within limits: per request, and of all requests together. */
import type { IncomingMessage } from 'node:http';
import { HttpError } from './reply.ts';

/** Bytes that the long bodies being read may still take together. */
export interface BodyBudget {
  available: number;
}

/** Of every body this much is free, so that senders of long ones cannot keep out the deliveries and runners' calls. */
const FREE_BYTES = 64 * 1024;

/**
 * The whole body, at most `maxBytes`. Throws 413 as soon as it is known to be longer, without reading the rest, and
 * 503 when it is a long one and the budget of all is used up: senders that never prove anything cannot fill the memory.
 */
export function readBody(request: IncomingMessage, maxBytes: number, budget: BodyBudget): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge(maxBytes));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let taken = 0;
    let charged = 0;
    const stop = () => {
      request.off('data', take).off('end', done).off('close', aborted);
      budget.available += charged;
    };
    const refuse = (error: HttpError) => {
      stop();
      // paused, not destroyed: the socket still has to carry the answer
      request.pause();
      reject(error);
    };
    const take = (chunk: Buffer) => {
      taken += chunk.length;
      const due = Math.max(0, taken - FREE_BYTES) - charged;
      charged += due;
      budget.available -= due;
      if (taken > maxBytes) refuse(tooLarge(maxBytes));
      else if (charged > 0 && budget.available < 0) refuse(busy());
      else chunks.push(chunk);
    };
    const done = () => {
      stop();
      resolve(Buffer.concat(chunks, taken));
    };
    const aborted = () => {
      stop();
      reject(new HttpError(400, 'aborted', 'the request ended before its body did'));
    };
    request.on('data', take).on('end', done).on('close', aborted);
    // without a listener a broken connection would end the process; `close` follows and says it
    request.on('error', () => {});
  });
}

function tooLarge(maxBytes: number): HttpError {
  return new HttpError(413, 'too_large', `the body is longer than ${maxBytes} bytes`);
}

function busy(): HttpError {
  return new HttpError(503, 'busy', 'too many large requests at once: try again', { 'retry-after': '5' });
}

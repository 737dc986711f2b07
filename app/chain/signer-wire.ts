/** What is said over the signer's socket: one JSON object a line, a request and its answer. */
import { z } from 'zod';
import type { Hotkey } from '../ids.ts';

/** Longer lines are none of ours: a call with the largest ciphertext takes 11 KiB. */
export const MAX_LINE_BYTES = 64 * 1024;

export const SignerRequest = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('identity') }),
  z.object({ ask: z.literal('sign'), payload: z.unknown() }),
]);

export const SignerAnswer = z.discriminatedUnion('answer', [
  z.object({
    answer: z.literal('identity'),
    hotkey: z.string().transform((text) => text as Hotkey),
    netuid: z.number().int(),
    genesisHash: z.string(),
    proxyFor: z
      .string()
      .transform((text) => text as Hotkey)
      .nullable(),
  }),
  z.object({
    answer: z.literal('signed'),
    id: z.number().int(),
    signature: z
      .string()
      .regex(/^0x01[0-9a-f]{128}$/)
      .transform((text) => text as `0x${string}`),
  }),
  z.object({ answer: z.literal('refused'), code: z.string(), message: z.string() }),
]);
export type SignerAnswer = z.infer<typeof SignerAnswer>;

/** Gives whole lines to `onLine`; a line that grows too long to `onTooLong`, after which nothing more comes. */
export function lineReader(onLine: (line: string) => void, onTooLong: () => void): (chunk: Buffer) => void {
  let waiting = Buffer.alloc(0);
  let over = false;
  return (chunk) => {
    if (over) return;
    waiting = Buffer.concat([waiting, chunk]);
    for (let end = waiting.indexOf(10); end >= 0 && end <= MAX_LINE_BYTES; end = waiting.indexOf(10)) {
      const line = waiting.subarray(0, end).toString('utf8');
      waiting = waiting.subarray(end + 1);
      onLine(line);
    }
    if (waiting.length > MAX_LINE_BYTES) {
      over = true;
      onTooLong();
    }
  };
}

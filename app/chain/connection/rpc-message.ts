/** What a node sends over its socket. Pure. */
import { z } from 'zod';

const Answer = z.object({ jsonrpc: z.literal('2.0'), id: z.number().int(), result: z.unknown() });
const Refused = z.object({
  jsonrpc: z.literal('2.0'),
  id: z.number().int(),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }),
});
const Notice = z.object({
  jsonrpc: z.literal('2.0'),
  method: z.string(),
  params: z.object({ subscription: z.union([z.string(), z.number()]), result: z.unknown() }),
});
const Message = z.union([Refused, Notice, Answer]);

export type RpcMessage = z.infer<typeof Message>;

/** Null for anything that is no message of JSON-RPC 2.0: it must not end the process that reads it. */
export function parseMessage(text: string): RpcMessage | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  return Message.safeParse(json).data ?? null;
}

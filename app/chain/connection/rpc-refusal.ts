/** An error that a node answered, and what it means for a connection. Pure. */
import { ChainError } from '../chain.ts';

/** A JSON-RPC error object, as the node sent it. */
export class RpcRefusal extends Error {
  override readonly name = 'RpcRefusal';
  constructor(
    readonly code: number,
    readonly text: string,
    readonly data: unknown,
  ) {
    super(
      `${code}: ${text}${data === undefined ? '' : `: ${typeof data === 'string' ? data : JSON.stringify(data)}`}`,
    );
  }
}

/** Nodes word it differently: discarded state, an unknown or missing header, a body that was pruned. */
const PRUNED =
  /state already discarded|unknownblock|header was not found|unknown block|block .{0,80}not found|missing trie|state .*pruned/i;
const BUSY = /too many requests|rate.?limit|limit exceeded|server is busy/i;

/** The refusal of one request as a `ChainError` that names the endpoint; its `cause` is the refusal. */
export function refusalError(endpoint: string, method: string, refusal: RpcRefusal): ChainError {
  const said = refusal.message.slice(0, 300);
  if (PRUNED.test(said))
    return new ChainError(
      'pruned',
      `${endpoint} does not have the state of that block any more (${said}): add an endpoint that keeps older blocks`,
      refusal,
    );
  if (BUSY.test(said))
    return new ChainError(
      'unreachable',
      `${endpoint} takes no more requests for now (${said}): add another endpoint, or one with a higher limit`,
      refusal,
    );
  return new ChainError(
    'protocol',
    `${endpoint} refused ${method} (${said}): where this repeats, use another endpoint`,
    refusal,
  );
}

/** The refusal behind an error; null when it has another cause. */
export function refusalOf(error: unknown): RpcRefusal | null {
  return error instanceof ChainError && error.cause instanceof RpcRefusal ? error.cause : null;
}

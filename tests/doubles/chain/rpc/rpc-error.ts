/** A refusal in the shape that a node answers with. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  constructor(
    readonly code: number,
    message: string,
    readonly data?: unknown,
  ) {
    super(message);
  }
}

/** `sc_rpc` code 1010: the pool looked at a transaction and will not have it. */
export const invalid = (why: string) => new RpcError(1010, 'Invalid Transaction', why);
/** The code of a refusal by subtensor's own extension. */
export const customInvalid = (code: number) => invalid(`Custom error: ${code}`);
/** Code 1014: another transaction that does the same waits already. */
export const priorityTooLow = () =>
  new RpcError(
    1014,
    'Priority is too low: (1 vs 1)',
    'The transaction has too low priority to replace another transaction already in the pool.',
  );

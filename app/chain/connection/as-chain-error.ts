/** Any error of a connection as a `ChainError`. */
import { ChainError } from '../chain.ts';

/** polkadot-js throws plain errors where it cannot decode what a node sent. */
export function asChainError(error: unknown, endpoint: string): ChainError {
  if (error instanceof ChainError) return error;
  const said = error instanceof Error ? error.message : String(error);
  return new ChainError('protocol', `what ${endpoint} sent cannot be read: ${said.slice(0, 200)}`, error);
}

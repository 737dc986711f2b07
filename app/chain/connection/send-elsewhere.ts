/** When an endpoint has had its chance with a transaction: one that takes it and never passes it on looks like any other. */
import { ChainError } from '../chain.ts';
import type { Connection } from './open.ts';

/** Sent at every block, it is final after four or five. */
const PATIENCE = 8;

/**
 * Counts how often the same bytes are sent over the same connection, and ends one over which they went too often: the next
 * endpoint then gets them. Where there is no other, nothing is gained by it.
 */
export function patience(endpoints: number): (connection: Connection, bytes: string) => void {
  let last: { readonly connection: Connection; readonly bytes: string; times: number } | null = null;
  return (connection, bytes) => {
    if (last?.connection !== connection || last.bytes !== bytes) last = { connection, bytes, times: 0 };
    if (last.times >= PATIENCE && endpoints > 1)
      connection.end(
        new ChainError(
          'unreachable',
          `${connection.endpoint} was sent the same transaction ${PATIENCE} times and no finalized block has it: another endpoint is tried`,
        ),
      );
    else last.times += 1;
  };
}

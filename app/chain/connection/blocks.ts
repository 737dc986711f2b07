/** Finalized blocks by number, and nothing that a fork could still take back. */
import { z } from 'zod';
import { ChainError } from '../chain.ts';
import type { Connection } from './open.ts';

const HASH = /^0x[0-9a-f]{64}$/;
const Header = z.object({
  // a node writes hex, chopsticks a number
  number: z.union([
    z.number().int().nonnegative(),
    z
      .string()
      .regex(/^0x[0-9a-f]{1,8}$/)
      .transform(Number),
  ]),
  parentHash: z.string().regex(HASH),
});

export interface Head {
  readonly hash: string;
  readonly number: number;
  readonly parentHash: string;
}

export async function finalizedHead(connection: Connection): Promise<Head> {
  const hash = hashOf(connection, await connection.request('chain_getFinalizedHead'));
  if (hash === null) throw new ChainError('protocol', `${connection.endpoint} has no finalized block`);
  const head = await headOf(connection, hash);
  finalizedUpTo.set(connection, Math.max(head.number, finalizedUpTo.get(connection) ?? 0));
  return head;
}

/** Finality never goes back, so a number that was final once is not asked for again. */
const finalizedUpTo = new WeakMap<Connection, number>();

/**
 * The hash of the finalized block of that number. By number a node would also give blocks that are not final yet, so one that
 * is behind answers with a retryable `ChainError` instead.
 */
export async function finalizedHash(connection: Connection, number: number): Promise<string> {
  if (number > (finalizedUpTo.get(connection) ?? -1)) {
    const head = await finalizedHead(connection);
    if (head.number < number)
      throw new ChainError(
        'unreachable',
        `${connection.endpoint} has finalized block ${head.number} and not yet ${number}: it is behind, look again later`,
      );
  }
  const hash = hashOf(connection, await connection.request('chain_getBlockHash', [number]));
  if (hash === null)
    throw new ChainError(
      'pruned',
      `${connection.endpoint} does not know block ${number}: add an endpoint that keeps older blocks`,
    );
  return hash;
}

export async function headOf(connection: Connection, hash: string): Promise<Head> {
  const header = Header.safeParse(await connection.request('chain_getHeader', [hash]));
  if (!header.success)
    throw new ChainError(
      'pruned',
      `${connection.endpoint} does not have the header of block ${hash}`,
      header.error,
    );
  return { hash, ...header.data };
}

function hashOf(connection: Connection, answer: unknown): string | null {
  if (answer === null) return null;
  if (typeof answer === 'string' && HASH.test(answer)) return answer;
  throw new ChainError(
    'protocol',
    `${connection.endpoint} gave no block hash: ${JSON.stringify(answer)?.slice(0, 80)}`,
  );
}

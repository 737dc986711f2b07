/** Hands signed bytes to a node's pool. */
import { ChainError, type SubmitAnswer } from '../chain.ts';
import type { Connection } from './open.ts';
import { poolAnswer } from './pool-problems.ts';
import { refusalOf } from './rpc-refusal.ts';

/**
 * By `author_submitExtrinsic`: what a subscription would tell of its fate is not dependable, and the chain tells it. Rejects
 * with a retryable `ChainError` where it is unknown whether the bytes arrived, or the node takes none now.
 */
export async function submitBytes(connection: Connection, bytes: string): Promise<SubmitAnswer> {
  try {
    await connection.request('author_submitExtrinsic', [bytes]);
    return { kind: 'pending' };
  } catch (error) {
    const refusal = refusalOf(error);
    // the code of a missing method, which no pool answers
    if (refusal === null || refusal.code === -32601) throw error;
    const answer = poolAnswer(refusal);
    if (answer.kind !== 'later') return answer;
    throw new ChainError(
      'unreachable',
      `the pool of ${connection.endpoint} takes no transaction now (${answer.said.slice(0, 200)}): the same one is sent again`,
      error,
    );
  }
}

/** How many attempts to set weights failed, and of what. */
import type { Queryable } from './connection.ts';

/** By code of the failure, of every replica since the beginning. */
export async function weightFailures(
  db: Queryable,
  chain: { readonly genesisHash: string; readonly netuid: number },
): Promise<ReadonlyMap<string, number>> {
  const { genesisHash, netuid } = chain;
  const rows: { failureCode: string | null; count: number | string }[] = await db('weightSets')
    .where({ genesisHash, netuid, state: 'failed' })
    .groupBy('failureCode')
    .select('failureCode')
    .count('* as count');
  return new Map(rows.map(({ failureCode, count }) => [failureCode ?? 'unknown', Number(count)]));
}

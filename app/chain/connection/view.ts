/** Everything at one block. */
import { ChainError, type ChainView } from '../chain.ts';
import type { Head } from './blocks.ts';
import type { Connection } from './open.ts';
import { runtimeAt } from './runtime.ts';

export async function viewOf(connection: Connection, { hash, number, parentHash }: Head): Promise<ChainView> {
  const runtime = await runtimeAt(connection, hash, parentHash);
  const api = await connection.api.at(hash);
  const now = api.query.timestamp?.now;
  if (now === undefined)
    throw new ChainError(
      'protocol',
      `the runtime behind ${connection.endpoint} tells no time: it has no Timestamp pallet`,
    );
  const timestamp = await now();
  return {
    block: { number, hash },
    timestampMs: Number(timestamp.toString()),
    specVersion: runtime.specVersion,
    calls: runtime.calls,
    runtimeProblems: runtime.problems,
    api,
  };
}

/** Looks for an extrinsic in finalized blocks, under whatever signature. */
import { hexToU8a } from '@polkadot/util';
import { blake2AsHex } from '@polkadot/util-crypto/blake2';
import { z } from 'zod';
import { ChainError, type Outcome } from '../chain.ts';
import { eventsOf, resultOf } from './block-events.ts';
import { finalizedHash } from './blocks.ts';
import type { Connection } from './open.ts';
import { unsignedPart } from './unsigned-part.ts';

const Block = z.object({ block: z.object({ extrinsics: z.array(z.string()) }) });
/** Blocks that are asked for at once. */
const BATCH = 8;

/**
 * In the blocks `from` to `to`, both included. Rejects with `ChainError`: retryable where `to` is not final on this endpoint
 * yet, `pruned` where it found the extrinsic and the state that tells its result is gone.
 */
export async function findExtrinsic(
  connection: Connection,
  bytes: string,
  from: number,
  to: number,
): Promise<Outcome | null> {
  if (to < from) return null;
  const wanted = unsignedPart(hexToU8a(bytes));
  // first, so that the others need not ask whether they are final
  await finalizedHash(connection, to);
  for (let first = from; first <= to; first += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, to - first + 1) }, (_, step) => first + step);
    const blocks = await Promise.all(numbers.map((number) => bodyOf(connection, number)));
    for (const { number, hash: blockHash, extrinsics } of blocks) {
      const index = extrinsics.findIndex((each) => unsignedPart(hexToU8a(each)) === wanted);
      const found = extrinsics[index];
      if (found === undefined) continue;
      const hash = blake2AsHex(hexToU8a(found), 256);
      const result = resultOf(await eventsOf(await connection.api.at(blockHash)), index);
      if (result === null)
        throw new ChainError(
          'protocol',
          `block ${number} has ${hash}, and its events do not say what became of it`,
        );
      return { block: { number, hash: blockHash }, index, bytes: found, hash, ...result };
    }
  }
  return null;
}

interface Body {
  readonly number: number;
  readonly hash: string;
  /** In order. */
  readonly extrinsics: readonly string[];
}

async function bodyOf(connection: Connection, number: number): Promise<Body> {
  const hash = await finalizedHash(connection, number);
  const answer = Block.safeParse(await connection.request('chain_getBlock', [hash]));
  if (!answer.success)
    throw new ChainError(
      'pruned',
      `${connection.endpoint} does not have the content of block ${number}: add an endpoint that keeps older blocks`,
      answer.error,
    );
  return { number, hash, extrinsics: answer.data.block.extrinsics };
}

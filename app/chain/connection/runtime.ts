/** The runtime that made a block: which calls it has, and whether its transactions may be signed. */
import { z } from 'zod';
import type { MetadataCall } from '../calls.ts';
import { metadataCalls } from '../calls-metadata.ts';
import { ChainError } from '../chain.ts';
import type { Connection } from './open.ts';
import { runtimeProblems } from './runtime-guard.ts';

export const RuntimeVersion = z.object({
  specVersion: z.number().int(),
  transactionVersion: z.number().int(),
});
export type RuntimeVersion = z.infer<typeof RuntimeVersion>;

export interface Runtime extends RuntimeVersion {
  readonly calls: readonly MetadataCall[];
  readonly problems: readonly string[];
}

/** Reading metadata of a real chain takes a while, and an epoch of blocks shares it. */
const known = new WeakMap<object, Runtime>();

/**
 * As polkadot-js decodes this block: the runtime of its parent's state, which made the block and wrote what is stored at it.
 */
export async function runtimeAt(connection: Connection, hash: string, parentHash: string): Promise<Runtime> {
  const { metadata, registry } = await connection.api.getBlockRegistry(bytesOf(hash));
  const before = known.get(registry);
  if (before !== undefined) return before;
  const version = await runtimeVersion(connection, parentHash);
  const runtime = {
    ...version,
    calls: metadataCalls(metadata),
    problems: runtimeProblems(metadata, version.transactionVersion),
  };
  known.set(registry, runtime);
  return runtime;
}

/** Of the runtime that stands at a block, or at the newest one: it makes the next block. */
export async function runtimeVersion(connection: Connection, hash?: string): Promise<RuntimeVersion> {
  const answer = RuntimeVersion.safeParse(
    await connection.request('state_getRuntimeVersion', hash === undefined ? [] : [hash]),
  );
  if (answer.success) return answer.data;
  throw new ChainError('protocol', `${connection.endpoint} gave no runtime version`, answer.error);
}

const bytesOf = (hash: string): Uint8Array => Buffer.from(hash.slice(2), 'hex');

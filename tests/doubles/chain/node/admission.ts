/** What a transaction has to pass before it waits, and again before it is in a block. */

import { guard } from '../pallet/guards.ts';
import { weightCall } from '../pallet/weight-call.ts';
import { customInvalid, priorityTooLow } from '../rpc/rpc-error.ts';
import { checkSignature, deathOf, type SignedExtrinsic } from './extrinsic.ts';
import type { ChainNode } from './node.ts';
import type { PoolStatus } from './pool.ts';

/** Puts it into the pool. Throws `RpcError`. */
export function admit(
  node: ChainNode,
  extrinsic: SignedExtrinsic,
  watch: (status: PoolStatus) => void,
): void {
  check(node, extrinsic);
  const refusal = node.options.faults.takeRefusal();
  if (refusal !== null) throw refusal;
  if (isSecondCommit(node, extrinsic)) throw priorityTooLow();
  const death = deathOf(extrinsic, node.nextBlock);
  node.pool.add({ extrinsic, death, watch }, node.nonceOf(extrinsic.signer));
}

/** Throws `RpcError`. */
export function check(node: ChainNode, extrinsic: SignedExtrinsic): void {
  const { runtime, ledger, nextBlock, state, options } = node;
  checkSignature(extrinsic, {
    runtime,
    genesisHash: ledger.genesis.hash,
    nextBlock,
    hashOf: (number) => ledger.hashOf(number),
  });
  const code = guard(state, extrinsic.call, extrinsic.signer, options);
  if (code !== null) throw customInvalid(code);
}

/** The newest runtimes let one commit of a hotkey and mechanism wait at a time. */
function isSecondCommit({ pool, options }: ChainNode, { signer, call }: SignedExtrinsic): boolean {
  const commit = weightCall(call);
  if (commit?.kind !== 'timelocked' || !options.commitsRateLimitedInPool) return false;
  return pool.of(signer).some(({ extrinsic }) => {
    const other = weightCall(extrinsic.call);
    return other?.kind === 'timelocked' && other.netuid === commit.netuid && other.mecid === commit.mecid;
  });
}

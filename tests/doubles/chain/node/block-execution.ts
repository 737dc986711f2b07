/** One block: its beginning, its inherent, and the transactions that it takes, with the events of each. */
import { compactToU8a, u8aConcat, u8aToHex } from '@polkadot/util';
import { roundAt } from '../beacon.ts';
import { TIMESTAMP_INDEX } from '../metadata/frame-pallets.ts';
import { dispatch } from '../pallet/dispatch.ts';
import type { PalletEvent } from '../pallet/dispatch-result.ts';
import { epochAt, runEpochs } from '../pallet/epochs.ts';
import { proxiedCall } from '../pallet/proxies.ts';
import { revealCommits } from '../pallet/reveal.ts';
import { weightCall } from '../pallet/weight-call.ts';
import type { ChainNode } from './node.ts';
import type { Pooled } from './pool.ts';
import type { Hex, Phase } from './runtime.ts';

const INFO = { weight: { refTime: 0, proofSize: 0 }, class: 'Normal', paysFee: 'No' };
/** Rounds that a beacon is ahead of what the chain has stored of it. */
const STORED_LATE_BY = 1;

export interface ExecutedBlock {
  readonly extrinsics: readonly Hex[];
  readonly included: readonly Pooled[];
}

export function executeBlock(
  node: ChainNode,
  candidates: readonly Pooled[],
  isStillGood: (pooled: Pooled) => boolean,
): ExecutedBlock {
  const { state, options } = node;
  const { block } = state;
  const records: Uint8Array[] = [];
  const emit = (phase: Phase, events: readonly PalletEvent[]) => {
    for (const [name, data] of events) records.push(state.runtime.event(phase, name, data));
  };
  state.write('System.Number', [], block);
  emit('Initialization', revealCommits(node));
  runEpochs(state, node.netuids);

  const now = node.timeOf(block);
  state.write('Timestamp.Now', [], now);
  emit({ ApplyExtrinsic: 0 }, [['System.ExtrinsicSuccess', [{ ...INFO, class: 'Mandatory' }]]]);
  state.write('Drand.LastStoredRound', [], Math.max(0, roundAt(options.beacon, now) - STORED_LATE_BY));

  const included: Pooled[] = [];
  for (const pooled of candidates) {
    // one that was good when it came may not be any more: the one before it used the rate limit up
    if (!isStillGood(pooled)) continue;
    const index = included.length + 1;
    emit({ ApplyExtrinsic: index }, apply(node, pooled, index));
    included.push(pooled);
    node.pool.remove(pooled);
  }
  const events = u8aConcat(compactToU8a(records.length), ...records);
  node.storage.put(state.runtime.key('System.Events'), u8aToHex(events), block);
  return { extrinsics: [inherent(now), ...included.map(({ extrinsic }) => extrinsic.bytes)], included };
}

function apply(node: ChainNode, { extrinsic }: Pooled, index: number): PalletEvent[] {
  const { state, record, options } = node;
  const { hash, signer, nonce, call } = extrinsic;
  const account = state.json<Record<string, unknown>>('System.Account', signer);
  state.write('System.Account', [signer], { ...account, nonce: nonce + 1 });
  const proxied = proxiedCall(call);
  const hotkey = proxied?.real ?? signer;
  const weights = weightCall(proxied?.call ?? call);
  const epoch = weights === null ? null : epochAt(state, weights.netuid);
  const result = dispatch(state, call, signer, () => options.faults.takeDispatchError());
  const inner = (result.ok ? result.inner : undefined) ?? result;
  const error = inner.ok ? null : inner.error;
  record.inclusions.push({
    ...{ hash, block: state.block, index, signer, nonce },
    ...{ hotkey, call: weights, epoch, error },
  });
  return result.ok
    ? [...result.events, ['System.ExtrinsicSuccess', [INFO]]]
    : [['System.ExtrinsicFailed', [state.runtime.moduleError(result.error), INFO]]];
}

/** `timestamp.set`, which begins every block and is signed by nobody. */
function inherent(now: number): Hex {
  const unsignedVersion = 4;
  const setCall = 0;
  const body = u8aConcat([unsignedVersion, TIMESTAMP_INDEX, setCall], compactToU8a(now));
  return u8aToHex(u8aConcat(compactToU8a(body.length), body));
}

/** What a call does to the state. */
import type { Call } from '@polkadot/types/interfaces';
import type { ChainState } from './chain-state.ts';
import type { DispatchResult } from './dispatch-result.ts';
import { setWeights } from './set-weights.ts';
import { weightCall } from './weight-call.ts';

/** Runs a call in the name of an account. */
export function dispatch(state: ChainState, call: Call, account: string): DispatchResult {
  const weights = weightCall(call);
  if (weights === null) return { ok: true, events: [] };
  if (weights.kind === 'plain') {
    const result = setWeights(state, { ...weights, hotkey: account });
    return typeof result === 'string'
      ? { ok: false, error: `SubtensorModule.${result}` }
      : { ok: true, events: result };
  }
  return { ok: true, events: [] };
}

/** What a call does to the state. */
import type { Call } from '@polkadot/types/interfaces';
import type { ChainState } from '../node/chain-state.ts';
import { commitWeights } from './commit-weights.ts';
import type { DispatchResult, PalletEvent } from './dispatch-result.ts';
import { mayProxy, proxiedCall } from './proxies.ts';
import { setWeights } from './set-weights.ts';
import { weightCall } from './weight-call.ts';

/** Runs a call in the name of an account. `forced`: the error that a weight call ends in whatever it says, where there is one. */
export function dispatch(
  state: ChainState,
  call: Call,
  account: string,
  forced: () => string | null,
): DispatchResult {
  const proxied = proxiedCall(call);
  if (proxied !== null) {
    if (!mayProxy(state, account, proxied)) return { ok: false, error: 'Proxy.NotProxy' };
    const inner = dispatch(state, proxied.call, proxied.real, forced);
    return { ok: true, events: [...(inner.ok ? inner.events : []), executed(state, inner)], inner };
  }
  const weights = weightCall(call);
  if (weights === null) return { ok: true, events: [] };
  const error = forced();
  if (error !== null) return { ok: false, error };
  const result =
    weights.kind === 'plain'
      ? setWeights(state, { ...weights, hotkey: account })
      : commitWeights(state, { ...weights, hotkey: account });
  return typeof result === 'string'
    ? { ok: false, error: `SubtensorModule.${result}` }
    : { ok: true, events: result };
}

function executed({ runtime }: ChainState, inner: DispatchResult): PalletEvent {
  const result = inner.ok ? { Ok: null } : { Err: runtime.moduleError(inner.error) };
  return ['Proxy.ProxyExecuted', [result]];
}

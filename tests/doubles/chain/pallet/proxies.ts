/** Who may make calls for whom. */
import type { Call } from '@polkadot/types/interfaces';
import type { Codec } from '@polkadot/types/types';
import { NON_FUNGIBLE } from '../metadata/frame-pallets.ts';
import type { ChainState } from '../node/chain-state.ts';
import { addressOf } from './subnet-state.ts';

interface Definition {
  readonly delegate: string;
  readonly proxyType: string;
  readonly delay: number;
}

export interface ProxiedCall {
  readonly real: string;
  /** Null where the caller names no type. */
  readonly forcedType: string | null;
  readonly call: Call;
}

/** Types that let calls of SubtensorModule pass which move no funds. */
const ALLOWED = new Set(['Any', 'NonCritical', 'NonTransfer', 'NonFungible', 'NonFungibile']);

/** Null for a call that is no `proxy.proxy`. */
export function proxiedCall(call: Call): ProxiedCall | null {
  if (call.section !== 'proxy' || call.method !== 'proxy') return null;
  const [real, forcedType, inner] = call.args as unknown as [
    Codec,
    Codec & { readonly isNone: boolean },
    Call,
  ];
  return {
    real: addressOf(real.toString()),
    forcedType: forcedType.isNone ? null : forcedType.toString(),
    call: inner,
  };
}

/** Whether the delegate may make this call at once. */
export function mayProxy(state: ChainState, delegate: string, { real, forcedType }: ProxiedCall): boolean {
  return definitions(state, real).some(
    (each) =>
      addressOf(each.delegate) === delegate &&
      each.delay === 0 &&
      ALLOWED.has(each.proxyType) &&
      (forcedType === null || each.proxyType === forcedType),
  );
}

export function setProxies(state: ChainState, real: string, delegates: readonly string[]): void {
  const list = delegates.map((delegate) => ({ delegate, proxyType: NON_FUNGIBLE, delay: 0 }));
  state.write('Proxy.Proxies', [real], [list, 93_000_000]);
}

function definitions(state: ChainState, real: string): readonly Definition[] {
  return state.json<[Definition[], number]>('Proxy.Proxies', real)[0];
}

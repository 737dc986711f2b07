/** Events of a block, and what the ones of an extrinsic say of it. */
import type { ApiDecoration } from '@polkadot/api/types';
import type { DispatchError, EventRecord } from '@polkadot/types/interfaces';
import type { Registry } from '@polkadot/types/types';
import { ChainError, type ChainProblem } from '../chain.ts';
import { chainProblem } from './chain-problems.ts';
import { moduleProblem } from './module-problems.ts';

export async function eventsOf(api: ApiDecoration<'promise'>): Promise<readonly EventRecord[]> {
  const events = api.query.system?.events;
  if (events === undefined)
    throw new ChainError('protocol', 'the runtime has no System.Events: nothing can be read of its blocks');
  return (await events()) as unknown as readonly EventRecord[];
}

export interface ExtrinsicResult {
  /** Null when it succeeded; of a call behind a proxy, the inner one. */
  readonly problem: ChainProblem | null;
  /** `section.method`, in order. */
  readonly events: readonly string[];
}

/** Of the extrinsic at this place in its block. Null when the events say neither success nor failure. */
export function resultOf(records: readonly EventRecord[], index: number): ExtrinsicResult | null {
  const own = records
    .filter(({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.eq(index))
    .map(({ event }) => event);
  const events = own.map(({ section, method }) => `${section}.${method}`);
  const failed = own.find(({ section, method }) => section === 'system' && method === 'ExtrinsicFailed');
  if (failed !== undefined) return { problem: dispatchProblem(failed.registry, failed.data[0]), events };
  if (!events.includes('system.ExtrinsicSuccess')) return null;
  // a proxy's call succeeds although what it carries fails
  const proxied = own.find(({ section, method }) => section === 'proxy' && method === 'ProxyExecuted');
  const inner = proxied?.data[0] as unknown as
    | { readonly isErr: boolean; readonly asErr: unknown }
    | undefined;
  const problem =
    proxied !== undefined && inner?.isErr ? dispatchProblem(proxied.registry, inner.asErr) : null;
  return { problem, events };
}

function dispatchProblem(registry: Registry, error: unknown): ChainProblem {
  const dispatch = error as DispatchError;
  if (!dispatch.isModule) return chainProblem('unknown', dispatch.toString());
  const { section, name, docs } = registry.findMetaError(dispatch.asModule);
  return moduleProblem(section, name, docs.join(' ').trim());
}

/** What would be sent if it were time: the row, the call that carries it, the epoch and the reveal. Pure. */
import type { Share } from '../../scoring/shares.ts';
import { chooseCall, type MetadataCall, type RuntimeCall } from '../calls.ts';
import {
  type BeaconClock,
  commitEpoch,
  EpochError,
  type EpochSchedule,
  firstRevealBlock,
  revealRound,
} from '../epoch.ts';
import { leavesTime } from '../epoch-window.ts';
import { type LoosePolicy, type Normalised, normalise, type WeightRow } from '../normalise.ts';
import type { SubnetState } from '../subnet.ts';
import type { ChainAlert } from './report.ts';

export interface Draft {
  /** The epoch that a call included in the next block counts to. */
  readonly epoch: number;
  readonly call: RuntimeCall;
  readonly row: WeightRow;
  /** Null for plain weights. */
  readonly reveal: (RevealWindow & { readonly round: number }) | null;
}

export interface RevealWindow {
  /** First block in which the chain tries to open the commit, and the block from which it tries no more. */
  readonly from: number;
  readonly until: number;
}

export interface Drafted {
  readonly path: 'timelocked' | 'plain' | 'none';
  /** Null when there is nobody to give weight to. */
  readonly row: WeightRow | null;
  /** Null when `why` says that nothing can be sent at this block. */
  readonly draft: Draft | null;
  readonly why: string | null;
  readonly alerts: readonly ChainAlert[];
}

export interface DraftPolicy {
  readonly loose: LoosePolicy;
  readonly beacon: BeaconClock;
}

/** Draws up the weights for `shares` at the one block of `state`, whose clock counts and not ours. */
export function draftWeights(
  shares: readonly Share[],
  state: SubnetState,
  calls: readonly MetadataCall[],
  policy: DraftPolicy,
): Drafted {
  if (!state.exists)
    return nothing('none', null, [
      page('no_subnet', `there is no subnet ${state.netuid} on this chain: set the netuid right`),
    ]);
  const choice = chooseCall(calls, { commitReveal: state.commitReveal, version: state.commitRevealVersion });
  const passedOver = choice.passedOver.map(({ name, why }) => warn('call_passed_over', `${name}: ${why}`));
  const path = choice.kind === 'call' ? choice.call.kind : 'none';
  const normalised = rowOrNone(shares, state, policy);
  if (normalised.kind === 'skip')
    return nothing(path, null, [...passedOver, page(normalised.code, normalised.message)]);
  const { row } = normalised;
  if (choice.kind === 'refused')
    return nothing(path, row, [...passedOver, page('unknown_runtime', choice.message)]);
  const { tempo } = state.schedule;
  if (tempo > 0 && !leavesTime(state.schedule)) {
    const message = `a tempo of ${tempo} leaves no block in which weights can be sent and be sure to be in their epoch: ask the owner of subnet ${state.netuid}`;
    return nothing(path, row, [...passedOver, page('schedule', message)]);
  }
  try {
    const draft: Draft = {
      epoch: commitEpoch(state.schedule),
      call: choice.call,
      row,
      reveal: choice.call.kind === 'plain' ? null : revealOf(state, policy.beacon),
    };
    return { path, row, draft, why: null, alerts: passedOver };
  } catch (error) {
    if (!(error instanceof EpochError)) throw error;
    const alerts = error.retryable ? passedOver : [...passedOver, page('schedule', error.userMessage)];
    return { path, row, draft: null, why: error.userMessage, alerts };
  }
}

/** When the chain opens a commit that is included in the block after the schedule's. Throws `EpochError`. */
export function revealWindow(schedule: EpochSchedule, revealPeriodEpochs: number): RevealWindow {
  const from = firstRevealBlock(schedule, revealPeriodEpochs);
  // an epoch lasts the tempo; on the old chain a block more
  return { from, until: from + schedule.tempo + (schedule.form === 'modulo' ? 1 : 0) };
}

function revealOf({ schedule, revealPeriodEpochs, timestampMs }: SubnetState, beacon: BeaconClock) {
  const nowSeconds = Math.floor(timestampMs / 1_000);
  return {
    ...revealWindow(schedule, revealPeriodEpochs),
    round: revealRound(schedule, { revealPeriodEpochs, nowSeconds, beacon }),
  };
}

function rowOf(shares: readonly Share[], state: SubnetState, { loose }: DraftPolicy): Normalised {
  const { uidOf, size, ownerUid, minAllowedWeights, own } = state;
  return normalise(shares, { uidOf, size, ownUid: own?.uid ?? null, ownerUid, minAllowedWeights }, loose);
}

/** What `normalise` does not take must not end the look: what was sent before is still to be followed. */
function rowOrNone(
  ...of: Parameters<typeof rowOf>
): Exclude<Normalised, { kind: 'skip' }> | { kind: 'skip'; code: ChainAlert['code']; message: string } {
  try {
    return rowOf(...of);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const message = `no row can be made of what is to be paid: ${error.message}; report this as a defect of Quasar Referee`;
    return { kind: 'skip', code: 'no_shares', message };
  }
}

function nothing(path: Drafted['path'], row: WeightRow | null, alerts: readonly ChainAlert[]): Drafted {
  return { path, row, draft: null, why: alerts.at(-1)?.message ?? null, alerts };
}

const page = (code: ChainAlert['code'], message: string): ChainAlert => ({ code, severity: 'page', message });
const warn = (code: ChainAlert['code'], message: string): ChainAlert => ({ code, severity: 'warn', message });

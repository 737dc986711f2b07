/** What one look sees before anything is done: the subnet at one finalized block, and what would be sent there. */
import type { Share } from '../../scoring/shares.ts';
import type { Chain, ChainError, ChainProblem, ChainView } from '../chain.ts';
import { type BeaconClock, commitEpoch, EpochError, type EpochSchedule } from '../epoch.ts';
import type { LoosePolicy } from '../normalise.ts';
import { type ProvenShares, sharesToPay } from '../normalise-carry-over.ts';
import type { Intent } from '../preflight.ts';
import type { Known } from '../preflight-alerts.ts';
import type { SubnetState } from '../subnet.ts';
import { type Drafted, draftWeights } from './draft-weights.ts';
import type { ChainAlert } from './report.ts';
import type { ReadSubnet } from './sight.ts';
import type { WeightSet } from './weight-set.ts';

export interface Standing {
  readonly shares: readonly Share[];
  /** Unix milliseconds at which these shares were the standing. */
  readonly standingAt: number;
}

export interface ObserveOptions {
  readonly chain: Chain;
  readonly readSubnet: ReadSubnet;
  readonly preflight: (intent: Intent) => readonly ChainProblem[];
  readonly subnetAlerts: (state: SubnetState, known: Known) => readonly ChainAlert[];
  readonly netuid: number;
  readonly account: string | null;
  readonly loose: LoosePolicy;
  readonly versionKey: bigint;
  readonly carryOverMaxMs: number;
  readonly beacon: BeaconClock;
  readonly now: () => number;
  /** Null while the scoring cannot say. */
  readonly standing: () => Promise<Standing | null>;
  readonly lastVerified: () => Promise<WeightSet | null>;
}

export interface Observation extends Drafted {
  readonly view: ChainView;
  readonly state: SubnetState;
  /** Null while the schedule allows no answer. */
  readonly epoch: number | null;
  /** What is paid; null when nobody can tell. */
  readonly standing: Standing | null;
  /** What the chain would refuse the draft for, and what this runtime is not signed for. */
  readonly obstacles: readonly ChainProblem[];
}

/** Rejects with `ChainError`, or with what the scoring's or the store's database rejects with. */
export async function observe(options: ObserveOptions): Promise<Observation> {
  const { chain, netuid, account, versionKey } = options;
  const view = await chain.finalized();
  const state = await options.readSubnet(view, { netuid, hotkey: account });
  const verified = await options.lastVerified();
  const paid = await payable(options, verified);
  const known = { lastVerifiedBlock: verified?.verifiedBlock ?? null, versionKey };
  const about = [...paid.alerts, ...runtimeAlerts(view), ...options.subnetAlerts(state, known)];
  const drafted = draftOf(options, view, state, paid.standing);
  const obstacles = [
    ...view.runtimeProblems.map((message): ChainProblem => ({ code: 'unknown', message })),
    ...refusals(options, state, drafted),
  ];
  return {
    ...drafted,
    view,
    state,
    epoch: epochOf(state.schedule),
    standing: paid.standing,
    obstacles,
    alerts: once([...about, ...drafted.alerts, ...obstacleAlerts(obstacles, view)]),
  };
}

async function payable({ standing, carryOverMaxMs, now }: ObserveOptions, verified: WeightSet | null) {
  const known = await standing();
  const proven: ProvenShares | null = verified;
  const paid = sharesToPay(known?.shares ?? null, proven, { now: now(), maxAgeMs: carryOverMaxMs });
  switch (paid.kind) {
    case 'standing':
      return { standing: known, alerts: [] };
    case 'carried':
      return { standing: proven, alerts: [alert('carried_over', 'warn', paid.message)] };
    case 'none':
      return { standing: null, alerts: [alert('no_shares', 'page', paid.message)] };
  }
}

function draftOf(
  options: ObserveOptions,
  view: ChainView,
  state: SubnetState,
  standing: Standing | null,
): Drafted {
  if (standing !== null) return draftWeights(standing.shares, state, view.calls, options);
  return { path: 'none', row: null, draft: null, why: 'nobody can tell what is to be paid', alerts: [] };
}

function refusals(options: ObserveOptions, state: SubnetState, { draft }: Drafted): readonly ChainProblem[] {
  if (draft === null) return [];
  const { versionKey } = options;
  const { call, row, reveal } = draft;
  return options.preflight({ state, call, row, versionKey, revealRound: reveal?.round ?? null });
}

function runtimeAlerts({ runtimeProblems, specVersion }: ChainView): ChainAlert[] {
  if (runtimeProblems.length === 0) return [];
  const message = `nothing is signed for the runtime of spec ${specVersion}: ${runtimeProblems.join('; ')}`;
  return [alert('unknown_runtime', 'page', message)];
}

/** The rate limit is waited for, and no fault. */
function obstacleAlerts(obstacles: readonly ChainProblem[], { runtimeProblems }: ChainView): ChainAlert[] {
  return obstacles
    .filter(({ code, message }) => code !== 'too_fast' && !runtimeProblems.includes(message))
    .map(({ code, message }) => alert(code, 'page', message));
}

/** One of each code: the first says it best, but for a graver one. */
export function once(alerts: readonly ChainAlert[]): ChainAlert[] {
  const grave = alerts.toSorted((a, b) => Number(b.severity === 'page') - Number(a.severity === 'page'));
  return alerts.filter((alert) => grave.find(({ code }) => code === alert.code) === alert);
}

function epochOf(schedule: EpochSchedule): number | null {
  try {
    return commitEpoch(schedule);
  } catch (error) {
    if (error instanceof EpochError) return null;
    throw error;
  }
}

function alert(code: ChainAlert['code'], severity: ChainAlert['severity'], message: string): ChainAlert {
  return { code, severity, message };
}

/**
 * What an operator sees when the chain gives no answer: only what does not pass by itself is urgent, and a connection that this
 * process closed to end is not.
 */
export function chainAlert({ code, userMessage, retryable }: ChainError): ChainAlert {
  const known = code === 'wrong_genesis' || code === 'unknown_runtime';
  const isUrgent = !retryable && code !== 'closed';
  return alert(known ? code : 'unreachable', isUrgent ? 'page' : 'warn', userMessage);
}

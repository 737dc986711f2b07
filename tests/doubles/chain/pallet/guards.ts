/** What subtensor's transaction extension refuses, in the pool and again when a block is made: codes, not errors. */
import type { Call } from '@polkadot/types/interfaces';
import type { ChainState } from '../node/chain-state.ts';
import { lacksStake } from './set-weights.ts';
import { netuidIndex, passesRateLimit, uidOf } from './subnet-state.ts';
import { weightCall } from './weight-call.ts';

export const CUSTOM = { stakeTooLow: 1, tooFast: 6, roundTooEarly: 15 } as const;

export interface GuardRules {
  /** Newer runtimes hold commits to the rate limit in the pool already, older ones only at dispatch. */
  readonly commitsRateLimitedInPool: boolean;
}

/** The code of the first guard that the outer call runs into; null when it passes. */
export function guard(state: ChainState, call: Call, signer: string, rules: GuardRules): number | null {
  const weights = weightCall(call);
  if (weights === null) return null;
  const { netuid, mecid } = weights;
  if (lacksStake(state, netuid, signer)) return CUSTOM.stakeTooLow;
  if (weights.kind === 'timelocked' && weights.round < state.number('Drand.LastStoredRound'))
    return CUSTOM.roundTooEarly;
  return isTooFast(state, signer, { ...weights, index: netuidIndex(netuid, mecid) }, rules)
    ? CUSTOM.tooFast
    : null;
}

function isTooFast(
  state: ChainState,
  signer: string,
  { kind, netuid, index }: { kind: 'plain' | 'timelocked'; netuid: number; index: number },
  { commitsRateLimitedInPool }: GuardRules,
): boolean {
  if (state.runtime.shape.form === 'spec293') return false;
  const uid = uidOf(state, netuid, signer);
  if (uid === null || passesRateLimit(state, netuid, index, uid)) return false;
  const commitReveal = state.flag('SubtensorModule.CommitRevealWeightsEnabled', netuid);
  return kind === 'plain' ? !commitReveal : commitsRateLimitedInPool;
}

/** Dispatch of plain weights, and what a revealed commit runs into: the pallet's checks, in its order. */

import type { SubtensorError } from '../metadata/subtensor-errors.ts';
import type { ChainState } from '../node/chain-state.ts';
import type { PalletEvent } from './dispatch-result.ts';
import {
  hasPermit,
  isOwnerHotkey,
  netuidIndex,
  passesRateLimit,
  stakeOf,
  uidOf,
  writeAt,
} from './subnet-state.ts';
import { maxUpscale } from './upscale.ts';

export interface WeightsToSet {
  readonly hotkey: string;
  readonly netuid: number;
  readonly mecid: number;
  readonly uids: readonly number[];
  readonly values: readonly number[];
  readonly versionKey: bigint;
}

const MAX_VALUE = 65_535;

/** The events, or the first check that it fails. `revealed`: it comes out of a commit, on a subnet with commit-reveal. */
export function setWeights(
  state: ChainState,
  weights: WeightsToSet,
  revealed = false,
): SubtensorError | PalletEvent[] {
  const problem = problemOf(state, weights, revealed);
  if (problem !== null) return problem;
  const { netuid, mecid, hotkey, uids, values } = weights;
  const index = netuidIndex(netuid, mecid);
  const uid = uidOf(state, netuid, hotkey) as number;
  const row = maxUpscale(values).map((value, at) => [uids[at], value]);
  state.write('SubtensorModule.Weights', [index, uid], row);
  if (!revealed) writeAt(state, 'SubtensorModule.LastUpdate', index, { uid, value: state.block, filler: 0 });
  return [['SubtensorModule.WeightsSet', [index, uid]]];
}

function problemOf(state: ChainState, weights: WeightsToSet, revealed: boolean): SubtensorError | null {
  const { hotkey, netuid, mecid, uids, values, versionKey } = weights;
  const module = (item: string) => `SubtensorModule.${item}`;
  if (!revealed && state.flag(module('CommitRevealWeightsEnabled'), netuid)) return 'CommitRevealEnabled';
  if (netuid === 0) return 'CanNotSetRootNetworkWeights';
  if (uids.length !== values.length) return 'WeightVecNotEqualSize';
  const missing = missingMechanism(state, netuid, mecid);
  if (missing !== null) return missing;
  const size = state.number(module('SubnetworkN'), netuid);
  if (uids.length > size) return 'UidsLengthExceedUidsInSubNet';
  const uid = uidOf(state, netuid, hotkey);
  if (uid === null) return 'HotKeyNotRegisteredInSubNet';
  if (lacksStake(state, netuid, hotkey)) return 'NotEnoughStakeToSetWeights';
  if (versionKey < state.bigint(module('WeightsVersionKey'), netuid)) return 'IncorrectWeightVersionKey';
  if (!revealed && !passesRateLimit(state, netuid, netuidIndex(netuid, mecid), uid))
    return 'SettingWeightsTooFast';
  const onlyItself = uids.length === 1 && uids[0] === uid;
  if (!onlyItself && !hasPermit(state, netuid, uid) && !isOwnerHotkey(state, netuid, hotkey))
    return 'NeuronNoValidatorPermit';
  if (new Set(uids).size !== uids.length) return 'DuplicateUids';
  if (uids.some((each) => each >= size)) return 'UidVecContainInvalidOne';
  if (!onlyItself && uids.length < Math.min(state.number(module('MinAllowedWeights'), netuid), size))
    return 'WeightVecLengthIsLow';
  return values.some((value) => value > MAX_VALUE) ? 'MaxWeightExceeded' : null;
}

export function missingMechanism(state: ChainState, netuid: number, mecid: number): SubtensorError | null {
  const exists = state.flag('SubtensorModule.NetworksAdded', netuid);
  if (!state.has('SubtensorModule.MechanismCountCurrent')) return exists ? null : 'SubNetworkDoesNotExist';
  const mechanisms = exists ? state.number('SubtensorModule.MechanismCountCurrent', netuid) : 0;
  return mecid < mechanisms ? null : 'MechanismDoesNotExist';
}

/** The owner's hotkey needs none since spec 393. */
export function lacksStake(state: ChainState, netuid: number, hotkey: string): boolean {
  const exempt = state.runtime.shape.form === 'today' && isOwnerHotkey(state, netuid, hotkey);
  return !exempt && stakeOf(state, netuid, hotkey) < state.bigint('SubtensorModule.StakeThreshold');
}

/** Dispatch of a timelocked commit: the pallet's checks, in its order. */
import { blake2AsHex } from '@polkadot/util-crypto/blake2';
import type { SubtensorError } from '../metadata/subtensor-errors.ts';
import type { ChainState } from '../node/chain-state.ts';
import type { PalletEvent } from './dispatch-result.ts';
import { epochAt } from './epochs.ts';
import { lacksStake, missingMechanism } from './set-weights.ts';
import { netuidIndex, passesRateLimit, uidOf, writeAt } from './subnet-state.ts';
import { readCommits, writeCommits } from './timelocked-commits.ts';
import type { WeightCall } from './weight-call.ts';

type Commit = Extract<WeightCall, { kind: 'timelocked' }> & { readonly hotkey: string };

const MAX_UNREVEALED = 10;
const MAX_COMMIT_BYTES = 5_000;

/** The events, or the first check that it fails. Nobody looks into the ciphertext before its reveal. */
export function commitWeights(state: ChainState, call: Commit): SubtensorError | PalletEvent[] {
  const problem = problemOf(state, call);
  if (problem !== null) return problem;
  const { netuid, mecid, hotkey, commit, round } = call;
  const index = netuidIndex(netuid, mecid);
  const epoch = epochAt(state, netuid);
  const waiting = readCommits(state, index, epoch);
  if (waiting.filter((each) => each.hotkey === hotkey).length >= MAX_UNREVEALED)
    return 'TooManyUnrevealedCommits';
  if (commit.length > MAX_COMMIT_BYTES) return 'CommitPayloadTooLarge';
  writeCommits(state, index, epoch, [...waiting, { hotkey, block: state.block, ciphertext: commit, round }]);
  const uid = uidOf(state, netuid, hotkey) as number;
  writeAt(state, 'SubtensorModule.LastUpdate', index, { uid, value: state.block, filler: 0 });
  const data = [hotkey, index, blake2AsHex(commit, 256)];
  return state.runtime.shape.form === 'today'
    ? [['SubtensorModule.TimelockedWeightsCommitted', [...data, round]]]
    : [['SubtensorModule.CRV3WeightsCommitted', data]];
}

function problemOf(state: ChainState, call: Commit): SubtensorError | null {
  const { netuid, mecid, hotkey, version } = call;
  // the guard of the transaction extension, which runs at dispatch too and so also inside a proxy
  if (lacksStake(state, netuid, hotkey)) return 'NotEnoughStakeToSetWeights';
  const missing = missingMechanism(state, netuid, mecid);
  if (missing !== null) return missing;
  if (!state.flag('SubtensorModule.CommitRevealWeightsEnabled', netuid)) return 'CommitRevealDisabled';
  if (version !== null && version !== state.number('SubtensorModule.CommitRevealWeightsVersion'))
    return 'IncorrectCommitRevealVersion';
  const uid = uidOf(state, netuid, hotkey);
  if (uid === null) return 'HotKeyNotRegisteredInSubNet';
  return passesRateLimit(state, netuid, netuidIndex(netuid, mecid), uid) ? null : 'CommittingWeightsTooFast';
}

/**
 * The reveal of timelocked commits at the beginning of a block. Whatever is wrong with one shows nowhere on the chain: no event,
 * nothing stored. Only the double's own record says it.
 */
import { TimelockError, timelockDecrypt } from '../../../../app/chain/timelock.ts';
import { storedPulse } from '../beacon.ts';
import type { ChainState } from '../node/chain-state.ts';
import type { ChainNode } from '../node/node.ts';
import { readCommitPayload } from './commit-payload.ts';
import type { PalletEvent } from './dispatch-result.ts';
import { epochAt, runsModuloEpoch } from './epochs.ts';
import { setWeights } from './set-weights.ts';
import { netuidIndex } from './subnet-state.ts';
import { epochsWithCommits, readCommits, type WaitingCommit, writeCommits } from './timelocked-commits.ts';

const module = (item: string) => `SubtensorModule.${item}`;

/** Opens what is to be opened in the block that is being made, before its epochs run; the events of that. */
export function revealCommits(node: ChainNode): PalletEvent[] {
  return node.netuids.flatMap((netuid) =>
    mechanismsOf(node.state, netuid).flatMap((mecid) => revealOf(node, netuid, mecid)),
  );
}

function revealOf(node: ChainNode, netuid: number, mecid: number): PalletEvent[] {
  const { state } = node;
  const today = state.runtime.shape.form === 'today';
  // spec 293 looks only in the block of the epoch, once
  if (!today && !runsModuloEpoch(state, netuid)) return [];
  const index = netuidIndex(netuid, mecid);
  const target = epochAt(state, netuid) - state.number(module('RevealPeriodEpochs'), netuid);
  const events: PalletEvent[] = [];
  for (const epoch of epochsWithCommits(state, index).filter((each) => each <= target)) {
    const noted = (commit: WaitingCommit, problem: string | null) =>
      node.record.reveals.push({ block: state.block, hotkey: commit.hotkey, netuid, mecid, epoch, problem });
    const kept: WaitingCommit[] = [];
    for (const commit of readCommits(state, index, epoch)) {
      if (epoch < target) {
        noted(commit, 'its epoch ended without the pulse');
        continue;
      }
      const pulse = pulseOf(node, commit.round);
      if (pulse === null) {
        if (today) kept.push(commit);
        else noted(commit, `no pulse of round ${commit.round}`);
        continue;
      }
      const result = open(state, { netuid, mecid }, commit, pulse);
      noted(commit, typeof result === 'string' ? result : null);
      if (typeof result !== 'string') events.push(...result);
    }
    writeCommits(state, index, epoch, kept);
  }
  return events;
}

/** The events of a row that is stored, or why none is. */
function open(
  state: ChainState,
  { netuid, mecid }: { readonly netuid: number; readonly mecid: number },
  { hotkey, ciphertext }: WaitingCommit,
  pulse: Uint8Array,
): PalletEvent[] | string {
  const today = state.runtime.shape.form === 'today';
  let plaintext: Uint8Array;
  try {
    plaintext = timelockDecrypt(ciphertext, pulse);
  } catch (error) {
    if (error instanceof TimelockError) return error.userMessage;
    throw error;
  }
  const payload = readCommitPayload(plaintext, today);
  if (payload === null) return 'what it hides is no payload';
  if (payload.hotkey !== null && payload.hotkey !== hotkey)
    return `it names ${payload.hotkey}, and was committed for ${hotkey}`;
  const { uids, values, versionKey } = payload;
  const result = setWeights(state, { hotkey, netuid, mecid, uids, values, versionKey }, true);
  if (typeof result === 'string') return result;
  const name = today ? 'TimelockedWeightsRevealed' : 'CRV3WeightsRevealed';
  return [...result, [module(name), [netuidIndex(netuid, mecid), hotkey]]];
}

/** As stored; pulses that nobody waits for are never made, for each takes milliseconds. */
function pulseOf({ state, options }: ChainNode, round: number): Uint8Array | null {
  if (round > state.number('Drand.LastStoredRound') || options.faults.isHidden(round)) return null;
  const pulse = storedPulse(options.beacon, round);
  state.write('Drand.Pulses', [round], pulse);
  return Buffer.from(pulse.signature.slice(2), 'hex');
}

function mechanismsOf(state: ChainState, netuid: number): number[] {
  const item = module('MechanismCountCurrent');
  const count = state.has(item) ? state.number(item, netuid) : 1;
  return Array.from({ length: count }, (_, mecid) => mecid);
}

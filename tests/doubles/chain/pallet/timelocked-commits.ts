/** Commits that wait for their reveal, where the runtime keeps them. */
import { hexToU8a } from '@polkadot/util';
import type { ChainState } from '../node/chain-state.ts';
import type { Hex } from '../node/runtime.ts';

export interface WaitingCommit {
  readonly hotkey: string;
  readonly block: number;
  readonly ciphertext: Uint8Array;
  readonly round: number;
}

/** Hex digits at the end of a key: the epoch as a u64. */
const EPOCH_DIGITS = 16;

function item(state: ChainState): string {
  const today = 'SubtensorModule.TimelockedWeightCommits';
  return state.has(today) ? today : 'SubtensorModule.CRV3WeightCommitsV2';
}

export function readCommits(state: ChainState, index: number, epoch: number): WaitingCommit[] {
  return state
    .json<[string, number, Hex, number][]>(item(state), index, epoch)
    .map(([hotkey, block, ciphertext, round]) => ({
      hotkey,
      block,
      ciphertext: hexToU8a(ciphertext),
      round,
    }));
}

export function writeCommits(
  state: ChainState,
  index: number,
  epoch: number,
  commits: readonly WaitingCommit[],
): void {
  if (commits.length === 0) state.remove(item(state), [index, epoch]);
  else
    state.write(
      item(state),
      [index, epoch],
      commits.map(({ hotkey, block, ciphertext, round }) => [hotkey, block, hexOf(ciphertext), round]),
    );
}

/** Epochs that have commits of that mechanism, oldest first. */
export function epochsWithCommits(state: ChainState, index: number): number[] {
  return state
    .keysUnder(item(state), index)
    .map((key) => Number(Buffer.from(key.slice(-EPOCH_DIGITS), 'hex').readBigUInt64LE()))
    .sort((a, b) => a - b);
}

const hexOf = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;

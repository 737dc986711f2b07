/** When a subnet's epochs run: today's schedule is stored, that of spec 293 follows from the block number. */
import type { ChainState } from '../node/chain-state.ts';

const MAX_BLOCKS_BETWEEN_STEPS = 50_400;
const module = (item: string) => `SubtensorModule.${item}`;

/** Whether today's chain runs the subnet's epoch in the block that is being made. */
function isDue(state: ChainState, netuid: number): boolean {
  const tempo = state.number(module('Tempo'), netuid);
  const pending = state.number(module('PendingEpochAt'), netuid);
  return (
    tempo !== 0 &&
    ((pending > 0 && state.block >= pending) ||
      state.number(module('BlocksSinceLastStep'), netuid) > MAX_BLOCKS_BETWEEN_STEPS ||
      state.block - state.number(module('LastEpochBlock'), netuid) >= tempo)
  );
}

/** The epoch that commits of the block that is being made belong to, and that decides which of them are opened. */
export function epochAt(state: ChainState, netuid: number): number {
  if (state.runtime.shape.form === 'spec293') {
    const tempo = state.number(module('Tempo'), netuid);
    const block = state.block + (runsModuloEpoch(state, netuid) ? 1 : 0);
    return Math.floor((block + netuid + 1) / (tempo + 1));
  }
  return state.number(module('SubnetEpochIndex'), netuid) + (isDue(state, netuid) ? 1 : 0);
}

/** At the beginning of a block: counts it, and runs the epochs that are due, as many as one block may. */
export function runEpochs(state: ChainState, netuids: readonly number[]): void {
  const counted = (netuid: number) => state.number(module('BlocksSinceLastStep'), netuid) + 1;
  for (const netuid of netuids) state.write(module('BlocksSinceLastStep'), [netuid], counted(netuid));
  if (state.runtime.shape.form === 'spec293') {
    for (const netuid of netuids)
      if (runsModuloEpoch(state, netuid)) state.write(module('BlocksSinceLastStep'), [netuid], 0);
    return;
  }
  const due = netuids.filter((netuid) => isDue(state, netuid));
  for (const netuid of due.slice(0, state.number(module('MaxEpochsPerBlock')))) {
    state.write(module('LastEpochBlock'), [netuid], state.block);
    state.write(module('PendingEpochAt'), [netuid], 0);
    state.write(module('SubnetEpochIndex'), [netuid], state.number(module('SubnetEpochIndex'), netuid) + 1);
    state.write(module('BlocksSinceLastStep'), [netuid], 0);
  }
}

/** Whether spec 293 runs the subnet's epoch in the block that is being made. Source: its `should_run_epoch`. */
export function runsModuloEpoch(state: ChainState, netuid: number): boolean {
  const tempo = state.number(module('Tempo'), netuid);
  return tempo !== 0 && (state.block + netuid + 1) % (tempo + 1) === tempo;
}

/** The metagraph of a subnet, as far as the double has one. */
import type { ChainState } from '../node/chain-state.ts';
import { stakeOf } from '../pallet/subnet-state.ts';

/** Null for a subnet that does not exist. */
export function metagraph(state: ChainState, netuid: number) {
  if (!state.flag('SubtensorModule.NetworksAdded', netuid)) return null;
  const uids = Array.from({ length: state.number('SubtensorModule.SubnetworkN', netuid) }, (_, uid) => uid);
  const hotkeys = uids.map((uid) => state.json<string>('SubtensorModule.Keys', netuid, uid));
  return {
    netuid,
    hotkeys,
    validatorPermit: state.json<boolean[]>('SubtensorModule.ValidatorPermit', netuid),
    lastUpdate: state.json<number[]>('SubtensorModule.LastUpdate', netuid),
    blockAtRegistration: uids.map((uid) => state.number('SubtensorModule.BlockAtRegistration', netuid, uid)),
    totalStake: hotkeys.map((hotkey) => stakeOf(state, netuid, hotkey)),
  };
}

/** What a test does to one subnet while the chain runs. */
import type { ChainState } from './node/chain-state.ts';
import { epochAt } from './pallet/epochs.ts';
import { netuidIndex, uidOf } from './pallet/subnet-state.ts';
import {
  type Hyperparameters,
  type NeuronSetup,
  setHyperparameters,
  setNeuron,
  setPermit,
  setStake,
} from './subnet-setup.ts';

/** One subnet of the double. What is written is in the state from the next block on. */
export interface SubnetHandle {
  set(values: Hyperparameters): void;
  /** Registers a hotkey, at the next free uid or in the place of another; its uid. */
  register(neuron: NeuronSetup, uid?: number): number;
  setPermit(hotkey: string, permit: boolean): void;
  setStake(hotkey: string, rao: number | bigint): void;
  uidOf(hotkey: string): number | null;
  /** The stored row. */
  row(hotkey: string, mecid?: number): [uid: number, value: number][];
  /** The epoch that a call in the next block counts to. */
  epoch(): number;
}

export function subnetHandle(state: ChainState, netuid: number): SubnetHandle {
  const uidFor = (hotkey: string) => {
    const uid = uidOf(state, netuid, hotkey);
    if (uid === null) throw new Error(`${hotkey} is not registered on netuid ${netuid}`);
    return uid;
  };
  return {
    set: (values) => setHyperparameters(state, netuid, values),
    register: (neuron, uid = state.number('SubtensorModule.SubnetworkN', netuid)) => {
      setNeuron(state, netuid, uid, neuron);
      return uid;
    },
    setPermit: (hotkey, permit) => setPermit(state, netuid, uidFor(hotkey), permit),
    setStake: (hotkey, rao) => setStake(state, netuid, hotkey, rao),
    uidOf: (hotkey) => uidOf(state, netuid, hotkey),
    row: (hotkey, mecid = 0) =>
      state.json<[number, number][]>('SubtensorModule.Weights', netuidIndex(netuid, mecid), uidFor(hotkey)),
    epoch: () => epochAt(state, netuid),
  };
}

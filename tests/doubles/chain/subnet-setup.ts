/** A subnet and its neurons as a test wants them. */
import type { ChainState } from './node/chain-state.ts';
import { netuidIndex, writeAt } from './pallet/subnet-state.ts';

/** What the owner of a subnet or the chain's root may set; what is left out keeps the chain's default. */
export interface Hyperparameters {
  readonly tempo?: number;
  readonly minAllowedWeights?: number;
  readonly immunityPeriod?: number;
  readonly weightsSetRateLimit?: number;
  readonly weightsVersionKey?: number | bigint;
  readonly commitReveal?: boolean;
  readonly revealPeriodEpochs?: number;
  readonly mechanisms?: number;
  readonly consensus?: 'Yuma' | 'Null';
  readonly activityCutoffFactorMilli?: number;
  readonly pendingEpochAt?: number;
  readonly lastEpochBlock?: number;
  readonly subnetEpochIndex?: number;
  readonly blocksSinceLastStep?: number;
}

export interface NeuronSetup {
  /** SS58 address. */
  readonly hotkey: string;
  readonly permit?: boolean;
  readonly stakeRao?: number | bigint;
  /** Block of the last weights; 0 when there were none. */
  readonly lastUpdate?: number;
  readonly registeredAt?: number;
}

export interface SubnetSetup extends Hyperparameters {
  readonly netuid: number;
  /** The neuron at index i has uid i. */
  readonly neurons: readonly NeuronSetup[];
  /** Hotkey of the subnet's owner; the first neuron's when left out. */
  readonly ownerHotkey?: string;
}

const module = (item: string) => `SubtensorModule.${item}`;
const ITEMS: Readonly<Record<keyof Hyperparameters, string>> = {
  tempo: 'Tempo',
  minAllowedWeights: 'MinAllowedWeights',
  immunityPeriod: 'ImmunityPeriod',
  weightsSetRateLimit: 'WeightsSetRateLimit',
  weightsVersionKey: 'WeightsVersionKey',
  commitReveal: 'CommitRevealWeightsEnabled',
  revealPeriodEpochs: 'RevealPeriodEpochs',
  mechanisms: 'MechanismCountCurrent',
  consensus: 'SubnetEpochConsensus',
  activityCutoffFactorMilli: 'ActivityCutoffFactorMilli',
  pendingEpochAt: 'PendingEpochAt',
  lastEpochBlock: 'LastEpochBlock',
  subnetEpochIndex: 'SubnetEpochIndex',
  blocksSinceLastStep: 'BlocksSinceLastStep',
};

/** Throws for what this runtime does not know. */
export function setHyperparameters(state: ChainState, netuid: number, values: Hyperparameters): void {
  for (const [name, item] of Object.entries(ITEMS)) {
    const value = values[name as keyof Hyperparameters];
    if (value !== undefined) state.write(module(item), [netuid], value);
  }
}

export function addSubnet(state: ChainState, setup: SubnetSetup): void {
  const { netuid, neurons, ownerHotkey = neurons[0]?.hotkey } = setup;
  state.write(module('NetworksAdded'), [netuid], true);
  if (state.has(module('LastEpochBlock'))) state.write(module('LastEpochBlock'), [netuid], state.block);
  setHyperparameters(state, netuid, setup);
  if (ownerHotkey !== undefined) state.write(module('SubnetOwnerHotkey'), [netuid], ownerHotkey);
  neurons.forEach((neuron, uid) => {
    setIdentity(state, netuid, uid, neuron);
  });
  // whole lists at once: one by one, a thousand neurons would take minutes
  state.write(module('SubnetworkN'), [netuid], neurons.length);
  const lists: readonly (readonly [string, readonly unknown[]])[] = [
    ['LastUpdate', neurons.map(({ lastUpdate = 0 }) => lastUpdate)],
    ['Active', neurons.map(() => true)],
    ['ValidatorPermit', neurons.map(({ permit = false }) => permit)],
  ];
  for (const [item, list] of lists) state.write(module(item), [netuid], list);
}

/** Registers a hotkey at a uid, in the place of whoever had it. */
export function setNeuron(state: ChainState, netuid: number, uid: number, neuron: NeuronSetup): void {
  const size = state.number(module('SubnetworkN'), netuid);
  if (uid > size) throw new RangeError(`uid ${uid} would leave a gap: netuid ${netuid} has ${size} neurons`);
  if (uid === size) state.write(module('SubnetworkN'), [netuid], size + 1);
  else state.remove(module('Uids'), [netuid, state.json<string>(module('Keys'), netuid, uid)]);
  setIdentity(state, netuid, uid, neuron);
  state.remove(module('Weights'), [netuidIndex(netuid, 0), uid]);
  writeAt(state, module('LastUpdate'), netuidIndex(netuid, 0), {
    uid,
    value: neuron.lastUpdate ?? 0,
    filler: 0,
  });
  writeAt(state, module('Active'), netuid, { uid, value: true, filler: false });
  setPermit(state, netuid, uid, neuron.permit ?? false);
}

function setIdentity(state: ChainState, netuid: number, uid: number, neuron: NeuronSetup): void {
  const { hotkey, stakeRao = 0, registeredAt = state.block } = neuron;
  state.write(module('Uids'), [netuid, hotkey], uid);
  state.write(module('Keys'), [netuid, uid], hotkey);
  state.write(module('BlockAtRegistration'), [netuid, uid], registeredAt);
  setStake(state, netuid, hotkey, stakeRao);
}

export function setPermit(state: ChainState, netuid: number, uid: number, permit: boolean): void {
  writeAt(state, module('ValidatorPermit'), netuid, { uid, value: permit, filler: false });
}

export function setStake(state: ChainState, netuid: number, hotkey: string, rao: number | bigint): void {
  state.write(module('TotalHotkeyAlpha'), [hotkey, netuid], rao);
}

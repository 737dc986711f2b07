/** A setter on the model chain, in a process that can die at any effect. */

import type { Chain } from '../../../app/chain/chain.ts';
import { createWeightSetter, type WeightSetterOptions } from '../../../app/chain/setter/drive-weights.ts';
import type { WeightSetStore } from '../../../app/chain/setter/weight-set.ts';
import type { WeightSigner } from '../../../app/chain/signer.ts';
import { type MemoryRows, memoryStore } from './memory-store.ts';
import {
  ALICE,
  BEACON,
  BLOCK_SECONDS,
  BOB,
  GENESIS,
  type ModelChain,
  NETUID,
  START_SECONDS,
} from './model-chain.ts';

export class Dead extends Error {}

/** Counts effects and dies at one of them, before or after it took place; then nothing of it works any more. */
export class Process {
  readonly effects: string[] = [];
  isDead = false;
  dieAt: { effect: number; after: boolean } | null = null;
  /** How long each effect is held up, so that two processes get in each other's way. */
  pause: () => Promise<void> = async () => {};

  async effect<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (this.isDead) throw new Dead(name);
    this.effects.push(name);
    const dies = this.dieAt !== null && this.effects.length === this.dieAt.effect;
    if (dies && !this.dieAt?.after) this.#die(name);
    await this.pause();
    const result = await work();
    await this.pause();
    if (dies) this.#die(name);
    return result;
  }

  #die(name: string): never {
    this.isDead = true;
    throw new Dead(name);
  }
}

export const STANDING = { shares: [{ hotkey: BOB, share: 0.6 }], standingAt: 1 };

export const signer: WeightSigner = {
  identity: async () => ({ hotkey: ALICE, netuid: NETUID, genesisHash: GENESIS, proxyFor: null }),
  signPayload: () => Promise.reject(new Error('the model signs by itself')),
};

export interface RigOptions {
  readonly lease?: boolean;
  readonly chain?: (chain: Chain) => Chain;
  readonly store?: (store: WeightSetStore) => WeightSetStore;
  readonly options?: Partial<WeightSetterOptions>;
}

export function rig(model: ModelChain, rows: MemoryRows, process = new Process(), more: RigOptions = {}) {
  const chain = dyingChain((more.chain ?? ((same) => same))(model.chain()), process);
  const store = (more.store ?? ((same) => same))(
    dyingStore(memoryStore(rows, { lease: more.lease ?? true }), process),
  );
  const setter = createWeightSetter({
    chain,
    store,
    signer,
    account: ALICE,
    signingAccount: ALICE,
    netuid: NETUID,
    loose: 'owner',
    versionKey: 0n,
    standing: async () => STANDING,
    carryOverMaxMs: 1e9,
    beacon: BEACON,
    now: () => (START_SECONDS + model.head * BLOCK_SECONDS) * 1_000,
    readSubnet: model.readSubnet,
    ...more.options,
  });
  return {
    setter,
    async look() {
      const report = await setter.look();
      if (process.isDead) rows.busy = false;
      return report;
    },
  };
}

function dyingChain(chain: Chain, process: Process): Chain {
  return {
    ...chain,
    viewAt: (block) => process.effect('viewAt', () => chain.viewAt(block)),
    sign: (...args) => process.effect('sign', () => chain.sign(...args)),
    signAgain: (...args) => process.effect('signAgain', () => chain.signAgain(...args)),
    submit: (bytes) => process.effect('submit', () => chain.submit(bytes)),
    find: (...args) => process.effect('find', () => chain.find(...args)),
  };
}

function dyingStore(store: WeightSetStore, process: Process): WeightSetStore {
  return {
    ...store,
    plan: (set) => process.effect('store planned', () => store.plan(set)),
    move: (id, from, change) => process.effect(`store ${change.state}`, () => store.move(id, from, change)),
  };
}

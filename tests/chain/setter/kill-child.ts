/**
 * A setter in a process of its own that kills itself, as `kill -9` does, before or after one of its effects. Its parent makes
 * the blocks and says when to look.
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Chain } from '../../../app/chain/chain.ts';
import { connectChain } from '../../../app/chain/connection/connect.ts';
import { databaseWeightSetStore } from '../../../app/chain/setter/database-store.ts';
import { createWeightSetter } from '../../../app/chain/setter/drive-weights.ts';
import type { WeightSetStore } from '../../../app/chain/setter/weight-set.ts';
import { openDatabase } from '../../../db/connection.ts';
import { type Beacon, setterOptions } from './the-subnet.ts';

export interface ChildTask {
  readonly url: string;
  readonly genesisHash: string;
  readonly beacon: Beacon;
  readonly databaseUrl: string;
  readonly now: number;
  /** `during`: the parent kills it, once told that the effect is next. */
  readonly dies: { readonly at: string; readonly when: 'before' | 'during' | 'after' };
}

const [text = '{}'] = process.argv.slice(2);
const task = JSON.parse(text) as ChildTask;
const chain = connectChain({ endpoints: [task.url], genesisHash: task.genesisHash });
const db = openDatabase(task.databaseUrl);
const now = () => task.now;
const store = databaseWeightSetStore(db, { owner: 'child', now, leaseMs: 60_000 });
const setter = createWeightSetter({
  ...setterOptions(dyingChain(chain), dyingStore(store), task.beacon),
  random: randomBytes,
  now,
});

process.on('message', async () => {
  await setter.look();
  process.send?.('looked');
});
process.send?.('ready');

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // the signal needs not be there when kill returns
  for (;;) {}
}

async function effect<T>(name: string, work: () => Promise<T>): Promise<T> {
  const { at, when } = task.dies;
  if (name !== at) return work();
  if (when === 'before') die();
  if (when === 'during') {
    process.send?.('next');
    await once(process, 'message');
  }
  const result = await work();
  if (when === 'after') die();
  return result;
}

function dyingChain(real: Chain): Chain {
  return {
    ...real,
    viewAt: (block) => effect('read', () => real.viewAt(block)),
    initializationEvents: (block) => effect('read events', () => real.initializationEvents(block)),
    sign: (...args) => effect('sign', () => real.sign(...args)),
    signAgain: (...args) => effect('sign again', () => real.signAgain(...args)),
    submit: (bytes) => effect('submit', () => real.submit(bytes)),
    find: (...args) => effect('find', () => real.find(...args)),
  };
}

function dyingStore(real: WeightSetStore): WeightSetStore {
  return {
    ...real,
    plan: (set) => effect('store planned', () => real.plan(set)),
    move: (id, from, change) => effect(`store ${change.state}`, () => real.move(id, from, change)),
  };
}

/** The double runs its epochs when the product expects them: two writings of one schedule, held against each other. */
import type { ApiPromise } from '@polkadot/api';
import { describe, expect, it } from 'vitest';
import {
  commitEpoch,
  type EpochSchedule,
  nextEpochBlock,
  type StatefulSchedule,
} from '../../../app/chain/epoch.ts';
import { NETUID, openDouble, read } from './fixture.ts';

async function stateful(api: ApiPromise, head: number): Promise<StatefulSchedule> {
  const number = async (item: string) => Number(await read(api, `subtensorModule.${item}`, NETUID));
  return {
    form: 'stateful',
    head,
    tempo: await number('tempo'),
    lastEpochBlock: await number('lastEpochBlock'),
    pendingEpochAt: await number('pendingEpochAt'),
    subnetEpochIndex: await number('subnetEpochIndex'),
    blocksSinceLastStep: await number('blocksSinceLastStep'),
  };
}

describe('epochs', () => {
  it.each([
    ['by tempo', {}],
    ['asked for by the owner', { pendingEpochAt: 1_007 }],
    ['long overdue', { tempo: 50_400, blocksSinceLastStep: 50_395 }],
  ])('%s run in the block that is foretold', async (_, subnet) => {
    const { api, double } = await openDouble(subnet);
    const foretold: number[] = [];
    const ran: number[] = [];
    let before = await stateful(api, double.head().number);
    for (let block = 0; block < 30; block++) {
      const next = nextEpochBlock(before);
      expect(double.subnet(NETUID).epoch()).toBe(commitEpoch(before));
      const { number } = await double.mine();
      const after = await stateful(api, number);
      if (after.subnetEpochIndex > before.subnetEpochIndex) ran.push(number);
      if (next === number) foretold.push(number);
      before = after;
    }
    expect(ran.length).toBeGreaterThan(0);
    expect(ran).toEqual(foretold);
  });

  it('of more subnets than one block may run wait for the next', async () => {
    const { api, double } = await openDouble(
      {},
      { subnets: [7, 8, 9].map((netuid) => ({ netuid, tempo: 20, neurons: [] })) },
    );
    const ran = () =>
      Promise.all([7, 8, 9].map((netuid) => read(api, 'subtensorModule.subnetEpochIndex', netuid)));
    await double.mineTo(1_019);
    expect(await ran()).toEqual([0, 0, 0]);
    await double.mine();
    expect(await ran()).toEqual([1, 1, 0]);
    // a commit to the one that waits counts to its next epoch already
    expect(double.subnet(9).epoch()).toBe(1);
    await double.mine();
    expect(await ran()).toEqual([1, 1, 1]);
  });

  it('of spec 293 follow from the block number', async () => {
    const { double } = await openDouble({ tempo: 12 }, { runtime: 'spec293', stakeThreshold: 0 });
    for (let block = 0; block < 30; block++) {
      const schedule: EpochSchedule = {
        form: 'modulo',
        head: double.head().number,
        tempo: 12,
        netuid: NETUID,
      };
      expect(double.subnet(NETUID).epoch()).toBe(commitEpoch(schedule));
      await double.mine();
    }
  });
});

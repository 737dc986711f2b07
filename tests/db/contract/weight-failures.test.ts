import { expect, it } from 'vitest';
import { databaseWeightSetStore } from '../../../app/chain/setter/database-store.ts';
import { weightFailures } from '../../../db/weight-failures.ts';
import { aWeightSet } from '../../http/weights-samples.ts';
import { onBothDatabases } from '../databases.ts';
import { NOW } from '../rows.ts';

onBothDatabases('failed attempts', (at) => {
  it('are counted by code, of one subnet of one chain', async () => {
    const store = databaseWeightSetStore(at.db, { owner: 'a', now: () => NOW, leaseMs: 60_000 });
    const { genesisHash, netuid } = aWeightSet();
    const fail = async (netuidOfIt: number, epoch: number, failureCode: string | null) => {
      const { id: _, state: __, ...set } = aWeightSet({ netuid: netuidOfIt, epoch });
      const stored = await store.plan(set);
      await store.move(stored?.id ?? 0, 'planned', { state: 'failed', failureCode });
    };
    await fail(netuid, 1, 'reveal_lost');
    await fail(netuid, 2, 'outdated');
    await fail(netuid, 3, 'outdated');
    await fail(netuid, 4, null);
    await fail(netuid + 1, 1, 'outdated');
    expect(await weightFailures(at.db, { genesisHash, netuid })).toEqual(
      new Map([
        ['reveal_lost', 1],
        ['outdated', 2],
        ['unknown', 1],
      ]),
    );
  });
});

import { expect, it } from 'vitest';
import { databaseWeightSetStore } from '../../../app/chain/setter/database-store.ts';
import type { NewWeightSet, WeightSlot } from '../../../app/chain/setter/weight-set.ts';
import type { Hotkey } from '../../../app/ids.ts';
import type { Database } from '../../../db/connection.ts';
import { onBothDatabases } from '../databases.ts';
import { NOW } from '../rows.ts';

const SLOT: WeightSlot = {
  genesisHash: `0x${'a'.repeat(64)}`,
  netuid: 7,
  hotkey: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
};
const ALICE = SLOT.hotkey as Hotkey;
const EXTRINSIC = { bytes: '0x01', hash: `0x${'b'.repeat(64)}`, nonce: 3, birthBlock: 100, deathBlock: 132 };

const aSet = (epoch: number, more: Partial<NewWeightSet> = {}): NewWeightSet => ({
  ...SLOT,
  epoch,
  shares: [{ hotkey: ALICE, share: 0.6 }],
  standingAt: NOW - 1,
  row: { uids: [2, 0], values: [65_535, 43_690] },
  call: 'set_mechanism_weights',
  kind: 'plain',
  plannedBlock: 100,
  revealRound: null,
  revealFrom: null,
  revealUntil: null,
  commitHash: null,
  createdAt: NOW,
  ...more,
});

/** A clock that only the test moves. */
function storeOn(db: Database, owner = 'a', clock = { at: NOW }) {
  return databaseWeightSetStore(db, { owner, now: () => clock.at, leaseMs: 60_000 });
}

onBothDatabases('an attempt to set weights', (at) => {
  it('is kept as it was planned', async () => {
    const store = storeOn(at.db);
    const stored = await store.plan(aSet(41));
    expect(stored).toMatchObject({
      ...aSet(41),
      attempt: 1,
      state: 'planned',
      extrinsic: null,
      failure: null,
    });
    expect(await store.unfinished(SLOT)).toEqual([stored]);
    expect(await store.history(SLOT, 5)).toEqual([stored]);
    expect(await store.lastVerified(SLOT)).toBeNull();
  });

  it('keeps block numbers and rounds above 2^31, and the whole version of its bytes', async () => {
    const store = storeOn(at.db);
    const far = { plannedBlock: 5_000_000_000, revealRound: 9_000_000_000, kind: 'timelocked' } as const;
    const set = await store.plan(aSet(41, far));
    const extrinsic = { ...EXTRINSIC, bytes: `0x${'f'.repeat(10_000)}` };
    expect(await store.move(set?.id ?? 0, 'planned', { state: 'signed', extrinsic })).toBe(true);
    expect(await store.unfinished(SLOT)).toMatchObject([{ ...far, state: 'signed', extrinsic }]);
  });

  it('leaves a state once, whoever moves it', async () => {
    const [store, other] = [storeOn(at.db), storeOn(at.another(), 'b')];
    const id = (await store.plan(aSet(41)))?.id ?? 0;
    const won = await Promise.all([
      store.move(id, 'planned', { state: 'signed', extrinsic: EXTRINSIC }),
      other.move(id, 'planned', { state: 'failed', failureCode: 'epoch_over', failure: 'late' }),
    ]);
    expect(won.toSorted()).toEqual([false, true]);
    expect(await store.move(id, 'planned', { state: 'signed' })).toBe(false);
  });

  it('is one at a time: no other is planned for any epoch while it may still be included', async () => {
    const store = storeOn(at.db);
    const id = (await store.plan(aSet(41)))?.id ?? 0;
    expect([await store.plan(aSet(41)), await store.plan(aSet(42))]).toEqual([null, null]);
    await store.move(id, 'planned', { state: 'signed', extrinsic: EXTRINSIC });
    expect([await store.plan(aSet(41)), await store.plan(aSet(42))]).toEqual([null, null]);
    await store.move(id, 'signed', { state: 'included', includedBlock: 101 });
    expect(await store.plan(aSet(41))).toBeNull();
    expect(await store.plan(aSet(42))).toMatchObject({ epoch: 42, attempt: 1 });
  });

  it('is followed by the next one of its epoch when it failed, but not when it had been included', async () => {
    const store = storeOn(at.db);
    const first = (await store.plan(aSet(41)))?.id ?? 0;
    await store.move(first, 'planned', { state: 'failed', failureCode: 'era_over', failure: 'over' });
    const second = await store.plan(aSet(41));
    expect(second).toMatchObject({ attempt: 2 });
    await store.move(second?.id ?? 0, 'planned', { state: 'included', includedBlock: 120 });
    await store.move(second?.id ?? 0, 'included', {
      state: 'failed',
      failureCode: 'reveal_lost',
      failure: '',
    });
    expect(await store.plan(aSet(41))).toBeNull();
  });

  it('is no obstacle to the same epoch of another count, as after the netuid was registered anew', async () => {
    const store = storeOn(at.db);
    const first = (await store.plan(aSet(41)))?.id ?? 0;
    await store.move(first, 'planned', { state: 'verified', includedBlock: 101 });
    expect(await store.plan(aSet(41, { plannedBlock: 60_099 }))).toBeNull();
    expect(await store.plan(aSet(41, { plannedBlock: 60_100 }))).toMatchObject({
      attempt: 2,
      state: 'planned',
    });
    expect(await store.plan(aSet(41, { plannedBlock: 120_200 }))).toBeNull();
  });

  it('keeps its epoch where the one that it came in has that attempt already', async () => {
    const store = storeOn(at.db);
    const first = (await store.plan(aSet(42)))?.id ?? 0;
    await store.move(first, 'planned', { state: 'verified', includedBlock: 101 });
    const late = (await store.plan(aSet(41)))?.id ?? 0;
    const change = { state: 'included', epoch: 42, attempt: 1, includedBlock: 130 } as const;
    expect(await store.move(late, 'planned', change)).toBe(true);
    expect(await store.unfinished(SLOT)).toMatchObject([
      { epoch: 41, state: 'included', includedBlock: 130 },
    ]);
  });

  it('is planned by one of two processes at once', async () => {
    const stored = await Promise.all([
      storeOn(at.db).plan(aSet(41)),
      storeOn(at.another(), 'b').plan(aSet(41)),
    ]);
    expect(stored.filter((set) => set !== null)).toHaveLength(1);
    expect(await storeOn(at.db).unfinished(SLOT)).toHaveLength(1);
  });

  it('belongs to its hotkey, subnet and chain', async () => {
    const store = storeOn(at.db);
    const others = [
      { hotkey: '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty' },
      { netuid: 8 },
      { genesisHash: `0x${'c'.repeat(64)}` },
    ];
    await store.plan(aSet(41));
    for (const other of others) {
      expect(await store.history({ ...SLOT, ...other }, 5)).toEqual([]);
      expect(await store.plan(aSet(41, other))).not.toBeNull();
      expect(await store.unfinished({ ...SLOT, ...other })).toHaveLength(1);
    }
  });

  it('may count to a later epoch than it was meant for', async () => {
    const store = storeOn(at.db);
    const id = (await store.plan(aSet(41)))?.id ?? 0;
    await store.move(id, 'planned', { state: 'included', includedBlock: 101, epoch: 42, attempt: 1 });
    expect(await store.plan(aSet(42))).toBeNull();
    expect(await store.plan(aSet(41))).toMatchObject({ attempt: 1 });
  });

  it('is told newest first, and found when it was the last one that was read back', async () => {
    const store = storeOn(at.db);
    for (const epoch of [41, 42, 43]) {
      const id = (await store.plan(aSet(epoch)))?.id ?? 0;
      await store.move(id, 'planned', { state: 'included', includedBlock: epoch });
      if (epoch < 43)
        await store.move(id, 'included', { state: 'verified', verifiedBlock: 200, verifiedBy: 'row' });
    }
    expect((await store.history(SLOT, 2)).map(({ epoch }) => epoch)).toEqual([43, 42]);
    expect(await store.lastVerified(SLOT)).toMatchObject({
      epoch: 42,
      verifiedBlock: 200,
      verifiedBy: 'row',
    });
  });

  it('takes what a node says, whatever it says', async () => {
    const store = storeOn(at.db);
    const id = (await store.plan(aSet(41)))?.id ?? 0;
    const failure = `\0${'x'.repeat(5_000)}`;
    await store.move(id, 'planned', { state: 'failed', failureCode: 'unknown', failure });
    expect((await store.history(SLOT, 1))[0]?.failure).toBe('x'.repeat(2_000));
  });
});

onBothDatabases('work on weights', (at) => {
  it('is done by one process at a time, and by the same one only once', async () => {
    const [store, other] = [storeOn(at.db), storeOn(at.another(), 'b')];
    const inside = await store.alone(SLOT, async () => [
      await other.alone(SLOT, async () => 'both'),
      await store.alone(SLOT, async () => 'twice'),
      await other.alone({ ...SLOT, netuid: 8 }, async () => 'another subnet'),
    ]);
    expect(inside).toEqual([null, null, 'another subnet']);
    expect(await other.alone(SLOT, async () => 'after')).toBe('after');
  });

  it('is free again when it failed', async () => {
    const store = storeOn(at.db);
    await expect(store.alone(SLOT, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await storeOn(at.another(), 'b').alone(SLOT, async () => 1)).toBe(1);
  });

  it('is taken over from a process that died, once its lease ran out', async () => {
    const clock = { at: NOW };
    const other = storeOn(at.another(), 'b', clock);
    const dead = storeOn(at.db).alone(SLOT, () => new Promise(() => {}));
    void dead.catch(() => {});
    while (!(await at.db('leases').first())) {}
    expect(await other.alone(SLOT, async () => 1)).toBeNull();
    clock.at += 60_001;
    expect(await other.alone(SLOT, async () => 1)).toBe(1);
  });
});

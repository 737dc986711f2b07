import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NewWeightSet } from '../../app/chain/setter/weight-set.ts';
import { openStateFile } from '../../app/cli/follow-state.ts';
import { fileWeightSetStore } from '../../app/cli/weight-set-file.ts';
import type { Hotkey } from '../../app/ids.ts';
import { aFolder } from './io.ts';

const SLOT = { genesisHash: `0x${'1'.repeat(64)}`, netuid: 24, hotkey: 'validator' };
const EXTRINSIC = { bytes: '0x01', hash: '0x02', nonce: 0, birthBlock: 10, deathBlock: 42 };
const aSet = (epoch: number, more: Partial<NewWeightSet> = {}): NewWeightSet => ({
  ...SLOT,
  epoch,
  shares: [{ hotkey: '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY' as Hotkey, share: 0.6 }],
  standingAt: 1,
  row: { uids: [2], values: [65_535] },
  call: 'set_weights',
  kind: 'plain',
  plannedBlock: 10,
  revealRound: null,
  revealFrom: null,
  revealUntil: null,
  commitHash: null,
  createdAt: 1,
  ...more,
});

let clock = 100;
function opened(file = path.join(aFolder(), 'deep', 'state.json')) {
  const store = fileWeightSetStore(openStateFile(file), () => clock);
  return { file, store, again: () => fileWeightSetStore(openStateFile(file), () => clock) };
}

describe('attempts in a file', () => {
  it('are there for the next process after every step', async () => {
    const { store, again, file } = opened();
    const planned = await store.plan(aSet(5));
    expect(planned).toMatchObject({ id: 1, attempt: 1, state: 'planned', extrinsic: null, updatedAt: 100 });
    expect(await again().unfinished(SLOT)).toEqual([planned]);
    clock = 200;
    expect(await store.move(1, 'planned', { state: 'signed', extrinsic: EXTRINSIC })).toBe(true);
    expect(await again().unfinished(SLOT)).toEqual([
      { ...planned, state: 'signed', extrinsic: EXTRINSIC, updatedAt: 200 },
    ]);
    await store.move(1, 'signed', { state: 'included', includedBlock: 12 });
    expect(await again().lastVerified(SLOT)).toBeNull();
    await store.move(1, 'included', { state: 'verified', verifiedBlock: 13, verifiedBy: 'row' });
    expect(await again().unfinished(SLOT)).toEqual([]);
    expect(await again().lastVerified(SLOT)).toMatchObject({ id: 1, verifiedBlock: 13 });
    expect(readdirSync(path.dirname(file))).toEqual(['state.json']);
  });

  it('are no obstacle to the same epoch of another count, as after the netuid was registered anew', async () => {
    const { store } = opened();
    await store.plan(aSet(5));
    await store.move(1, 'planned', { state: 'verified', includedBlock: 12 });
    expect(await store.plan(aSet(5, { plannedBlock: 60_009 }))).toBeNull();
    expect(await store.plan(aSet(5, { plannedBlock: 60_010 }))).toMatchObject({ id: 2, attempt: 2 });
  });

  it('are one at a time while any may still be included, and one for an epoch that was', async () => {
    const { store } = opened();
    await store.plan(aSet(5));
    expect(await store.plan(aSet(5))).toBeNull();
    expect(await store.plan(aSet(6))).toBeNull();
    await store.move(1, 'planned', { state: 'failed', failureCode: 'outdated_plan' });
    expect(await store.plan(aSet(5))).toMatchObject({ id: 2, attempt: 2 });
    await store.move(2, 'planned', { state: 'signed', extrinsic: EXTRINSIC });
    await store.move(2, 'signed', { state: 'included', includedBlock: 12 });
    expect(await store.plan(aSet(5))).toBeNull();
    // a commit waits for its reveal while the next epoch's is sent
    expect(await store.plan(aSet(6))).toMatchObject({ id: 3, attempt: 1 });
    await store.move(2, 'included', { state: 'failed', failureCode: 'reveal_lost' });
    await store.move(3, 'planned', { state: 'failed', failureCode: 'epoch_over' });
    expect(await store.plan(aSet(5))).toBeNull();
    expect((await store.history(SLOT, 2)).map(({ id }) => id)).toEqual([3, 2]);
  });

  it('keep the beginning of what a node had to say', async () => {
    const { store, again } = opened();
    await store.plan(aSet(5));
    await store.move(1, 'planned', { state: 'failed', failure: 'x'.repeat(200_000) });
    expect((await again().history(SLOT, 1))[0]?.failure).toHaveLength(2_000);
  });

  it('are moved by who finds them where he left them', async () => {
    const { store } = opened();
    await store.plan(aSet(5));
    expect(await store.move(1, 'signed', { state: 'included' })).toBe(false);
    expect(await store.move(2, 'planned', { state: 'signed' })).toBe(false);
    expect(await store.unfinished(SLOT)).toMatchObject([{ state: 'planned' }]);
  });

  it('of one slot are nobody else’s, and worked on one at a time', async () => {
    const { store } = opened();
    await store.plan(aSet(5));
    const other = { ...SLOT, hotkey: 'another' };
    expect(await store.plan(aSet(5, other))).toMatchObject({ id: 2, attempt: 1 });
    expect(await store.unfinished(other)).toHaveLength(1);
    const outcome = await store.alone(SLOT, async () => [
      await store.alone(SLOT, async () => 'twice'),
      await store.alone(other, async () => 'beside'),
    ]);
    expect(outcome).toEqual([null, 'beside']);
    expect(await store.alone(SLOT, async () => 'after')).toBe('after');
    await expect(store.alone(SLOT, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await store.alone(SLOT, async () => 'after')).toBe('after');
  });

  it('are forgotten in the end, but not the last verified one', async () => {
    const { file, store: first, again } = opened();
    await first.plan(aSet(1));
    await first.move(1, 'planned', { state: 'verified', verifiedBlock: 1, verifiedBy: 'row' });
    const state = JSON.parse(readFileSync(file, 'utf8'));
    const [verified] = state.weightSets;
    const failed = Array.from({ length: 197 }, (_, at) => ({
      ...verified,
      id: at + 2,
      epoch: at + 2,
      state: 'failed',
    }));
    writeFileSync(file, JSON.stringify({ ...state, weightSets: [verified, ...failed] }));
    const store = again();
    await store.plan(aSet(199));
    await store.move(199, 'planned', { state: 'failed', failureCode: 'epoch_over' });
    expect(await store.history(SLOT, 1_000)).toHaveLength(151);
    expect(await store.lastVerified(SLOT)).toMatchObject({ epoch: 1 });
    expect(await store.plan(aSet(200))).toMatchObject({ id: 200 });
  });
});

describe('the file', () => {
  it.each([['{'], ['{}'], ['{"kind":"quasar-referee weights","version":1,"referees":{},"weightSets":[{}]}']])(
    'is not overwritten when it holds %s',
    (text) => {
      const file = path.join(aFolder(), 'state.json');
      writeFileSync(file, text);
      expect(() => openStateFile(file)).toThrow('is not a state file of this command');
      expect(readFileSync(file, 'utf8')).toBe(text);
    },
  );

  it('that cannot be written stops everything, before anything is sent', async () => {
    const folder = aFolder();
    writeFileSync(path.join(folder, 'file'), '');
    const state = openStateFile(path.join(folder, 'state.json'));
    const blocked = openStateFile(path.join(folder, 'other', 'state.json'));
    writeFileSync(path.join(folder, 'other'), '');
    expect(() => blocked.change((same) => same)).toThrow('nothing is sent that is not written down first');
    state.change((same) => same);
    expect(openStateFile(path.join(folder, 'state.json')).read()).toEqual(state.read());
  });
});

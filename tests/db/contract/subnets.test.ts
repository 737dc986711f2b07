import { expect, it } from 'vitest';
import type { SubnetState } from '../../../app/chain/subnet.ts';
import { saveSubnet } from '../../../app/chain/subnet-cache.ts';
import { findSubnet, uidOfHotkey } from '../../../db/subnets.ts';
import { anOwnPlace, aSubnetState } from '../../chain/a-subnet.ts';
import { onBothDatabases } from '../databases.ts';

const GENESIS = `0x${'11'.repeat(32)}`;
const OTHER_CHAIN = `0x${'22'.repeat(32)}`;
const NOW = 1_800_000_000_000;
const readAt = (number: number, more: Partial<SubnetState> = {}): SubnetState =>
  aSubnetState({ block: { number, hash: `0x${number}` }, ...more });
const registered = (...hotkeys: string[]) => new Map(hotkeys.map((hotkey, uid) => [hotkey, uid]));

onBothDatabases('what was read of a subnet', (at) => {
  const save = (state: SubnetState, genesisHash = GENESIS, db = at.db) =>
    saveSubnet(db, state, { genesisHash, now: NOW });
  const uidOf = (hotkey: string, netuid = 24) => uidOfHotkey(at.db, { genesisHash: GENESIS, netuid, hotkey });

  it('is kept with its block, amounts above 2^53 and all', async () => {
    const state = readAt(1300, {
      versionKey: 2n ** 64n - 1n,
      stakeThresholdRao: 2n ** 63n,
      uidOf: registered('a'),
      own: anOwnPlace({ stakeRao: 2n ** 60n + 1n, row: [[2, 65_535]] }),
    });
    expect(await save(state)).toBe(true);
    const kept = await findSubnet(at.db, GENESIS, 24);
    expect(kept).toMatchObject({ block: 1300, blockHash: '0x1300', readAt: NOW });
    expect(JSON.parse(kept?.state ?? '')).toMatchObject({
      versionKey: '18446744073709551615',
      stakeThresholdRao: '9223372036854775808',
      uidOf: [['a', 0]],
      own: { stakeRao: '1152921504606846977', row: [[2, 65_535]] },
    });
  });

  it('is null when nothing was read', async () => {
    expect(await findSubnet(at.db, GENESIS, 24)).toBeNull();
    expect(await uidOf('a')).toBeNull();
  });

  it('gives way to a newer block only', async () => {
    await save(readAt(1300, { uidOf: registered('a', 'b') }));
    expect(await save(readAt(1299, { uidOf: registered('a', 'b', 'c') }))).toBe(false);
    expect(await uidOf('c')).toEqual({ uid: null, block: 1300, readAt: NOW });
    expect(await save(readAt(1300, { uidOf: registered('a', 'b', 'c') }))).toBe(true);
    expect(await uidOf('c')).toEqual({ uid: 2, block: 1300, readAt: NOW });
  });

  it('has exactly the hotkeys of its block', async () => {
    await save(readAt(1300, { uidOf: registered('a', 'b', 'c') }));
    await save(readAt(1301, { uidOf: registered('a', 'c', 'd') }));
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(async (hotkey) => (await uidOf(hotkey))?.uid))).toEqual(
      [0, null, 1, 2],
    );
    expect(await at.db('hotkeys').count({ rows: '*' }).first()).toMatchObject({ rows: 3 });
  });

  it('keeps more hotkeys than one statement takes', async () => {
    const many = Array.from({ length: 2_100 }, (_, uid) => `hotkey-${uid}`);
    await save(readAt(1300, { uidOf: registered(...many) }));
    expect((await uidOf('hotkey-2099'))?.uid).toBe(2_099);
    await save(readAt(1301, { uidOf: registered('hotkey-2099') }));
    expect((await uidOf('hotkey-2099'))?.uid).toBe(0);
    expect(await at.db('hotkeys').count({ rows: '*' }).first()).toMatchObject({ rows: 1 });
  });

  it('is kept apart by chain and netuid', async () => {
    await save(readAt(1300, { uidOf: registered('a') }));
    await save(readAt(1, { uidOf: registered('b') }), OTHER_CHAIN);
    await save(readAt(2, { uidOf: registered('c'), netuid: 25 }));
    expect((await uidOf('a'))?.uid).toBe(0);
    expect((await uidOf('b'))?.uid).toBeNull();
    expect(await uidOf('c', 25)).toEqual({ uid: 0, block: 2, readAt: NOW });
  });

  it('says nothing of hotkeys where the subnet has none: it does not exist', async () => {
    await save(readAt(1300, { exists: false, size: 0, uidOf: new Map() }));
    expect(await uidOf('a')).toBeNull();
  });

  it('ends at the newest block when two replicas write side by side', async () => {
    const other = at.another();
    await Promise.all(
      [1301, 1304, 1302, 1303].map((number, index) =>
        save(readAt(number, { uidOf: registered(`h${number}`) }), GENESIS, index % 2 === 0 ? at.db : other),
      ),
    );
    expect((await findSubnet(at.db, GENESIS, 24))?.block).toBe(1304);
    expect(await at.db('hotkeys').select('hotkey')).toEqual([{ hotkey: 'h1304' }]);
  });
});

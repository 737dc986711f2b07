/** What polkadot-js reads of the double. */
import { Metadata, type Option, TypeRegistry } from '@polkadot/types';
import type { Codec } from '@polkadot/types/types';
import { encodeAddress } from '@polkadot/util-crypto/address';
import { describe, expect, it } from 'vitest';
import { metadataCalls } from '../../../app/chain/calls-metadata.ts';
import { NETUID, openDouble, pairOf, rawRequest, read } from './fixture.ts';

describe('the chain double', () => {
  it('is a chain to polkadot-js, with a genesis before its first block', async () => {
    const { api, double } = await openDouble({}, { firstBlock: 5_000, startAtMs: 1_800_000_000_000 });
    expect(api.genesisHash.toHex()).toBe(double.genesisHash);
    expect(api.runtimeMetadata.version).toBe(15);
    const { hash } = await double.mine();
    const header = await api.rpc.chain.getHeader(hash);
    expect(header.hash.toHex()).toBe(hash);
    expect(header.number.toNumber()).toBe(5_001);
    const { block } = await api.rpc.chain.getBlock(hash);
    expect(block.extrinsics.map(({ method }) => `${method.section}.${method.method}`)).toEqual([
      'timestamp.set',
    ]);
    expect(await read(api, 'timestamp.now')).toBe(1_800_000_012_000);
    expect((await api.rpc.chain.getBlockHash(4_999)).isEmpty).toBe(true);
  });

  it('has a genesis of its own under another name', async () => {
    const first = await openDouble();
    const again = await openDouble();
    const other = await openDouble({}, { chainName: 'Another chain' });
    expect(again.double.genesisHash).toBe(first.double.genesisHash);
    expect(other.double.genesisHash).not.toBe(first.double.genesisHash);
    expect((await other.api.rpc.system.chain()).toString()).toBe('Another chain');
  });

  it('has the storage key of a real chain', async () => {
    const { api } = await openDouble();
    expect(api.query.subtensorModule?.tempo?.key(1)).toBe(
      '0x658faa385070e074c85bf6b568cf05557641384bb339f3758acddfd7053d33170100',
    );
  });

  it('has the calls of a real chain, with their indices and argument types', async () => {
    const { api } = await openDouble();
    const calls = metadataCalls(api.runtimeMetadata).map(({ pallet, index, name, args }) => [
      `${pallet}.${index} ${name}`,
      args.map(({ type }) => type).join(' '),
    ]);
    expect(calls).toEqual([
      ['7.0 set_weights', 'u16 Vec<u16> Vec<u16> u64'],
      ['7.113 commit_timelocked_weights', 'u16 Bytes u64 u16'],
      ['7.118 commit_timelocked_mechanism_weights', 'u16 u8 Bytes u64 u16'],
      ['7.119 set_mechanism_weights', 'u16 u8 Vec<u16> Vec<u16> u64'],
    ]);
    expect(api.tx.proxy?.proxy?.callIndex).toEqual(Uint8Array.of(16, 0));
  });

  it('lists a subnet: neurons, permits, stakes, hyperparameters and their defaults', async () => {
    const { api, validator, owner } = await openDouble({ weightsVersionKey: 2n ** 40n });
    expect(await read(api, 'subtensorModule.subnetworkN', NETUID)).toBe(5);
    expect(await read(api, 'subtensorModule.uids', NETUID, validator.address)).toBe(1);
    expect(await read(api, 'subtensorModule.uids', NETUID, pairOf('//Mallory').address)).toBeNull();
    expect(await read(api, 'subtensorModule.keys', NETUID, 0)).toBe(owner.address);
    expect(await read(api, 'subtensorModule.subnetOwnerHotkey', NETUID)).toBe(owner.address);
    expect(await read(api, 'subtensorModule.validatorPermit', NETUID)).toEqual([
      false,
      true,
      false,
      false,
      false,
    ]);
    expect(await read(api, 'subtensorModule.weightsVersionKey', NETUID)).toBe(2 ** 40);
    expect(await read(api, 'subtensorModule.revealPeriodEpochs', NETUID)).toBe(1);
    expect(await read(api, 'subtensorModule.activityCutoffFactorMilli', NETUID)).toBe(13_889);
    const entries = await api.query.subtensorModule?.uids?.entries(NETUID);
    expect(entries?.map(([, uid]) => Number((uid as Option<Codec>).unwrap())).sort()).toEqual([
      0, 1, 2, 3, 4,
    ]);
  });

  it('gives the metagraph, whole or in parts', async () => {
    const { api, validator } = await openDouble();
    const calls = api.call.subnetInfoRuntimeApi;
    const whole = await calls?.getMetagraph?.(NETUID);
    expect(whole?.toJSON()).toMatchObject({
      netuid: NETUID,
      totalStake: [0, 5_000, 0, 0, 0],
      lastUpdate: [0, 0, 0, 0, 0],
    });
    const parts = await calls?.getSelectiveMetagraph?.(NETUID, [52, 69]);
    expect(parts?.toJSON()).toMatchObject({
      hotkeys: expect.arrayContaining([validator.address]),
      totalStake: [0, 5_000, 0, 0, 0],
      validatorPermit: null,
    });
    expect((await calls?.getMetagraph?.(99))?.toJSON()).toBeNull();
  });

  it('keeps the state of every block, and writes of a test become part of the next', async () => {
    const { api, double } = await openDouble();
    const before = double.head().hash;
    double.subnet(NETUID).set({ tempo: 99 });
    expect(await read(api, 'subtensorModule.tempo', NETUID)).toBe(20);
    await double.mine();
    expect(await read(api, 'subtensorModule.tempo', NETUID)).toBe(99);
    expect((await (await api.at(before)).query.subtensorModule?.tempo?.(NETUID))?.toJSON()).toBe(20);
  });

  it('has metadata of both versions, as a node has', async () => {
    const { api, double } = await openDouble();
    const old = new Metadata(
      new TypeRegistry(),
      (await rawRequest(double.url, 'state_getMetadata', [])) as '0x',
    );
    expect(old.version).toBe(14);
    expect(old.asV14.extrinsic.signedExtensions.toJSON()).toEqual(
      api.runtimeMetadata.asV15.extrinsic.signedExtensions.toJSON(),
    );
  });

  it('pages through more neurons than one answer holds', async () => {
    const neurons = Array.from({ length: 1_100 }, (_, uid) => ({
      hotkey: encodeAddress(new Uint8Array(32).fill(uid % 256).fill(uid >> 8, 16), 42),
    }));
    const { api, double } = await openDouble({ neurons });
    expect(await api.query.subtensorModule?.uids?.entries(NETUID)).toHaveLength(1_100);
    expect(double.record.count('state_getKeysPaged')).toBe(2);
  });

  it('gives the place of one that is deregistered to another', async () => {
    const { api, double } = await openDouble();
    const [old, young] = [pairOf('//Miner3').address, pairOf('//Young').address];
    expect(double.subnet(NETUID).register({ hotkey: young }, 3)).toBe(3);
    expect(double.subnet(NETUID).register({ hotkey: pairOf('//Younger').address })).toBe(5);
    const { number } = await double.mine();
    expect(await read(api, 'subtensorModule.uids', NETUID, old)).toBeNull();
    expect(await read(api, 'subtensorModule.uids', NETUID, young)).toBe(3);
    expect(await read(api, 'subtensorModule.blockAtRegistration', NETUID, 3)).toBe(number);
    expect(await read(api, 'subtensorModule.subnetworkN', NETUID)).toBe(6);
  });

  it('makes blocks by itself when asked to', async () => {
    const { api, double } = await openDouble({}, { blockMs: 5 });
    await new Promise<void>((resolve) => {
      void api.rpc.chain.subscribeNewHeads(({ number }) => {
        if (number.toNumber() > 1_004) resolve();
      });
    });
    double.autoBlocks(null);
    const { number } = double.head();
    expect(number).toBeGreaterThan(1_004);
  });
});

/** Every fault that can be asked for, as an unmodified polkadot-js meets it. */
import { describe, expect, it, vi } from 'vitest';
import { eventually } from '../../eventually.ts';
import { connect, NETUID, openDouble, plainRow, rawRequest, read, refusal, signed } from './fixture.ts';

describe('a fault', () => {
  it('of the pool is a refusal, word for word, as often as asked for', async () => {
    const { api, double, validator } = await openDouble();
    double.faults.refuseInPool({ custom: 6 }, 1);
    double.faults.refuseInPool(
      { code: 1010, message: 'Invalid Transaction', data: 'Inability to pay some fees' },
      1,
    );
    const send = async (value: number) =>
      refusal(api, await signed(api, plainRow(api, [65_535, value]), validator));
    expect(await send(1)).toBe('1010: Invalid Transaction: Custom error: 6');
    expect(await send(2)).toBe('1010: Invalid Transaction: Inability to pay some fees');
    expect(await send(3)).toBeNull();
  });

  it('of the dispatch is a module error in a block', async () => {
    const { api, double, validator } = await openDouble();
    double.faults.failDispatch('HotKeyNotRegisteredInSubNet', 1);
    const failures: string[] = [];
    const done = vi.fn();
    const call = plainRow(api);
    await call.signAndSend(validator, { nonce: 0, era: 32 }, ({ status, dispatchError }) => {
      if (status.isReady) void double.mine();
      if (dispatchError?.isModule) failures.push(api.registry.findMetaError(dispatchError.asModule).name);
      if (status.isFinalized) done();
    });
    await eventually(() => expect(done).toHaveBeenCalled());
    expect(failures.at(-1)).toBe('HotKeyNotRegisteredInSubNet');
  });

  it('of any method is its error', async () => {
    const { api, double } = await openDouble();
    double.faults.failMethod('chain_getBlock', { code: -32_000, message: 'busy' }, 1);
    await expect(api.rpc.chain.getBlock()).rejects.toThrow('-32000: busy');
    expect((await api.rpc.chain.getBlock()).block.extrinsics).toHaveLength(1);
  });

  it('keeps a method silent', async () => {
    const { api, double, validator } = await openDouble();
    double.faults.silent.add('author_submitExtrinsic');
    const answered = vi.fn();
    void refusal(api, await signed(api, plainRow(api), validator)).then(answered);
    await eventually(() => expect(double.record.count('author_submitExtrinsic')).toBe(1));
    // answers keep their order: this one would come after it
    await api.rpc.system.chain();
    expect(answered).not.toHaveBeenCalled();
    expect(double.record.submissions).toEqual([]);
  });

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('cuts the socket %s a submission reached the pool', async (when, included) => {
    const { api, double, validator } = await openDouble();
    double.faults.cutOnSubmit(when);
    const extrinsic = await signed(api, plainRow(api), validator);
    expect(await refusal(api, extrinsic)).toMatch(/disconnected|not connected|1006/i);
    await double.mine();
    expect(double.record.inclusionsOf(validator.address, NETUID)).toHaveLength(included);
    await eventually(() => expect(api.isConnected).toBe(true));
    // the same bytes again: the chain tells the two cases apart, and never has two
    expect(await refusal(api, extrinsic)).toBe(
      included === 0 ? null : '1012: Transaction is temporarily banned',
    );
    await double.mine();
    expect(double.record.inclusionsOf(validator.address, NETUID)).toHaveLength(1);
  });

  it('cuts and refuses connections until it is cleared', async () => {
    const { api, double } = await openDouble();
    double.faults.refuseConnections = true;
    double.cut();
    await eventually(() => expect(api.isConnected).toBe(false));
    await eventually(() => expect(double.record.refusedConnections).toBeGreaterThan(1));
    expect(api.isConnected).toBe(false);
    double.faults.clear();
    await eventually(() => expect(api.isConnected).toBe(true));
  });

  it('stops heads while blocks go on', async () => {
    const { api, double } = await openDouble();
    const heads: number[] = [];
    await api.rpc.chain.subscribeNewHeads(({ number }) => void heads.push(number.toNumber()));
    const { number } = await double.mine();
    await eventually(() => expect(heads).toContain(number));
    double.faults.headsStopped = true;
    await double.mine(3);
    // a notification would come before this answer
    expect(Number((await api.rpc.chain.getHeader()).number)).toBe(number + 3);
    expect(heads.at(-1)).toBe(number);
  });

  it('stalls finality, which catches up afterwards', async () => {
    const { api, double } = await openDouble({}, { finalityLag: 2 });
    const finalized: number[] = [];
    await api.rpc.chain.subscribeFinalizedHeads(({ number }) => void finalized.push(number.toNumber()));
    const { number } = await double.mine(5);
    expect(double.finalized().number).toBe(number - 2);
    double.stallFinality();
    await double.mine(4);
    expect((await api.rpc.chain.getFinalizedHead()).toHex()).toBe(double.finalized().hash);
    expect(double.finalized().number).toBe(number - 2);
    double.stallFinality(false);
    expect(double.finalized().number).toBe(number + 2);
    await eventually(() => expect(finalized.at(-1)).toBe(number + 2));
  });

  it('takes the state of old blocks away', async () => {
    const { api, double } = await openDouble();
    const old = double.head().hash;
    await double.mine(5);
    const versionAt = (hash: string) => rawRequest(double.url, 'state_getRuntimeVersion', [hash]);
    expect(await versionAt(old)).toMatchObject({ specVersion: 475 });
    double.keepStates(3);
    expect(await versionAt(old)).toBe(`4003: Client error: UnknownBlock: State already discarded for ${old}`);
    await expect(api.at(old).then((at) => at.query.system?.number?.())).rejects.toThrow(/discarded/);
    expect(await versionAt(double.head().hash)).toMatchObject({ specVersion: 475 });
    // blocks stay; only what was stored at them goes
    expect(await rawRequest(double.url, 'chain_getBlock', [old])).toMatchObject({
      block: { extrinsics: [expect.stringMatching(/^0x/)] },
    });
  });

  it.each([
    ['kept', 1],
    ['lost', 0],
  ] as const)('replaces blocks that are not final, with what was in them %s', async (fate, included) => {
    const { api, double, validator } = await openDouble({}, { finalityLag: 5 });
    await refusal(api, await signed(api, plainRow(api), validator));
    const { number, hash } = await double.mine();
    await double.mine(2);
    expect(double.subnet(NETUID).row(validator.address)).toHaveLength(3);
    double.reorganise(3, fate);
    expect(double.head().number).toBe(number + 3);
    expect((await api.rpc.chain.getBlockHash(number)).toHex()).not.toBe(hash);
    expect(double.record.inclusionsOf(validator.address, NETUID)).toHaveLength(included);
    expect(double.subnet(NETUID).row(validator.address)).toHaveLength(3 * included);
    expect(Number(await api.rpc.system.accountNextIndex(validator.address))).toBe(included);
    expect(() => double.reorganise(6)).toThrow(/is final/);
  });

  it('loses the pool', async () => {
    const { api, double, validator } = await openDouble();
    const extrinsic = await signed(api, plainRow(api), validator);
    await refusal(api, extrinsic);
    double.dropPool();
    await double.mine();
    expect(double.record.inclusions).toEqual([]);
    expect(await refusal(api, extrinsic)).toBeNull();
    await double.mine();
    expect(double.record.inclusionsOf(validator.address, NETUID)).toHaveLength(1);
  });
});

describe('another runtime', () => {
  it('is told to who listens, and refuses what was signed for the last', async () => {
    const { api, double, validator } = await openDouble();
    const before = await signed(api, plainRow(api), validator, 1);
    await refusal(api, before);
    double.upgrade({ specVersion: 476 });
    const { hash } = await double.mine();
    await eventually(() => expect(api.runtimeVersion.specVersion.toNumber()).toBe(476));
    expect((await api.rpc.state.getRuntimeVersion(hash)).specVersion.toNumber()).toBe(476);
    expect((await api.rpc.author.pendingExtrinsics()).length).toBe(0);
    expect(await refusal(await connect(double.url), await signed(api, plainRow(api), validator))).toBeNull();
    await double.mine();
    expect(double.record.inclusionsOf(validator.address, NETUID)).toHaveLength(1);
  });

  it('may have other calls, and an extension that nobody knows', async () => {
    const { double } = await openDouble();
    double.upgrade({
      specVersion: 500,
      changedCalls: ['set_mechanism_weights'],
      unknownExtension: 'CheckMood',
    });
    await double.mine();
    const api = await connect(double.url);
    const args = api.tx.subtensorModule?.setMechanismWeights?.meta.args.map(({ name }) => name.toString());
    expect(args).toEqual(['netuid', 'mecid', 'dests', 'weights', 'versionKey', 'memo']);
    expect(
      api.runtimeMetadata.asV15.extrinsic.signedExtensions.map(({ identifier }) => identifier.toString()),
    ).toContain('CheckMood');
    // the state is the same as before
    expect(await read(api, 'subtensorModule.tempo', NETUID)).toBe(20);
  });
});

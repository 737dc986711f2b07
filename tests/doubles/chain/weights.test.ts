/** Plain weights, from a signed extrinsic of polkadot-js to the stored row. */
import { describe, expect, it } from 'vitest';
import { eventsOf, NETUID, openDouble, pairOf, plainRow, read, refusal, signed, tx } from './fixture.ts';

it.each([
  ['setWeights', [7, [1, 2], [65_535, 27_306], 0], '0x07000700080100020008ffffaa6a0000000000000000'],
  [
    'setMechanismWeights',
    [7, 0, [1, 2], [65_535, 27_306], 0],
    '0x0777070000080100020008ffffaa6a0000000000000000',
  ],
  ['commitTimelockedMechanismWeights', [7, 0, '0x0102', 1_000, 4], '0x0776070000080102e8030000000000000400'],
])('%s has the bytes that it has on a real runtime', async (name, args, bytes) => {
  const { api } = await openDouble();
  expect(tx(api, `subtensorModule.${name}`, ...args).method.toHex()).toBe(bytes);
});

describe('plain weights', () => {
  it('land, and read back', async () => {
    const { double, api, validator } = await openDouble();
    expect(await refusal(api, await signed(api, plainRow(api), validator))).toBeNull();
    const { hash, number } = await double.mine();

    expect(await read(api, 'subtensorModule.weights', NETUID, 1)).toEqual([
      [2, 65_535],
      [3, 27_306],
      [4, 10_922],
    ]);
    expect(await read(api, 'subtensorModule.lastUpdate', NETUID)).toEqual([0, number, 0, 0, 0]);
    expect(await eventsOf(api, hash)).toEqual([
      '0 system.ExtrinsicSuccess',
      '1 subtensorModule.WeightsSet',
      '1 system.ExtrinsicSuccess',
    ]);
    expect(double.record.inclusionsByEpoch(validator.address, NETUID)).toEqual([[0, 1]]);
  });

  it('land through the call without mechanism too', async () => {
    const { double, api, validator } = await openDouble();
    const call = tx(api, 'subtensorModule.setWeights', NETUID, [2], [65_535], 0);
    await refusal(api, await signed(api, call, validator));
    await double.mine();
    expect(double.subnet(NETUID).row(validator.address)).toEqual([[2, 65_535]]);
  });

  it('are upscaled where the largest is below the top', async () => {
    const { double, api, validator } = await openDouble();
    await refusal(api, await signed(api, plainRow(api, [600, 250, 100]), validator));
    await double.mine();
    expect(double.subnet(NETUID).row(validator.address)).toEqual([
      [2, 65_535],
      [3, 27_306],
      [4, 10_923],
    ]);
  });

  it.each([
    ['CommitRevealEnabled', { commitReveal: true }, {}],
    ['IncorrectWeightVersionKey', { weightsVersionKey: 9 }, {}],
    ['WeightVecLengthIsLow', { minAllowedWeights: 4 }, {}],
    ['NeuronNoValidatorPermit', {}, { by: '//Miner2', stake: 5_000 }],
    ['HotKeyNotRegisteredInSubNet', {}, { by: '//Mallory', stake: 5_000 }],
    ['MechanismDoesNotExist', {}, { args: [NETUID, 1, [2], [1], 0] }],
    ['CanNotSetRootNetworkWeights', {}, { args: [0, 0, [2], [1], 0] }],
    ['WeightVecNotEqualSize', {}, { args: [NETUID, 0, [2, 3], [1], 0] }],
    ['UidsLengthExceedUidsInSubNet', {}, { args: [NETUID, 0, [1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 1], 0] }],
    ['DuplicateUids', {}, { args: [NETUID, 0, [2, 2], [1, 1], 0] }],
    ['UidVecContainInvalidOne', {}, { args: [NETUID, 0, [2, 5], [1, 1], 0] }],
  ] as const)('fail in their block with %s', async (error, subnet, by) => {
    const { double, api, validator } = await openDouble(subnet);
    const pair = 'by' in by ? pairOf(by.by) : validator;
    const args = 'args' in by ? by.args : null;
    const netuid = args?.[0] ?? NETUID;
    double.set('SubtensorModule.TotalHotkeyAlpha', [pair.address, netuid], 5_000);
    if (netuid === 0) double.set('SubtensorModule.CommitRevealWeightsEnabled', [0], false);
    const call = args === null ? plainRow(api) : tx(api, 'subtensorModule.setMechanismWeights', ...args);
    expect(await refusal(api, await signed(api, call, pair))).toBeNull();
    const { hash } = await double.mine();

    expect(await eventsOf(api, hash)).toContain('1 system.ExtrinsicFailed');
    expect(double.record.inclusions.at(-1)?.error).toBe(`SubtensorModule.${error}`);
    expect(double.record.inclusionsByEpoch(pair.address, netuid)).toEqual([]);
    if (netuid === NETUID) expect(double.subnet(NETUID).row(validator.address)).toEqual([]);
  });

  it('are refused by the pool without stake, and before the rate limit has passed', async () => {
    const { double, api, validator } = await openDouble();
    const poor = await refusal(api, await signed(api, plainRow(api), pairOf('//Miner2')));
    expect(poor).toBe('1010: Invalid Transaction: Custom error: 1');

    await refusal(api, await signed(api, plainRow(api), validator));
    const { number } = await double.mine();
    await double.mineTo(number + 3);
    // the next block would be the fourth after it, and the limit is 5
    expect(await refusal(api, await signed(api, plainRow(api), validator))).toMatch(/Custom error: 6$/);
    await double.mine();
    expect(await refusal(api, await signed(api, plainRow(api), validator))).toBeNull();
  });

  it('of two that wait, the one that became too early is dropped', async () => {
    const { double, api, validator } = await openDouble();
    for (const nonce of [0, 1]) await refusal(api, await signed(api, plainRow(api), validator, nonce));
    await double.mine(3);
    expect(double.record.inclusionsByEpoch(validator.address, NETUID)).toEqual([[0, 1]]);
    expect(Number(await api.rpc.system.accountNextIndex(validator.address))).toBe(1);
  });
});

describe('a proxy', () => {
  it('sets the weights of the account that it is of', async () => {
    const { double, api, validator } = await openDouble();
    const proxy = pairOf('//Proxy');
    double.setProxies(validator.address, [proxy.address]);
    const call = tx(api, 'proxy.proxy', validator.address, 'NonFungible', plainRow(api).method);
    await refusal(api, await signed(api, call, proxy));
    const { hash } = await double.mine();
    expect(await eventsOf(api, hash)).toEqual([
      '0 system.ExtrinsicSuccess',
      '1 subtensorModule.WeightsSet',
      '1 proxy.ProxyExecuted',
      '1 system.ExtrinsicSuccess',
    ]);
    expect(double.record.inclusionsOf(validator.address, NETUID)).toMatchObject([
      { signer: proxy.address, error: null },
    ]);
  });

  it('succeeds although the call in it fails, and fails where it is none', async () => {
    const { double, api, validator } = await openDouble();
    const proxy = pairOf('//Proxy');
    double.setProxies(validator.address, [proxy.address]);
    const call = (real: string) =>
      tx(api, 'proxy.proxy', real, 'NonFungible', plainRow(api, [1, 2, 3, 4]).method);
    await refusal(api, await signed(api, call(validator.address), proxy));
    const inner = await double.mine();
    expect(await eventsOf(api, inner.hash)).toContain('1 system.ExtrinsicSuccess');
    expect(double.record.inclusions.at(-1)?.error).toBe('SubtensorModule.WeightVecNotEqualSize');

    await refusal(api, await signed(api, call(pairOf('//Owner').address), proxy));
    await double.mine();
    expect(double.record.inclusions.at(-1)?.error).toBe('Proxy.NotProxy');
  });
});

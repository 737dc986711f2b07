/** The runtime of spec 293, which the tests against the real one have: its two calls, its errors and its way of revealing. */
import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type EpochSchedule, firstRevealBlock, revealRound } from '../../../app/chain/epoch.ts';
import { timelockEncrypt } from '../../../app/chain/timelock.ts';
import { timelockPayload } from '../../../app/chain/timelock-payload.ts';
import { connect, eventsOf, NETUID, openDouble, pairOf, refusal, signed, tx } from './fixture.ts';

const OLD = { runtime: 'spec293' } as const;

describe('spec 293', () => {
  it('has set_weights and commit_crv3_weights, and none of the later ones', async () => {
    const { api, double, validator } = await openDouble({}, OLD);
    expect(api.runtimeVersion.specVersion.toNumber()).toBe(293);
    expect(Object.keys(api.tx.subtensorModule ?? {}).sort()).toEqual(['commitCrv3Weights', 'setWeights']);
    const call = () => tx(api, 'subtensorModule.setWeights', NETUID, [2, 3], [65_535, 7], 0);
    await refusal(api, await signed(api, call(), validator));
    await double.mine();
    expect(double.subnet(NETUID).row(validator.address)).toEqual([
      [2, 65_535],
      [3, 7],
    ]);

    // the rate limit is no matter of the pool yet
    expect(await refusal(api, await signed(api, call(), validator))).toBeNull();
    await double.mine();
    expect(double.record.inclusions.at(-1)?.error).toBe('SubtensorModule.SettingWeightsTooFast');
  });

  it('misspells the type of the proxy, whose index is the same', async () => {
    const { api, double, validator } = await openDouble({}, OLD);
    const proxy = pairOf('//Proxy');
    double.setProxies(validator.address, [proxy.address]);
    const inner = tx(api, 'subtensorModule.setWeights', NETUID, [2], [65_535], 0);
    const call = tx(api, 'proxy.proxy', validator.address, 'NonFungibile', inner.method);
    expect(call.method.toHex()).toContain('0105070007');
    await refusal(api, await signed(api, call, proxy));
    await double.mine();
    expect(double.subnet(NETUID).row(validator.address)).toEqual([[2, 65_535]]);
  });

  it('numbers its errors in its own way', async () => {
    const { api, double } = await openDouble({}, OLD);
    const today = await openDouble();
    const indexIn = (of: typeof api) =>
      of.errors.subtensorModule?.HotKeyNotRegisteredInSubNet?.meta.index.toNumber();
    expect([indexIn(api), indexIn(today.api)]).toEqual([5, 4]);
    expect((await connect(double.url)).errors.subtensorModule?.MechanismDoesNotExist).toBeUndefined();
  });

  it('opens a commit in the very block of the epoch', async () => {
    const { api, double, validator } = await openDouble({ commitReveal: true, tempo: 20 }, OLD);
    const schedule: EpochSchedule = { form: 'modulo', head: double.head().number, tempo: 20, netuid: NETUID };
    const { beacon } = double;
    const round = revealRound(schedule, {
      revealPeriodEpochs: 1,
      nowSeconds: double.timeOf() / 1_000,
      beacon,
    });
    const payload = timelockPayload({ hotkey: null, uids: [3], values: [65_535], versionKey: 0n });
    const sealed = timelockEncrypt(payload, round, { random: randomBytes, publicKey: beacon.publicKey });
    const call = tx(
      api,
      'subtensorModule.commitCrv3Weights',
      NETUID,
      `0x${Buffer.from(sealed).toString('hex')}`,
      round,
    );
    expect(await refusal(api, await signed(api, call, validator))).toBeNull();
    const { hash } = await double.mine();
    expect(await eventsOf(api, hash)).toContain('1 subtensorModule.CRV3WeightsCommitted');

    const opens = firstRevealBlock(schedule, 1);
    await double.mineTo(opens - 1);
    expect(double.subnet(NETUID).row(validator.address)).toEqual([]);
    const revealed = await double.mine();
    expect(await eventsOf(api, revealed.hash)).toContain('i subtensorModule.CRV3WeightsRevealed');
    expect(double.subnet(NETUID).row(validator.address)).toEqual([[3, 65_535]]);
  });
});

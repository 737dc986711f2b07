/** Timelocked commits: the double opens them with a beacon of its own, or loses them without a word. */
import { randomBytes } from 'node:crypto';
import { blake2AsHex } from '@polkadot/util-crypto/blake2';
import { describe, expect, it } from 'vitest';
import { QUICKNET } from '../../../app/chain/drand.ts';
import { type EpochSchedule, firstRevealBlock, revealRound } from '../../../app/chain/epoch.ts';
import { timelockEncrypt } from '../../../app/chain/timelock.ts';
import { timelockPayload } from '../../../app/chain/timelock-payload.ts';
import { eventsOf, type Fixture, NETUID, openDouble, pairOf, read, refusal, signed, tx } from './fixture.ts';

const CR = { commitReveal: true, weightsSetRateLimit: 0 };

interface Twist {
  readonly round?: (right: number) => number;
  readonly hotkey?: Uint8Array;
  readonly publicKey?: string;
  readonly uids?: readonly number[];
}

/** The schedule of the subnet as the head has it. */
async function scheduleOf({ api, double }: Fixture): Promise<EpochSchedule> {
  const number = async (item: string) => Number(await read(api, `subtensorModule.${item}`, NETUID));
  return {
    form: 'stateful',
    head: double.head().number,
    tempo: await number('tempo'),
    lastEpochBlock: await number('lastEpochBlock'),
    pendingEpochAt: await number('pendingEpochAt'),
    subnetEpochIndex: await number('subnetEpochIndex'),
    blocksSinceLastStep: await number('blocksSinceLastStep'),
  };
}

/** Commits a row in the next block; when it is due to be opened, and the commit's hash. */
async function commit(fixture: Fixture, twist: Twist = {}) {
  const { api, double, validator } = fixture;
  const schedule = await scheduleOf(fixture);
  const right = revealRound(schedule, {
    revealPeriodEpochs: 1,
    nowSeconds: double.timeOf() / 1_000,
    beacon: double.beacon,
  });
  const round = twist.round?.(right) ?? right;
  const uids = twist.uids ?? [2, 3, 4];
  const payload = timelockPayload({
    hotkey: twist.hotkey ?? validator.publicKey,
    uids,
    values: [65_535, 27_306, 10_922],
    versionKey: 0n,
  });
  const { publicKey = double.beacon.publicKey } = twist;
  const ciphertext = timelockEncrypt(payload, round, { random: randomBytes, publicKey });
  // what a twist encrypts to another round still says the right one
  const call = tx(
    api,
    'subtensorModule.commitTimelockedMechanismWeights',
    NETUID,
    0,
    `0x${Buffer.from(ciphertext).toString('hex')}`,
    right,
    4,
  );
  expect(await refusal(api, await signed(api, call, validator))).toBeNull();
  const block = await double.mine();
  return { block, opens: firstRevealBlock(schedule, 1), hash: blake2AsHex(ciphertext, 256) };
}

async function revealedBetween({ api, double }: Fixture, from: number, to: number): Promise<number[]> {
  await double.mineTo(to);
  const found: number[] = [];
  for (let block = from; block <= to; block++) {
    const events = await eventsOf(api, (await api.rpc.chain.getBlockHash(block)).toHex());
    if (events.includes('i subtensorModule.TimelockedWeightsRevealed')) found.push(block);
  }
  return found;
}

describe('a timelocked commit', () => {
  it('is stored, and opened in the first blocks of its reveal epoch', async () => {
    const fixture = await openDouble(CR);
    const { api, double, validator } = fixture;
    const { block, opens, hash } = await commit(fixture);

    expect(await eventsOf(api, block.hash)).toContain('1 subtensorModule.TimelockedWeightsCommitted');
    const stored = (await read(api, 'subtensorModule.timelockedWeightCommits', NETUID, 0)) as string[][];
    expect(stored.map(([account, at, bytes]) => [account, at, blake2AsHex(bytes as string, 256)])).toEqual([
      [validator.address, block.number, hash],
    ]);
    expect(await read(api, 'subtensorModule.lastUpdate', NETUID)).toEqual([0, block.number, 0, 0, 0]);
    expect(double.subnet(NETUID).row(validator.address)).toEqual([]);

    const revealed = await revealedBetween(fixture, opens, opens + 8);
    expect(revealed).toHaveLength(1);
    expect(revealed[0]).toBeGreaterThanOrEqual(opens);
    expect(double.subnet(NETUID).row(validator.address)).toEqual([
      [2, 65_535],
      [3, 27_306],
      [4, 10_922],
    ]);
    expect(await read(api, 'subtensorModule.timelockedWeightCommits', NETUID, 0)).toEqual([]);
    expect(await read(api, 'subtensorModule.lastUpdate', NETUID)).toEqual([0, block.number, 0, 0, 0]);
    expect(double.record.reveals).toMatchObject([{ epoch: 0, problem: null }]);
  });

  it('is tried again in every block of that epoch while its pulse is missing, then dropped', async () => {
    const fixture = await openDouble(CR);
    const { double, validator } = fixture;
    const { opens } = await commit(fixture);
    double.faults.hiddenPulses = true;
    await double.mineTo(opens + 10);
    expect(double.record.reveals).toEqual([]);
    double.faults.hiddenPulses = false;
    await double.mine();
    expect(double.record.reveals).toMatchObject([{ block: opens + 11, problem: null }]);
    expect(double.subnet(NETUID).row(validator.address)).toHaveLength(3);

    const later = await commit(fixture);
    double.faults.hiddenPulses = true;
    await double.mineTo(later.opens + 25);
    expect(double.record.reveals.at(-1)?.problem).toBe('its epoch ended without the pulse');
  });

  it.each<[string, Twist, RegExp]>([
    ['encrypted to another round', { round: (right) => right + 1 }, /not encrypted to the round/],
    ['for another beacon', { publicKey: QUICKNET.publicKey }, /not encrypted to the round/],
    ['naming another hotkey', { hotkey: pairOf('//Mallory').publicKey }, /was committed for/],
    ['of a row that the chain refuses', { uids: [2, 3, 99] }, /UidVecContainInvalidOne/],
  ])('%s is accepted, and lost without a word', async (_, twist, why) => {
    const fixture = await openDouble(CR);
    const { double, validator } = fixture;
    const { opens } = await commit(fixture, twist);
    expect(await revealedBetween(fixture, opens, opens + 25)).toEqual([]);
    expect(double.record.reveals).toHaveLength(1);
    expect(double.record.reveals[0]?.problem).toMatch(why);
    expect(double.subnet(NETUID).row(validator.address)).toEqual([]);
  });

  it('in no format that is known is accepted and lost, and refused only where its frame is wrong', async () => {
    const { api, double, validator } = await openDouble(CR);
    const committed = async (round: number, version: number) => {
      const call = tx(api, 'subtensorModule.commitTimelockedWeights', NETUID, '0x0102', round, version);
      return refusal(api, await signed(api, call, validator));
    };
    const last = Number(await read(api, 'drand.lastStoredRound'));
    expect(await committed(last - 1, 4)).toMatch(/Custom error: 15$/);
    expect(await committed(last + 8, 3)).toBeNull();
    await double.mine();
    expect(double.record.inclusions.at(-1)?.error).toBe('SubtensorModule.IncorrectCommitRevealVersion');
    expect(await committed(last + 12, 4)).toBeNull();
    await double.mine(30);
    expect(double.record.inclusions.at(-1)?.error).toBeNull();
    expect(double.record.reveals).toMatchObject([
      { problem: expect.stringMatching(/not a timelock ciphertext/) },
    ]);
  });

  it('is refused where the subnet has no commit-reveal, and when ten wait', async () => {
    const { api, double, validator } = await openDouble({
      commitReveal: false,
      weightsSetRateLimit: 0,
      tempo: 360,
    });
    const send = async () => {
      const call = tx(api, 'subtensorModule.commitTimelockedWeights', NETUID, '0x01', 40_000_000, 4);
      await refusal(api, await signed(api, call, validator));
      await double.mine();
      return double.record.inclusions.at(-1)?.error;
    };
    expect(await send()).toBe('SubtensorModule.CommitRevealDisabled');
    double.subnet(NETUID).set({ commitReveal: true });
    for (let sent = 1; sent <= 10; sent++) expect(await send()).toBeNull();
    expect(await send()).toBe('SubtensorModule.TooManyUnrevealedCommits');
  });
});

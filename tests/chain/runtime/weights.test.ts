/** Both calls that the real runtime has for weights, sent by our code and read back from its storage. */
import { describe, expect } from 'vitest';
import { chooseCall } from '../../../app/chain/calls.ts';
import { nextEpochBlock, revealRound } from '../../../app/chain/epoch.ts';
import { normalise } from '../../../app/chain/normalise.ts';
import { preflight } from '../../../app/chain/preflight.ts';
import type { Hotkey } from '../../../app/ids.ts';
import { TEST_BEACON } from '../../doubles/chain/beacon.ts';
import { NETUID } from './local-subnet.ts';
import { aBench, onRuntime } from './on-runtime.ts';
import { commit, plain, VERSION_KEY } from './our-side.ts';
import { findSdk, rowBySdk } from './sdk.ts';
import { HOW_TO_PREPARE, runtimeMissing } from './start-runtime.ts';

const SHARES = [0.6, 0.25, 0.1, 0.05];
const PAID = [65_535, 27_306, 10_922, 5_461];
const bench = aBench();
const sdk = runtimeMissing() === null ? findSdk() : null;

/** The row for these miners, the first as the winner; the call that the chain wants now. */
async function decide(miners: readonly Hotkey[]) {
  const { view, state } = await bench.ours.look();
  const shares = miners.map((hotkey, place) => ({ hotkey, share: SHARES[place] ?? 0 }));
  const normalised = normalise(shares, { ...state, ownUid: state.own?.uid ?? null });
  if (normalised.kind === 'skip') throw new Error(normalised.message);
  const choice = chooseCall(view.calls, {
    commitReveal: state.commitReveal,
    version: state.commitRevealVersion,
  });
  if (choice.kind === 'refused') throw new Error(choice.message);
  return { state, row: normalised.row, call: choice.call };
}

describe('weights on the real runtime', () => {
  onRuntime('are stored as sent by call 0', async () => {
    const { subnet, ours } = bench;
    const { state, row, call } = await decide(subnet.miners);
    expect(state.schedule).toMatchObject({ form: 'modulo', netuid: NETUID });
    expect([call.pallet, call.index, call.name]).toEqual([7, 0, 'set_weights']);
    expect(preflight({ state, call, row, versionKey: VERSION_KEY, revealRound: null })).toEqual([]);
    expect(row.values).toEqual(PAID);

    const { answer, outcome } = await ours.force(call.name, plain(row));
    expect(answer).toEqual({ kind: 'pending' });
    expect(outcome).toMatchObject({ problem: null });
    expect(outcome?.events).toContain('subtensorModule.WeightsSet');
    const stored = row.uids.map((uid, at) => [uid, row.values[at]]);
    expect(await subnet.row(subnet.validator.hotkey)).toEqual(stored);
    const { own } = (await ours.look()).state;
    expect(own?.row).toEqual(stored);
    expect(own?.lastUpdate).toBe(outcome?.block.number);
  });

  onRuntime(
    "are read by Bittensor's own SDK as we read them",
    async () => {
      const { own } = (await bench.ours.look()).state;
      const row = await rowBySdk(sdk ?? '', bench.url, NETUID, own?.uid ?? -1);
      expect(row.stored).toEqual(own?.row);
      for (const [place, [, fraction]] of row.shown.entries())
        expect(fraction).toBeCloseTo(SHARES[place] ?? 0, 4);
    },
    sdk === null ? `Bittensor's SDK is not installed; ${HOW_TO_PREPARE}` : null,
  );

  onRuntime('are opened by the pallet and stored as sent by call 99', async () => {
    const { subnet, ours } = bench;
    await subnet.configure('sudoSetCommitRevealWeightsEnabled', NETUID, true);
    const { state, row, call } = await decide([...subnet.miners].reverse());
    expect([call.pallet, call.index, call.name]).toEqual([7, 99, 'commit_crv3_weights']);
    const { revealPeriodEpochs, schedule, timestampMs } = state;
    const clock = { revealPeriodEpochs, nowSeconds: timestampMs / 1_000, beacon: TEST_BEACON };
    const round = revealRound(schedule, clock);
    expect(preflight({ state, call, row, versionKey: VERSION_KEY, revealRound: round })).toEqual([]);
    const before = await subnet.row(subnet.validator.hotkey);

    const { outcome } = await ours.force(call.name, commit(row, round));
    expect(outcome?.problem).toBeNull();
    expect(outcome?.events).toContain('subtensorModule.CRV3WeightsCommitted');
    const sealed = (await ours.look()).state;
    expect(sealed.own?.commits).toMatchObject([{ round }]);
    await subnet.publishPulse(round);
    const opens = nextEpochBlock(schedule);
    await subnet.skipTo(opens - 1);
    expect(await subnet.row(subnet.validator.hotkey)).toEqual(before);

    await subnet.blocks(1);
    const stored = row.uids.map((uid, at) => [uid, row.values[at]]);
    expect(await subnet.row(subnet.validator.hotkey)).toEqual(stored);
    const { own } = (await ours.look()).state;
    expect(own).toMatchObject({ row: stored, commits: [] });
    const events = await ours.chain.initializationEvents(opens);
    expect(events).toContainEqual({ method: 'CRV3WeightsRevealed', data: [NETUID, subnet.validator.hotkey] });
  });
});

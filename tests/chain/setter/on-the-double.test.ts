import { describe, expect, it, onTestFinished } from 'vitest';
import { QUICKNET } from '../../../app/chain/drand.ts';
import { startTcpProxy } from '../connection/tcp-proxy.ts';
import { aSetter, aSubnet, codesOf, kindsOf } from './on-double.ts';
import { NETUID, PROXY, ROW, signerFor, TEMPO, VALIDATOR } from './the-subnet.ts';

const HOTKEY = VALIDATOR.hotkey;
const COMMIT_REVEAL = { commitReveal: true };
/** The double's first block; the first epoch ends a tempo later. */
const FIRST = 1_000;
const DAY_AND_MORE = FIRST + 3 * TEMPO + 8;

describe('the weight setter on a chain', () => {
  it('sends plain weights once in every epoch, and reads each row back', async () => {
    const double = await aSubnet();
    const setter = await aSetter(double);
    await setter.live(DAY_AND_MORE);
    const epochs = double.record.inclusionsByEpoch(HOTKEY, NETUID);
    expect(epochs.map(([, count]) => count)).toEqual([1, 1, 1, 1]);
    expect(double.subnet(NETUID).row(HOTKEY)).toEqual(ROW);
    const sets = (await setter.history()).toReversed();
    expect(sets.map(({ epoch, state, attempt }) => [epoch, state, attempt])).toEqual(
      epochs.map(([epoch]) => [epoch, 'verified', 1]),
    );
    expect(sets.map(({ includedBlock }) => includedBlock)).toEqual(
      double.record.inclusions.map(({ block }) => block),
    );
    expect(sets.map(({ extrinsic }) => extrinsic?.hash)).toEqual(
      double.record.inclusions.map(({ hash }) => hash),
    );
  });

  it('commits timelocked weights in every epoch, and proves each by the event of its opening', async () => {
    const double = await aSubnet(COMMIT_REVEAL);
    const setter = await aSetter(double);
    const report = await setter.live(DAY_AND_MORE);
    expect(double.record.inclusionsByEpoch(HOTKEY, NETUID).map(([, count]) => count)).toEqual([1, 1, 1, 1]);
    const opened = double.record.reveals;
    expect(opened.map(({ problem }) => problem)).toEqual([null, null, null]);
    const sets = (await setter.history()).toReversed();
    expect(sets.map(({ state, verifiedBy, verifiedBlock }) => [state, verifiedBy, verifiedBlock])).toEqual([
      ...opened.map(({ block }) => ['verified', 'event', block]),
      ['included', null, null],
    ]);
    expect(double.subnet(NETUID).row(HOTKEY)).toEqual(ROW);
    expect(report).toMatchObject({ path: 'timelocked', alerts: [] });
  });

  it('acts as the proxy of a hotkey that is offline', async () => {
    for (const commitReveal of [false, true]) {
      const double = await aSubnet({ commitReveal });
      double.setProxies(HOTKEY, [PROXY.hotkey]);
      const setter = await aSetter(double, {
        signer: signerFor(double.genesisHash, PROXY, HOTKEY),
        signingAccount: PROXY.hotkey,
      });
      await setter.live(FIRST + TEMPO + 10);
      expect(double.record.inclusions[0]).toMatchObject({
        signer: PROXY.hotkey,
        hotkey: HOTKEY,
        error: null,
      });
      expect((await setter.history()).at(-1)).toMatchObject({ state: 'verified' });
      expect(double.subnet(NETUID).row(HOTKEY)).toEqual(ROW);
    }
  });

  it('stores and sends nothing without a signer, and says what it would send', async () => {
    const double = await aSubnet();
    const setter = await aSetter(double, { signer: null });
    const report = await setter.live(FIRST + 20);
    expect(report).toMatchObject({
      path: 'plain',
      row: { uids: [2, 3, 0], values: [65_535, 27_306, 16_384] },
    });
    expect(report.steps.at(-1)).toMatchObject({ kind: 'dry_run' });
    expect(double.record.submissions).toEqual([]);
    expect(await setter.history()).toEqual([]);
  });

  it.each(['before', 'after'] as const)(
    'sends once when the connection is cut %s the bytes arrive',
    async (when) => {
      const double = await aSubnet();
      const setter = await aSetter(double);
      double.faults.cutOnSubmit(when);
      const report = await setter.live(FIRST + 3);
      expect(kindsOf(report)).not.toContain('failed');
      await setter.live(FIRST + TEMPO - 4);
      expect(double.record.inclusionsByEpoch(HOTKEY, NETUID).map(([, count]) => count)).toEqual([1]);
      expect(await setter.history()).toMatchObject([{ state: 'verified', attempt: 1 }]);
    },
  );

  it('sends once through a proxy that is cut between the submission and its answer', async () => {
    const double = await aSubnet();
    const proxy = await startTcpProxy(double.url);
    onTestFinished(() => proxy.close());
    const setter = await aSetter(double, {}, { endpoints: [proxy.url] });
    const { submit } = setter.chain;
    let cuts = 0;
    Object.assign(setter.chain, {
      submit: async (bytes: string) => {
        if (cuts > 0) return submit(bytes);
        cuts += 1;
        proxy.holdAnswers();
        const answer = submit(bytes);
        while (double.record.submissions.length === 0) await new Promise(setImmediate);
        proxy.cut();
        return answer;
      },
    });
    await setter.live(FIRST + TEMPO + 10);
    expect(cuts).toBe(1);
    expect(proxy.opened).toBeGreaterThan(1);
    expect(double.record.submissions.length).toBeGreaterThan(2);
    expect(double.record.inclusionsByEpoch(HOTKEY, NETUID).map(([, count]) => count)).toEqual([1, 1]);
    expect((await setter.history()).map(({ state, attempt }) => [state, attempt])).toEqual([
      ['verified', 1],
      ['verified', 1],
    ]);
  });

  it('sends the same bytes again when the pool has lost them', async () => {
    const double = await aSubnet({ tempo: 100 });
    const setter = await aSetter(double);
    await setter.live(FIRST + 42);
    double.dropPool();
    await setter.live(FIRST + 60);
    expect(new Set(double.record.submissions.map(({ hash }) => hash)).size).toBe(1);
    expect(double.record.inclusionsByEpoch(HOTKEY, NETUID)).toEqual([[0, 1]]);
    expect(await setter.history()).toMatchObject([{ state: 'verified', attempt: 1 }]);
  });

  it.each([
    ['plain weights', false],
    ['a commit', true],
  ])('signs %s again for a pool that bans what it refused once', async (_, commitReveal) => {
    const double = await aSubnet({ tempo: 100, commitReveal });
    const setter = await aSetter(double);
    double.faults.refuseInPool({ custom: 255 }, 2);
    const report = await setter.live(FIRST + 44);
    expect(report.alerts).toMatchObject([{ code: 'unknown', severity: 'page' }]);
    expect(await setter.history()).toMatchObject([{ state: 'signed' }]);
    expect(codesOf(await setter.live(FIRST + 99))).toEqual([]);
    const [set, ...others] = await setter.history();
    expect(others).toEqual([]);
    expect(set).toMatchObject({ attempt: 1, state: commitReveal ? 'included' : 'verified' });
    const included = double.record.inclusionsOf(HOTKEY, NETUID);
    expect(included.map(({ hash }) => hash)).toEqual([set?.extrinsic?.hash]);
    expect(new Set(double.record.submissions.map(({ hash }) => hash)).size).toBe(3);
  });

  it('loses no epoch to a pool that refuses four signatures of it', async () => {
    const double = await aSubnet({ tempo: 100 });
    const setter = await aSetter(double);
    double.faults.refuseInPool({ custom: 255 }, 4);
    await setter.live(FIRST + 99);
    expect((await setter.history()).toReversed()).toMatchObject([
      { attempt: 1, state: 'failed', failureCode: 'era_over' },
      { attempt: 2, state: 'verified' },
    ]);
    expect(double.record.inclusionsByEpoch(HOTKEY, NETUID)).toEqual([[0, 1]]);
  });

  it('makes a new attempt when an upgrade of the runtime made the bytes worthless', async () => {
    const double = await aSubnet({ tempo: 100 });
    const setter = await aSetter(double);
    double.faults.refuseInPool({ code: 1010, message: 'Invalid Transaction', data: 'Custom error: 255' }, 1);
    await setter.live(FIRST + 42);
    double.upgrade({ specVersion: 476 });
    await double.mine(3);
    await setter.live(FIRST + 99);
    expect((await setter.history()).toReversed()).toMatchObject([
      { attempt: 1, state: 'failed', failureCode: 'era_over' },
      { attempt: 2, state: 'verified' },
    ]);
    expect(double.record.inclusionsByEpoch(HOTKEY, NETUID).map(([, count]) => count)).toEqual([1]);
  });

  it('makes a new attempt when the chain refused the last one in a finalized block', async () => {
    const double = await aSubnet();
    const setter = await aSetter(double);
    double.faults.failDispatch('HotKeyNotRegisteredInSubNet', 1);
    const report = await setter.live(FIRST + 8);
    expect(codesOf(report)).toEqual(['not_registered']);
    const after = await setter.live(FIRST + 20);
    expect(codesOf(after)).toEqual([]);
    expect((await setter.history()).toReversed()).toMatchObject([
      { attempt: 1, state: 'failed', failureCode: 'not_registered', includedBlock: null },
      { attempt: 2, state: 'verified' },
    ]);
    expect(double.record.inclusionsByEpoch(HOTKEY, NETUID).map(([, count]) => count)).toEqual([1]);
  });

  it('holds back what the chain would refuse, and says why', async () => {
    const double = await aSubnet();
    double.subnet(NETUID).setPermit(HOTKEY, false);
    await double.mine(3);
    const setter = await aSetter(double);
    const report = await setter.live(FIRST + 6);
    expect(kindsOf(report)).toEqual(['held_back']);
    expect(codesOf(report)).toEqual(['no_permit']);
    expect(double.record.submissions).toEqual([]);
    expect(await setter.history()).toEqual([]);
  });

  it('sends nothing with a signer of somebody else', async () => {
    const double = await aSubnet();
    const setter = await aSetter(double, { signer: signerFor(double.genesisHash, PROXY) });
    const report = await setter.live(FIRST + 6);
    expect(codesOf(report)).toEqual(['signer']);
    expect(report.steps.at(-1)?.message).toContain(PROXY.hotkey);
    expect(await setter.history()).toEqual([]);
  });

  it('goes over to the other kind of weights when the owner flips the flag', async () => {
    const double = await aSubnet();
    const setter = await aSetter(double);
    await setter.live(FIRST + 10);
    double.subnet(NETUID).set({ commitReveal: true });
    await setter.live(FIRST + 2 * TEMPO + 10);
    expect(double.record.inclusionsByEpoch(HOTKEY, NETUID).map(([, count]) => count)).toEqual([1, 1, 1]);
    expect((await setter.history()).map(({ kind, state }) => [kind, state])).toEqual([
      ['timelocked', 'included'],
      ['timelocked', 'verified'],
      ['plain', 'verified'],
    ]);
  });
});

describe('a commit that the chain never opens', () => {
  /** Lives until the commit of the first epoch must have been opened, and past its epoch. */
  async function lost(more: Parameters<typeof aSetter>[1], until = FIRST + 2 * TEMPO + 6) {
    const double = await aSubnet(COMMIT_REVEAL);
    const setter = await aSetter(double, more);
    return { double, setter, live: () => setter.live(until) };
  }

  it('is found out when its pulse is missing', async () => {
    const { double, setter, live } = await lost({});
    double.faults.hiddenPulses = true;
    const report = await live();
    expect(codesOf(report)).toContain('reveal_lost');
    const [first] = (await setter.history()).toReversed();
    expect(first).toMatchObject({ state: 'failed', failureCode: 'reveal_lost' });
    double.faults.hiddenPulses = false;
    const after = await setter.live(FIRST + 4 * TEMPO);
    expect(codesOf(after)).toEqual([]);
    const counts = double.record.inclusionsByEpoch(HOTKEY, NETUID).map(([, count]) => count);
    expect(new Set(counts)).toEqual(new Set([1]));
  });

  it('is found out when it is encrypted to a beacon that the chain does not have', async () => {
    const { double, setter, live } = await lost({ beacon: QUICKNET });
    const report = await live();
    expect(double.record.reveals[0]?.problem).not.toBeNull();
    expect(codesOf(report)).toContain('reveal_lost');
    expect(report.alerts.find(({ code }) => code === 'reveal_lost')?.severity).toBe('page');
    const [first] = (await setter.history()).toReversed();
    expect(first).toMatchObject({ state: 'failed', failureCode: 'reveal_lost' });
  });

  it('is not waited for any more when the chain counts its epochs anew and keeps it', async () => {
    const double = await aSubnet({ ...COMMIT_REVEAL, subnetEpochIndex: 9 });
    const setter = await aSetter(double);
    await setter.live(FIRST + 10);
    expect(await setter.history()).toMatchObject([{ epoch: 9, state: 'included' }]);
    double.subnet(NETUID).set({ subnetEpochIndex: 0 });
    const report = await setter.live(FIRST + 20);
    expect(report.alerts).toMatchObject([{ code: 'reveal_lost', severity: 'page' }]);
    expect((await setter.history()).at(-1)).toMatchObject({
      state: 'failed',
      failureCode: 'reveal_lost',
      failure: expect.stringContaining('in epoch 0, and would open the commit of epoch 9 only in epoch 10'),
    });
    expect(codesOf(await setter.live(FIRST + 3 * TEMPO))).toEqual([]);
    expect(double.record.inclusionsByEpoch(HOTKEY, NETUID).map(([, count]) => count)).toEqual([1, 1, 1, 1]);
  });

  it('is found out when its round comes after the reveal', async () => {
    const late = { genesisSeconds: 1_692_803_367 - 3_000 };
    const double = await aSubnet(COMMIT_REVEAL);
    const setter = await aSetter(double, { beacon: { ...double.beacon, ...late } });
    const report = await setter.live(FIRST + 2 * TEMPO + 6);
    expect(codesOf(report)).toContain('reveal_lost');
  });
});

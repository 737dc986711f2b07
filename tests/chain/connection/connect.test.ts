import { describe, expect, it } from 'vitest';
import { firstRevealBlock, revealRound } from '../../../app/chain/epoch.ts';
import { readSubnet } from '../../../app/chain/subnet-read.ts';
import { aDouble, aSigner, connected, NETUID, signedWeights, timelocked, VALIDATOR } from './a-chain.ts';

describe('the newest finalized block', () => {
  it('is read whole: place, time, runtime, calls and state', async () => {
    const double = await aDouble({ finalityLag: 2 });
    await double.mine(5);
    const { chain, timers } = connected([double.url], double);
    const view = await chain.finalized();
    expect(view.block).toEqual(double.finalized());
    expect(view.block.number).toBe(double.head().number - 2);
    expect(view.timestampMs).toBe(double.timeOf(view.block.number));
    expect(view.specVersion).toBe(475);
    expect(view.calls.map(({ name }) => name)).toContain('set_mechanism_weights');
    expect(view.runtimeProblems).toEqual([]);
    const uid = await view.api.query.subtensorModule?.uids?.(NETUID, VALIDATOR.hotkey);
    expect(uid?.toJSON()).toBe(1);
    expect(chain.status()).toEqual({
      endpoint: double.url,
      specVersion: 475,
      headAt: timers.now(),
      failovers: 0,
      putAside: [],
    });
  });

  it('is read of one block, although the chain goes on', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const before = await chain.finalized();
    double.subnet(NETUID).set({ tempo: 99 });
    await double.mine();
    const after = await chain.finalized();
    const tempo = async ({ api }: typeof before) =>
      (await api.query.subtensorModule?.tempo?.(NETUID))?.toJSON();
    expect([await tempo(before), await tempo(after)]).toEqual([360, 99]);
  });

  it('is new with each call, and asks for the metadata once', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    for (let block = 0; block < 3; block++) {
      expect((await chain.finalized()).block.number).toBe(double.head().number);
      await double.mine();
    }
    const metadata = double.record.requests.filter(
      ({ method, params }) => method === 'state_call' && params[0] === 'Metadata_metadata_at_version',
    );
    expect(metadata).toHaveLength(1);
  });
});

describe("events of a block's beginning", () => {
  it("are those of the pallet, as JSON, and none of what the block's transactions did", async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    const { bytes } = await signedWeights(chain);
    await chain.submit(bytes);
    const { number } = await double.mine();
    expect(double.record.inclusions).toHaveLength(1);
    expect(await chain.initializationEvents(number)).toEqual([]);
  });

  it('tell of a commit that was opened', async () => {
    const double = await aDouble();
    double.subnet(NETUID).set({ commitReveal: true, tempo: 20 });
    await double.mine();
    const { chain } = connected([double.url], double);
    const view = await chain.finalized();
    const { schedule } = await readSubnet(view, { netuid: NETUID, hotkey: VALIDATOR.hotkey });
    const { beacon } = double;
    const times = { revealPeriodEpochs: 1, nowSeconds: view.timestampMs / 1_000, beacon };
    const reveal = firstRevealBlock(schedule, 1);
    const call = timelocked(view, beacon, revealRound(schedule, times));
    const request = { account: VALIDATOR.hotkey, nonce: 0, signer: aSigner(double) };
    const { bytes } = await chain.sign(view, call, request);
    expect(await chain.submit(bytes)).toEqual({ kind: 'pending' });
    await double.mineTo(reveal + 10);
    const opened = double.record.reveals[0]?.block ?? 0;
    const told = await chain.initializationEvents(opened);
    expect(told).toContainEqual({ method: 'TimelockedWeightsRevealed', data: [NETUID, VALIDATOR.hotkey] });
    expect(await chain.initializationEvents(opened - 1)).toEqual([]);
  });
});

describe('an earlier block', () => {
  it('is read by its number', async () => {
    const double = await aDouble();
    const wanted = double.head();
    await double.mine(3);
    const { chain } = connected([double.url], double);
    const view = await chain.viewAt(wanted.number);
    expect(view.block).toEqual(wanted);
    expect(view.timestampMs).toBe(double.timeOf(wanted.number));
  });

  it('says when its state was forgotten, and by whom', async () => {
    const double = await aDouble();
    await double.mine(30);
    double.keepStates(10);
    const { chain } = connected([double.url], double);
    await expect(chain.viewAt(1_002)).rejects.toMatchObject({
      code: 'pruned',
      userMessage: expect.stringContaining(double.url),
    });
    await expect(chain.initializationEvents(1_002)).rejects.toMatchObject({ code: 'pruned' });
    await expect(chain.finalized()).resolves.toBeDefined();
  });

  it('is not read before it is final, because a fork could take it back', async () => {
    const double = await aDouble({ finalityLag: 3 });
    await double.mine(5);
    const { chain } = connected([double.url], double);
    await expect(chain.viewAt(double.head().number)).rejects.toMatchObject({
      code: 'unreachable',
      retryable: true,
    });
    await expect(chain.initializationEvents(double.head().number)).rejects.toMatchObject({ retryable: true });
  });
});

describe('a connection', () => {
  it('opens nothing before something is asked for', async () => {
    const double = await aDouble();
    connected([double.url], double);
    expect(double.record.requests).toEqual([]);
  });

  it('is shared by whoever asks at the same time', async () => {
    const double = await aDouble();
    const { chain } = connected([double.url], double);
    await Promise.all([chain.finalized(), chain.nextNonce(VALIDATOR.hotkey), chain.finalized()]);
    expect(
      double.record.requests.filter(
        ({ method, params }) => method === 'chain_getBlockHash' && params[0] === 0,
      ),
    ).toHaveLength(2);
  });

  it('answers nothing once it is closed, and leaves no timer behind', async () => {
    const double = await aDouble();
    const { chain, timers } = connected([double.url], double);
    const view = await chain.finalized();
    await chain.close();
    await expect(chain.finalized()).rejects.toMatchObject({ code: 'closed', retryable: false });
    await expect(view.api.query.subtensorModule?.tempo?.(NETUID)).rejects.toMatchObject({ code: 'closed' });
    expect(chain.status()).toMatchObject({ endpoint: null, failovers: 0 });
    expect(timers.waiting).toBe(0);
  });

  it('closed while it is opened, ends too', async () => {
    const double = await aDouble();
    const { chain, timers } = connected([double.url], double);
    const asked = chain.finalized();
    await chain.close();
    await expect(asked).rejects.toMatchObject({ code: 'closed' });
    expect(timers.waiting).toBe(0);
  });

  it('refuses a list of endpoints that cannot be used', () => {
    expect(() => connected([], { genesisHash: '0x' })).toThrow(RangeError);
  });
});

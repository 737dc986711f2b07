import { describe, expect, it } from 'vitest';
import { type Chain, ChainError } from '../../../app/chain/chain.ts';
import { SignerError, type WeightSigner } from '../../../app/chain/signer.ts';
import type { MemoryRows } from './memory-store.ts';
import { ALICE, BOB, GENESIS, ModelChain, NETUID } from './model-chain.ts';
import { Process, rig, signer } from './setter-rig.ts';

const someRows = (): MemoryRows => ({ sets: [], busy: false });

/** Looks at every block until `block`. */
async function live(model: ModelChain, look: () => Promise<unknown>, until: number) {
  while (model.head < until) {
    model.step();
    await look();
  }
}

const told = ({ sets }: MemoryRows) =>
  sets.map(({ epoch, attempt, state, failureCode }) => [epoch, attempt, state, failureCode]);
const epochs = ({ counted }: ModelChain) => counted.map(({ epoch }) => epoch);

describe('the weight setter', () => {
  it('sends plain weights once in every epoch and reads each row back', async () => {
    const model = new ModelChain();
    const rows = someRows();
    await live(model, rig(model, rows).look, 310);
    expect(epochs(model)).toEqual([0, 1, 2]);
    expect(
      rows.sets.map(({ epoch, attempt, state, verifiedBy }) => [epoch, attempt, state, verifiedBy]),
    ).toEqual([
      [0, 1, 'verified', 'row'],
      [1, 1, 'verified', 'row'],
      [2, 1, 'verified', 'row'],
    ]);
    expect(model.now.row).toEqual([
      [2, 65_535],
      [0, 43_690],
    ]);
  });

  it('sends timelocked weights once in every epoch and waits for each to be opened', async () => {
    const model = new ModelChain({ commitReveal: true });
    const rows = someRows();
    await live(model, rig(model, rows).look, 310);
    expect(epochs(model)).toEqual([0, 1, 2]);
    expect(
      rows.sets.map(({ epoch, state, verifiedBy, verifiedBlock }) => [
        epoch,
        state,
        verifiedBy,
        verifiedBlock,
      ]),
    ).toEqual([
      [0, 'verified', 'event', 103],
      [1, 'verified', 'event', 203],
      [2, 'verified', 'event', 303],
    ]);
  });

  it('counts weights that came late to the epoch that they came in, and sends it no others', async () => {
    const model = new ModelChain();
    const rows = someRows();
    model.step(92);
    const { look } = rig(model, rows);
    await look();
    model.stalled = 10;
    await live(model, look, 310);
    expect(epochs(model)).toEqual([1, 2]);
    expect(told(rows)).toEqual([
      [1, 1, 'verified', null],
      [2, 1, 'verified', null],
    ]);
  });

  it('keeps what it signed for an epoch that ended to itself, and sends the next one its own', async () => {
    const model = new ModelChain();
    const rows = someRows();
    model.step(92);
    const process = new Process();
    process.dieAt = { effect: 3, after: true };
    await rig(model, rows, process).look();
    expect(told(rows)).toEqual([[0, 1, 'signed', null]]);
    model.step(14);
    await live(model, rig(model, rows).look, 210);
    expect(told(rows)).toEqual([
      [0, 1, 'failed', 'era_over'],
      [1, 1, 'verified', null],
    ]);
  });

  it('waits for the exact block of the rate limit', async () => {
    const model = new ModelChain({ rateLimit: 70, lastUpdate: 1 });
    const rows = someRows();
    const { look } = rig(model, rows);
    model.step(52);
    expect(await look()).toMatchObject({ steps: [{ kind: 'wait' }], againInBlocks: 20 });
    model.step(20);
    await look();
    model.step();
    expect(model.counted).toMatchObject([{ block: 73, epoch: 0 }]);
  });

  it('sends again when another tool has used its nonce', async () => {
    const model = new ModelChain();
    const rows = someRows();
    const { look } = rig(model, rows);
    model.step(45);
    await look();
    model.pool = [];
    model.foreign();
    await live(model, look, 100);
    expect(told(rows)).toEqual([
      [0, 1, 'failed', 'nonce_used'],
      [0, 2, 'verified', null],
    ]);
    expect(epochs(model)).toEqual([0]);
  });

  it('makes fewer attempts the more of them the chain has refused', async () => {
    const model = new ModelChain();
    const rows = someRows();
    const { look } = rig(model, rows, new Process(), { options: { preflight: () => [] } });
    model.next = { permit: false };
    await live(model, look, 96);
    const planned = rows.sets.map(({ plannedBlock }) => plannedBlock);
    const gaps = planned.slice(1).map((block, at) => block - (planned[at] ?? 0));
    expect(gaps).toEqual([4, 8, 12, 16]);
    expect(new Set(rows.sets.map(({ failureCode }) => failureCode))).toEqual(new Set(['no_permit']));
    expect((await look()).alerts).toMatchObject([{ code: 'no_permit', severity: 'page' }]);
  });

  it('does not send again what it cannot see any more', async () => {
    const model = new ModelChain({ tempo: 1_000 });
    const rows = someRows();
    model.step(950);
    await rig(model, rows).look();
    model.memory = 10;
    model.step(40);
    const { look } = rig(model, rows);
    await look();
    expect(told(rows)).toEqual([[0, 1, 'failed', 'unknown_outcome']]);
    expect(epochs(model)).toEqual([0]);
    await live(model, look, 996);
    expect(rows.sets).toHaveLength(1);
  });

  it('proves a commit by its row where the block of its opening is forgotten', async () => {
    const model = new ModelChain({ commitReveal: true });
    const rows = someRows();
    const first = rig(model, rows);
    await live(model, first.look, 60);
    expect(told(rows)).toEqual([[0, 1, 'included', null]]);
    model.memory = 10;
    model.step(75);
    await rig(model, rows).look();
    expect(rows.sets[0]).toMatchObject({ state: 'verified', verifiedBy: 'row' });
  });

  it('finds out in which block a commit was dropped', async () => {
    const model = new ModelChain({ commitReveal: true });
    const rows = someRows();
    model.allPulsesMissing = true;
    await live(model, rig(model, rows).look, 60);
    model.step(160);
    const report = await rig(model, rows).look();
    expect(rows.sets[0]).toMatchObject({ state: 'failed', failureCode: 'reveal_lost' });
    expect(rows.sets[0]?.failure).toContain('in block 200 ');
    expect(report.alerts).toMatchObject([
      { code: 'reveal_lost', severity: 'page' },
      { code: 'not_verified_long' },
    ]);
  });

  it('says that the row on chain is another one', async () => {
    const model = new ModelChain();
    const rows = someRows();
    const { look } = rig(model, rows, new Process(), {
      options: {
        readSubnet: async (view) => {
          const state = await model.readSubnet(view);
          return { ...state, own: state.own && { ...state.own, row: [[5, 65_535]] } };
        },
      },
    });
    await live(model, look, 99);
    expect(told(rows)).toEqual([[0, 1, 'failed', 'row_differs']]);
    expect(epochs(model)).toEqual([0]);
  });
});

describe('what is paid', () => {
  const standing = { shares: [{ hotkey: BOB, share: 1 }], standingAt: 7 };

  it('is carried over while the scoring cannot say, and does not get younger by it', async () => {
    const model = new ModelChain();
    const rows = someRows();
    let answer: () => Promise<typeof standing | null> = async () => standing;
    const { look } = rig(model, rows, new Process(), {
      options: { standing: () => answer(), now: () => 1_000, carryOverMaxMs: 2_000 },
    });
    await live(model, look, 100);
    answer = () => Promise.reject(new Error('the database is gone'));
    await live(model, look, 200);
    expect(rows.sets).toMatchObject([
      { state: 'verified', standingAt: 7 },
      { state: 'verified', standingAt: 7, shares: standing.shares },
    ]);
    expect((await look()).alerts).toMatchObject([{ code: 'carried_over', severity: 'warn' }]);
  });

  it('is nothing when nobody can tell', async () => {
    const model = new ModelChain();
    const rows = someRows();
    const { look } = rig(model, rows, new Process(), { options: { standing: async () => null } });
    await live(model, look, 60);
    const report = await look();
    expect(report).toMatchObject({
      shares: null,
      row: null,
      alerts: [{ code: 'no_shares', severity: 'page' }],
    });
    expect(rows.sets).toEqual([]);
  });
});

describe('a look', () => {
  it('sends nothing in a dry run, and says what it would send', async () => {
    const model = new ModelChain();
    const rows = someRows();
    model.step(60);
    const { look } = rig(model, rows, new Process(), { options: { signer: null } });
    const report = await look();
    expect(report).toMatchObject({ path: 'plain', row: { uids: [2, 0], values: [65_535, 43_690] } });
    expect(report.steps.map(({ kind }) => kind)).toEqual(['dry_run']);
    expect([rows.sets, model.pool]).toEqual([[], []]);
  });

  it('reports a chain that is away, and never rejects', async () => {
    const model = new ModelChain();
    const away = (chain: Chain): Chain => ({
      ...chain,
      finalized: () => Promise.reject(new ChainError('wrong_genesis', 'another chain')),
    });
    const report = await rig(model, someRows(), new Process(), { chain: away }).look();
    expect(report).toMatchObject({ block: null, alerts: [{ code: 'wrong_genesis', severity: 'page' }] });
  });

  it('leaves the work to another process that is at it, and tells what failed all the same', async () => {
    const model = new ModelChain({ commitReveal: true });
    const rows = someRows();
    model.allPulsesMissing = true;
    await live(model, rig(model, rows).look, 210);
    rows.busy = true;
    const before = structuredClone(rows.sets);
    model.step(45);
    const { setter } = rig(model, rows);
    expect(await setter.look()).toMatchObject({
      steps: [{ kind: 'wait', message: 'another process is at it' }],
      alerts: [{ code: 'reveal_lost' }],
      againInBlocks: 1,
    });
    expect(rows.sets).toEqual(before);
  });

  it('takes up what it planned when the signer is back', async () => {
    const model = new ModelChain();
    const rows = someRows();
    let isAway = true;
    const sometimes = (chain: Chain): Chain => ({
      ...chain,
      sign: (...args) =>
        isAway ? Promise.reject(new SignerError('unavailable', 'no signer listens')) : chain.sign(...args),
    });
    const { look } = rig(model, rows, new Process(), { chain: sometimes });
    model.step(45);
    expect((await look()).alerts).toMatchObject([{ code: 'signer', severity: 'page' }]);
    expect(told(rows)).toEqual([[0, 1, 'planned', null]]);
    isAway = false;
    await live(model, look, 60);
    expect(told(rows)).toEqual([[0, 1, 'verified', null]]);
  });

  it.each([
    ['another hotkey', { hotkey: BOB }],
    ['another subnet', { netuid: 8 }],
    ['another chain', { genesisHash: `0x${'1'.repeat(64)}` }],
    ['a proxy', { proxyFor: BOB }],
  ])('sends nothing with a signer for %s, until it is the right one', async (_, wrong) => {
    const model = new ModelChain();
    const rows = someRows();
    const identity = { hotkey: ALICE, netuid: NETUID, genesisHash: GENESIS, proxyFor: null };
    let is: Awaited<ReturnType<WeightSigner['identity']>> = { ...identity, ...wrong };
    const changing: WeightSigner = { ...signer, identity: async () => is };
    const { look } = rig(model, rows, new Process(), { options: { signer: changing } });
    await live(model, look, 60);
    expect((await look()).alerts).toMatchObject([{ code: 'signer', severity: 'page' }]);
    expect(rows.sets).toEqual([]);
    is = identity;
    await live(model, look, 90);
    expect(told(rows)).toEqual([[0, 1, 'verified', null]]);
  });
});

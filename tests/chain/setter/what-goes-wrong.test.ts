/** What must not end the work of the setter, and must be told. */
import { describe, expect, it } from 'vitest';
import { type Chain, ChainError } from '../../../app/chain/chain.ts';
import type { WeightSet } from '../../../app/chain/setter/weight-set.ts';
import type { WeightSigner } from '../../../app/chain/signer.ts';
import type { MemoryRows } from './memory-store.ts';
import { ALICE, BOB, GENESIS, ModelChain, NETUID } from './model-chain.ts';
import { Process, rig, STANDING, signer } from './setter-rig.ts';

const someRows = (): MemoryRows => ({ sets: [], busy: false });
const codes = (rows: MemoryRows) => rows.sets.map(({ epoch, failureCode }) => [epoch, failureCode]);

async function live(model: ModelChain, look: () => Promise<unknown>, until: number) {
  while (model.head < until) {
    model.step();
    await look();
  }
}

/** A pool that bans what it refuses, and refuses all that `isRefused` says. */
function banning(chain: Chain, isRefused: (nth: number) => 'refused' | 'secretly taken' | null): Chain {
  const seen = new Set<string>();
  return {
    ...chain,
    submit: async (bytes) => {
      if (seen.has(bytes)) return { kind: 'banned' };
      seen.add(bytes);
      const fate = isRefused(seen.size);
      if (fate !== 'refused') await chain.submit(bytes);
      return fate === null
        ? { kind: 'pending' }
        : { kind: 'refused', problem: { code: 'stake_too_low', message: 'Custom error: 1' } };
    },
  };
}

describe('what a pool refused', () => {
  it('is signed again every 8 blocks of its era, with one nonce, and told until a pool has it', async () => {
    const model = new ModelChain();
    const rows = someRows();
    const process = new Process();
    const { look } = rig(model, rows, process, {
      chain: (chain) => banning(chain, (nth) => (nth < 4 ? 'refused' : null)),
    });
    model.step(42);
    const [signed] = await lookFrom(look, rows);
    const told: (readonly [number, readonly string[]])[] = [];
    await live(model, async () => told.push([model.head, (await look()).alerts.map(({ code }) => code)]), 90);
    expect(process.effects.filter((name) => name === 'signAgain')).toHaveLength(3);
    expect(told.filter(([, codes]) => codes.includes('stake_too_low')).at(-1)?.[0]).toBe(42 + 3 * 8 - 1);
    expect(model.counted).toMatchObject([{ epoch: 0, block: 42 + 3 * 8 + 1 }]);
    expect(rows.sets).toMatchObject([{ attempt: 1, state: 'verified', extrinsic: { nonce: 0 } }]);
    expect(rows.sets[0]?.extrinsic?.hash).toBe(model.counted[0]?.hash);
    expect(rows.sets[0]?.extrinsic?.hash).not.toBe(signed?.extrinsic?.hash);
  });

  it('may be in a block all the same, and is no other weights then', async () => {
    const model = new ModelChain();
    const rows = someRows();
    const { look } = rig(model, rows, new Process(), {
      chain: (chain) => banning(chain, (nth) => (nth === 1 ? 'secretly taken' : null)),
    });
    model.step(42);
    model.stalled = 12;
    const [signed] = await lookFrom(look, rows);
    await live(model, look, 90);
    expect(model.counted).toMatchObject([{ epoch: 0, hash: signed?.extrinsic?.hash }]);
    expect(rows.sets).toMatchObject([{ attempt: 1, state: 'verified', extrinsic: signed?.extrinsic }]);
  });

  it('is signed again by whoever comes after a crash, though nobody knows of the refusal any more', async () => {
    const model = new ModelChain();
    const rows = someRows();
    const pool = banning(model.chain(), (nth) => (nth === 1 ? 'refused' : null));
    model.step(42);
    await rig(model, rows, new Process(), { chain: () => pool }).look();
    await live(model, rig(model, rows, new Process(), { chain: () => pool }).look, 90);
    expect(model.counted).toMatchObject([{ epoch: 0, block: 42 + 8 + 1 }]);
    expect(rows.sets).toMatchObject([{ attempt: 1, state: 'verified' }]);
  });

  it('is neither sent nor signed again in an epoch in which another program sent weights meanwhile', async () => {
    const model = new ModelChain();
    const rows = someRows();
    const process = new Process();
    const { look } = rig(model, rows, process, {
      chain: (chain) => banning(chain, (nth) => (nth === 1 ? 'refused' : null)),
    });
    model.step(42);
    await look();
    model.next = { lastUpdate: 43 };
    model.step(3);
    const before = process.effects.length;
    await live(model, look, 90);
    const [told] = (await look()).alerts.filter(({ code }) => code === 'not_alone');
    expect(told).toBeDefined();
    expect(process.effects.slice(before).filter((name) => ['submit', 'signAgain'].includes(name))).toEqual(
      [],
    );
    expect([codes(rows), model.counted]).toEqual([[[0, 'era_over']], []]);
  });

  it('is given up when somebody else used its nonce, and the epoch gets another attempt', async () => {
    const model = new ModelChain();
    const rows = someRows();
    const { look } = rig(model, rows, new Process(), {
      chain: (chain) => banning(chain, (nth) => (nth < 3 ? 'refused' : null)),
    });
    model.step(42);
    await look();
    await live(model, look, 55);
    model.foreign();
    await live(model, look, 99);
    expect(codes(rows)).toEqual([
      [0, 'nonce_used'],
      [0, null],
    ]);
    expect(model.counted).toHaveLength(1);
  });
});

/** The attempts right after one look. */
async function lookFrom(look: () => Promise<unknown>, rows: MemoryRows): Promise<WeightSet[]> {
  await look();
  return [...rows.sets];
}

describe('a setter', () => {
  it.each([
    ['NaN', [{ hotkey: BOB, share: Number.NaN }]],
    ['zero', [{ hotkey: BOB, share: 0 }]],
    [
      'too much',
      [
        { hotkey: BOB, share: 0.9 },
        { hotkey: ALICE, share: 0.9 },
      ],
    ],
  ])('follows what it sent also while a share is %s', async (_, shares) => {
    const model = new ModelChain();
    const rows = someRows();
    let standing = STANDING;
    const { look } = rig(model, rows, new Process(), { options: { standing: async () => standing } });
    model.step(45);
    await look();
    standing = { ...STANDING, shares };
    await live(model, look, 100);
    expect(rows.sets).toMatchObject([{ epoch: 0, state: 'verified' }]);
    await live(model, look, 200);
    expect(rows.sets).toHaveLength(1);
    const report = await look();
    expect(report).toMatchObject({ block: { number: 198 }, shares, row: null });
    expect(report.alerts).toContainEqual(expect.objectContaining({ code: 'no_shares', severity: 'page' }));
  });

  it('says that an epoch is too short to be sent to, instead of waiting for the next one for ever', async () => {
    const model = new ModelChain({ tempo: 3 });
    const rows = someRows();
    const { look } = rig(model, rows);
    await live(model, look, 9);
    const report = await look();
    expect(report.alerts).toMatchObject([{ code: 'schedule', severity: 'page' }]);
    expect(report.steps).toMatchObject([
      { kind: 'held_back', message: expect.stringContaining('a tempo of 3') },
    ]);
    model.next = { tempo: 4 };
    await live(model, look, 20);
    expect(rows.sets.length).toBeGreaterThan(0);
  });

  it('does not page for a connection that was closed to end', async () => {
    const ended = (chain: Chain): Chain => ({
      ...chain,
      finalized: () => Promise.reject(new ChainError('closed', 'the connection was closed')),
    });
    const { look } = rig(new ModelChain(), someRows(), new Process(), { chain: ended });
    expect((await look()).alerts).toMatchObject([{ code: 'unreachable', severity: 'warn' }]);
  });

  it('does not wait for ever for blocks that cannot be read', async () => {
    const model = new ModelChain({ tempo: 300 });
    const rows = someRows();
    const blind = (chain: Chain): Chain => ({
      ...chain,
      find: (bytes, from, to) =>
        bytes === rows.sets[0]?.extrinsic?.bytes
          ? Promise.reject(new ChainError('protocol', 'its events cannot be decoded'))
          : chain.find(bytes, from, to),
    });
    const { look } = rig(model, rows, new Process(), { chain: blind });
    model.step(245);
    await live(model, look, 600);
    expect(codes(rows)).toEqual([
      [0, 'unknown_outcome'],
      [1, null],
    ]);
    expect(model.counted.map(({ epoch }) => epoch)).toEqual([0, 1]);
  });

  it('leaves late weights to their own epoch where the next one has a set already', async () => {
    const model = new ModelChain();
    const rows = someRows();
    model.step(92);
    const { look } = rig(model, rows);
    await look();
    const mine = rows.sets[0] as WeightSet;
    rows.sets.push({ ...mine, id: 2, epoch: 1, state: 'verified', extrinsic: null, includedBlock: 5 });
    model.stalled = 10;
    await live(model, look, 130);
    expect(model.counted).toMatchObject([{ epoch: 1 }]);
    expect(rows.sets[0]).toMatchObject({ epoch: 0, state: 'verified' });
  });

  it('counts the epochs of a subnet that was registered anew from the beginning', async () => {
    const model = new ModelChain({ index: 1 });
    const rows = someRows();
    await live(model, rig(model, rows).look, 60);
    const first = rows.sets[0] as WeightSet;
    expect(first).toMatchObject({ epoch: 1, state: 'verified' });
    rows.sets[0] = { ...first, plannedBlock: first.plannedBlock - 60_000, includedBlock: null };
    model.next = { lastUpdate: 0 };
    await live(model, rig(model, rows).look, 90);
    expect(rows.sets.slice(1)).toMatchObject([{ epoch: 1, attempt: 2, state: 'verified' }]);
  });

  it('tells of a wrong signer and of a stranger also while another process is at work', async () => {
    const model = new ModelChain();
    const rows = someRows();
    const wrong: WeightSigner = {
      ...signer,
      identity: async () => ({ hotkey: BOB, netuid: NETUID, genesisHash: GENESIS, proxyFor: null }),
    };
    const { setter } = rig(model, rows, new Process(), { options: { signer: wrong } });
    model.next = { lastUpdate: 40 };
    model.step(45);
    rows.busy = true;
    expect((await setter.look()).alerts).toMatchObject([{ code: 'signer' }, { code: 'not_alone' }]);
  });

  it('pages when no block becomes final for ten minutes, until one does', async () => {
    const model = new ModelChain();
    let now = 1_000_000;
    const { look } = rig(model, someRows(), new Process(), { options: { now: () => now } });
    model.step(5);
    await look();
    now += 599_999;
    expect((await look()).alerts).toEqual([]);
    now += 1;
    expect((await look()).alerts).toMatchObject([{ code: 'stalled', severity: 'page' }]);
    model.step();
    expect((await look()).alerts).toEqual([]);
  });
});

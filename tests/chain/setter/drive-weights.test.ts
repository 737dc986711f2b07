import { describe, expect, it } from 'vitest';
import type { MemoryRows } from './memory-store.ts';
import { ModelChain } from './model-chain.ts';
import { rig } from './setter-rig.ts';

const someRows = (): MemoryRows => ({ sets: [], busy: false });

/** Looks at every block until `block`. */
async function live(model: ModelChain, look: () => Promise<unknown>, until: number) {
  while (model.head < until) {
    model.step();
    await look();
  }
}

describe('the weight setter', () => {
  it('sends plain weights once in every epoch and reads each row back', async () => {
    const model = new ModelChain();
    const rows = someRows();
    await live(model, rig(model, rows).look, 310);
    expect(model.counted.map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
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
    expect(model.counted.map(({ epoch }) => epoch)).toEqual([0, 1, 2]);
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
});

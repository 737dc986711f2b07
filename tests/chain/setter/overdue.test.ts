import { describe, expect, it } from 'vitest';
import { neverLeaves } from '../../../app/chain/setter/overdue.ts';
import { aSubnetState } from '../a-subnet.ts';

const SET = { revealFrom: 1_000, revealUntil: 1_360 };
const why = (committed: number, epoch: number | null, { block = 1_300, period = 1 } = {}) =>
  neverLeaves(committed, SET, {
    epoch,
    state: aSubnetState({ block: { number: block, hash: '0x' }, revealPeriodEpochs: period }),
  });

describe('a commit of epoch 7 that still waits on chain', () => {
  it.each([7, 8, 9])('may be opened or taken away in epoch %i', (epoch) => {
    expect(why(7, epoch)).toBeNull();
  });

  it('is never looked at again two epochs after the one that opens it', () => {
    expect(why(7, 10)).toContain('keeps the commit of epoch 7');
    expect(why(7, 109, { period: 100 })).not.toBeNull();
    expect(why(7, 108, { period: 100 })).toBeNull();
  });

  it('would wait for years where the chain counts its epochs anew', () => {
    expect(why(7, 6)).toBeNull();
    expect(why(7, 5)).toContain('in epoch 5, and would open the commit of epoch 7 only in epoch 8');
  });

  it('waits while no epoch runs, and not for ever', () => {
    expect(why(7, null, { block: 61_359 })).toBeNull();
    expect(why(7, null, { block: 61_360 })).toContain('60000 blocks after it should have opened it');
  });
});

/** Our epoch schedule against Bittensor's own package, which simulates the chain in Rust. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QUICKNET } from '../../app/chain/drand.ts';
import { revealRound } from '../../app/chain/epoch.ts';
import { askPeer, findPeers } from './prepare-peers.ts';

const python = findPeers();

interface Answer {
  readonly before: number;
  readonly round: number;
  readonly after: number;
}

/** Schedules around the blocks where something happens: an epoch, one asked for by the owner, the longest time without. */
const schedules = fc
  .record({
    tempo: fc.constantFrom(20, 50, 360, 1_000),
    lastEpochBlock: fc.nat(5_000),
    past: fc.oneof(fc.nat(2_000), fc.constantFrom(0, 1, 19, 20, 21, 359, 360, 361)),
    pending: fc.oneof(fc.constant(null), fc.integer({ min: -5, max: 400 })),
    since: fc.oneof(fc.constant(null), fc.constantFrom(0, 50_399, 50_400, 50_401)),
    subnetEpochIndex: fc.nat(99),
    revealPeriodEpochs: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ past, pending, since, ...schedule }) => {
    const head = schedule.lastEpochBlock + past;
    return {
      ...schedule,
      head,
      pendingEpochAt: pending === null ? 0 : Math.max(1, head + pending),
      blocksSinceLastStep: since ?? past,
    };
  });

describe('the reveal round', () => {
  it.runIf(python !== null)('is the one of bittensor-drand', async () => {
    const sample = fc.sample(schedules, { numRuns: 300, seed: 20_261_121 });
    const answers: Answer[] = JSON.parse(await askPeer(python ?? '', 'rounds', JSON.stringify(sample)));
    expect(answers).toHaveLength(sample.length);
    for (const [index, { before, round, after }] of answers.entries()) {
      const { revealPeriodEpochs, ...schedule } = sample[index] as (typeof sample)[number];
      // the package takes the time by itself, and the round may change between
      const ours = [before, after].map((nowSeconds) =>
        revealRound({ form: 'stateful', ...schedule }, { revealPeriodEpochs, nowSeconds, beacon: QUICKNET }),
      );
      expect(ours, JSON.stringify(sample[index])).toContain(round);
    }
  });
});

/** GitHub at its worst: errors before and after the effect, limits, and answers that never come. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fork } from '../demo/stage.ts';
import { Arena } from './arena.ts';
import { brokenInvariants } from './invariants.ts';
import type { Act, Matches, When } from './wire.ts';

let arena: Arena;

beforeAll(async () => {
  arena = await Arena.open();
  await arena.startApp();
});

afterAll(async () => {
  await arena.close();
  arena.github.contract.assertClean();
});

/** Longer than the App waits for an answer. */
const SILENCE_MS = 17_000;
const RETRY_AFTER_S = 2;

const badGateway: Act = () => ({ status: 502 });
const secondaryLimit: Act = () => ({
  status: 403,
  headers: { 'retry-after': String(RETRY_AFTER_S) },
  body: { message: 'You have exceeded a secondary rate limit.' },
});
const silence: Act = () => new Promise((resolve) => setTimeout(() => resolve('drop'), SILENCE_MS));
const reset: Act = () => 'drop';

const FAULTS: readonly [string, When, Act][] = [
  ['502 before the effect', 'request', badGateway],
  ['502 after the effect', 'answer', badGateway],
  ['a broken connection before the effect', 'request', reset],
  ['a broken connection after the effect', 'answer', reset],
  ['the secondary limit', 'request', secondaryLimit],
  ['no answer, and no effect', 'request', silence],
  ['no answer after the effect', 'answer', silence],
];

const CALLS: readonly [string, (fork: Fork) => Matches][] = [
  ['the creation of a check-run', (fork) => arena.writesCheck(fork, 'POST')],
  ['the last update of a check-run', conclusionOf],
  ['the dispatch', (fork) => arena.dispatches(fork)],
];

function conclusionOf(fork: Fork): Matches {
  const writes = arena.writesCheck(fork, 'PATCH');
  return (exchange) => writes(exchange) && JSON.parse(exchange.body).status === 'completed';
}

describe.concurrent.each(CALLS)('%s', (call, matchesOf) => {
  it.each(FAULTS)('is met by %s: done once, and all ends well', async (fault, when, act) => {
    const fork = await arena.fork(`${call} ${fault}`.replace(/\W+/g, '-'));
    let met = 0;
    arena.hub.once(when, matchesOf(fork), (exchange) => {
      met += 1;
      return act(exchange);
    });
    const sha = await arena.push(fork);
    expect(await arena.concluded(fork, sha)).toMatchObject({
      checks: { imports: 'success', logits: 'success', benchmark: 'success' },
      reason: 'accepted',
    });
    expect(met).toBe(1);
    const shown = arena.github.checks.all(fork.repository).filter(({ headSha }) => headSha === sha);
    expect(shown.map(({ name }) => name).sort()).toEqual([
      'Quasar / benchmark',
      'Quasar / imports',
      'Quasar / logits',
    ]);
    expect(arena.runner.jobsOf(fork.repository.id)).toHaveLength(1);
    expect(await arena.evaluations(fork, sha)).toHaveLength(1);
  });
});

describe('when all is over', () => {
  it('every invariant holds', async () => {
    expect(await brokenInvariants(arena)).toEqual([]);
  });
});

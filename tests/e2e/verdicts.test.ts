import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Arena } from './arena.ts';
import { reject } from './scripted-runner.ts';

let arena: Arena;

beforeAll(async () => {
  arena = await Arena.open();
  await arena.startApp();
});

afterAll(async () => {
  await arena.close();
  arena.github.contract.assertClean();
});

describe.concurrent('a push', () => {
  it('is judged and accepted', async () => {
    const fork = await arena.fork('plain');
    const sha = await arena.push(fork);
    const outcome = await arena.concluded(fork, sha);
    expect(outcome).toMatchObject({
      checks: { imports: 'success', logits: 'success', benchmark: 'success' },
      dispatched: true,
      reason: 'accepted',
    });
  });

  it('is judged and rejected', async () => {
    const fork = await arena.fork('wrong');
    arena.runner.plays(fork.repository.id, reject);
    const sha = await arena.push(fork);
    const outcome = await arena.concluded(fork, sha);
    expect(outcome).toMatchObject({
      checks: { imports: 'success', logits: 'failure', benchmark: 'cancelled' },
      reason: 'op_error',
    });
  });
});

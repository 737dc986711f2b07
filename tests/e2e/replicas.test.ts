/** Two Apps on one PostgreSQL: the same pushes, the same invariants, and one of them dies. */
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { available, openEmpty, type TestDatabase } from '../db/databases.ts';
import { AppProcess } from '../demo/app-process.ts';
import { freePort } from '../demo/stage.ts';
import { Arena, eventually } from './arena.ts';
import { brokenInvariants } from './invariants.ts';
import { accept } from './scripted-runner.ts';

/** Above any wait for the write throttle, as the setting asks for where more than one process is at work. */
const LEASE_MS = 30_000;

describe('two replicas', () => {
  if (!available('PostgreSQL')) return;
  let database: TestDatabase;
  let arena: Arena;
  let second: AppProcess;

  beforeAll(async () => {
    database = await openEmpty('PostgreSQL');
    arena = await Arena.open({ databaseUrl: database.url, env: { LEASE_MS: String(LEASE_MS) } });
    const env = arena.environment({ PORT: String(await freePort()) });
    second = AppProcess.spawn(env, path.join(arena.stage.directory, 'second.log'));
    // Both at once: whoever comes second finds the schema being made.
    await Promise.all([arena.startApp(), second.healthy()]);
    arena.leadTo(arena.stage.url, second.url);
  });

  afterAll(async () => {
    await second?.stop();
    await arena?.close();
    await database?.close();
    arena?.github.contract.assertClean();
  });

  it('judge each of many pushes once, whoever hears of them', async () => {
    const forks = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => arena.fork(`both-${name}`)));
    const shas = await Promise.all(forks.map((fork) => arena.push(fork)));
    for (const { id, event } of arena.github.webhooks.deliveries.filter(({ event }) => event === 'push'))
      expect(arena.github.webhooks.redeliver(id), event).toBe(true);
    for (const [at, fork] of forks.entries()) {
      const sha = shas[at] ?? '';
      expect(await arena.concluded(fork, sha)).toMatchObject({
        checks: { imports: 'success', logits: 'success', benchmark: 'success' },
        reason: 'accepted',
      });
      expect(await arena.evaluations(fork, sha)).toHaveLength(1);
    }
    const received = await arena.db('events').where({ kind: 'received' }).select('submissionId');
    expect(new Set(received.map(({ submissionId }) => submissionId)).size).toBe(received.length);
  });

  it('agree that a newer push supersedes', async () => {
    const fork = await arena.fork('both-hasty');
    const first = await arena.pushUnending(fork);
    await eventually('the first is taken in', () => arena.find(fork, first));
    const second = await arena.push(fork);
    expect(await arena.concluded(fork, second)).toMatchObject({ reason: 'accepted' });
    expect(await arena.concluded(fork, first)).toMatchObject({ reason: 'superseded' });
  });

  it('stand in for each other: one is killed while kernels are judged, the other ends them all', async () => {
    const forks = await Promise.all(['x', 'y', 'z'].map((name) => arena.fork(`left-${name}`)));
    let claims = 0;
    for (const { repository } of forks)
      arena.runner.plays(repository.id, async (job) => {
        await job.claim();
        claims += 1;
        await eventually('the replica is dead', () => dead);
        return accept()(job);
      });
    let dead = false;
    const shas = await Promise.all(forks.map((fork) => arena.push(fork)));
    await eventually('all are claimed', () => claims === forks.length);
    await second.stop('SIGKILL');
    arena.leadTo(arena.stage.url);
    dead = true;
    for (const [at, fork] of forks.entries())
      expect(await arena.concluded(fork, shas[at] ?? '')).toMatchObject({ reason: 'accepted' });
  });

  it('keep every invariant', async () => {
    expect(await brokenInvariants(arena)).toEqual([]);
  });
});

/** What webhooks tell, and what becomes of those that are forged, repeated or lost. */
import { createHmac, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checksOf } from '../demo/watch.ts';
import { WorkingCopy } from '../doubles/github/working-copy.ts';
import { Arena, eventually } from './arena.ts';
import { Gate } from './gate.ts';
import { brokenInvariants } from './invariants.ts';

let arena: Arena;

beforeAll(async () => {
  arena = await Arena.open();
  await arena.startApp();
});

afterAll(async () => {
  await arena.close();
  arena.github.contract.assertClean();
});

describe.concurrent('a delivery', () => {
  it.each([
    [
      'signed with another secret',
      (body: string) => `sha256=${createHmac('sha256', 'guess').update(body).digest('hex')}`,
    ],
    [
      'of another body',
      () =>
        `sha256=${createHmac('sha256', arena.github.apps.get('quasar-referee').webhookSecret).update('{}').digest('hex')}`,
    ],
    ['with a signature of no form', () => 'sha256=yes'],
  ])('%s is refused with 400, and nothing is stored', async (_, sign) => {
    const guid = randomUUID();
    const body = JSON.stringify({ ref: 'refs/heads/main', repository: { id: 1 }, installation: { id: 1 } });
    const answer = await fetch(`${arena.door.origin}/api/github/webhooks`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'push',
        'x-github-delivery': guid,
        'x-hub-signature-256': sign(body),
      },
      body,
    });
    expect(answer.status).toBe(400);
    expect(await arena.db('inbox').where({ guid })).toEqual([]);
    const metrics = await (await fetch(`${arena.door.origin}/metrics`)).text();
    expect(metrics).toMatch(/referee_webhook_refused_total\{[^}]*bad_signature[^}]*\} [1-9]/);
  });

  it('of the operator App is not taken at the address of the other one', async () => {
    const body = '{"action":"completed"}';
    const secret = arena.github.apps.get('quasar-operator').webhookSecret;
    const answer = await fetch(`${arena.door.origin}/api/github/webhooks`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'workflow_run',
        'x-github-delivery': randomUUID(),
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      },
      body,
    });
    expect(answer.status).toBe(400);
  });

  it('that comes four times, early and late, makes one submission, judged once', async () => {
    const fork = await arena.fork('duplicate');
    const sha = await arena.push(fork);
    const delivery = await eventually('the push is delivered', () =>
      arena.github.webhooks.deliveries.find(
        ({ event, repositoryId }) => event === 'push' && repositoryId === fork.repository.id,
      ),
    );
    arena.github.webhooks.redeliver(delivery.id);
    arena.github.webhooks.redeliver(delivery.id);
    expect(await arena.concluded(fork, sha)).toMatchObject({ reason: 'accepted' });
    arena.github.webhooks.redeliver(delivery.id);
    await arena.github.webhooks.settled();
    expect(await arena.evaluations(fork, sha)).toHaveLength(1);
    const shown = arena.github.checks.all(fork.repository).filter(({ headSha }) => headSha === sha);
    expect(shown).toHaveLength(3);
  });

  it('that is lost is asked for again, and keeps the time of its first attempt', async () => {
    const fork = await arena.fork('lost');
    arena.door.once('request', arena.delivers(fork), () => 'drop');
    const sha = await arena.push(fork);
    expect(await arena.concluded(fork, sha)).toMatchObject({ reason: 'accepted' });
    const attempts = arena.github.webhooks.deliveries.filter(
      ({ event, repositoryId }) => event === 'push' && repositoryId === fork.repository.id,
    );
    expect(attempts.map(({ statusCode }) => statusCode)).toEqual([0, 200]);
    expect(await arena.submission(fork, sha)).toMatchObject({
      receiptSource: 'log',
      receivedAt: Date.parse(attempts[0]?.deliveredAt ?? ''),
    });
  });
});

describe.concurrent('an installation', () => {
  it('is welcomed on the branch head within seconds, with what to do', async () => {
    const fork = await arena.fork('new', false);
    const head = arena.github.repositories.history.branchHead(fork.repository, 'main') ?? '';
    arena.github.people.install({ app: 'quasar-referee', account: fork.miner });
    expect(await arena.concluded(fork, head)).toMatchObject({
      checks: { imports: 'action_required', logits: 'action_required', benchmark: 'action_required' },
      dispatched: false,
      reason: 'unlinked',
    });
    const { summary } = checksOf(arena.stage, fork.fullName, head).get('imports')?.output ?? {};
    expect(summary).toContain('cli.mjs');
    expect(summary).toContain(arena.door.origin);
  });

  it('that ends while a kernel is judged ends that too, and nothing more is tried there', async () => {
    const fork = await arena.fork('leaving');
    const claimed = new Gate();
    arena.runner.plays(fork.repository.id, async (job) => {
      await job.claim();
      claimed.open();
      await job.aborted();
      return 'failure';
    });
    const sha = await arena.push(fork);
    await claimed.opened;
    arena.github.people.uninstall(arena.installation(fork));
    await eventually('the evaluation ends', async () =>
      (await arena.evaluations(fork, sha)).every(({ state }) => state === 'cancelled'),
    );
    const [evaluation] = await arena.evaluations(fork, sha);
    await eventually('its run ends', () =>
      arena.github.actions.runs.some(
        ({ id, conclusion }) => id === evaluation?.runId && conclusion === 'cancelled',
      ),
    );
    await eventually('the submission rests', async () => {
      const { nextLookAt } = await arena.submission(fork, sha);
      return nextLookAt === null || nextLookAt > Date.now() + 60_000;
    });
  });
});

describe.concurrent('a fork', () => {
  it('that is renamed stays linked', async () => {
    const fork = await arena.fork('renamed');
    await arena.concluded(fork, await arena.push(fork));
    await arena.github.people.rename(fork.fullName, 'kernels');
    await fork.copy.git('remote', 'set-url', 'origin', arena.github.cloneUrl(arena.nameOf(fork)));
    const sha = await arena.push(fork);
    expect(await arena.concluded(fork, sha)).toMatchObject({ reason: 'accepted' });
  });

  it('that is transferred is linked no more, whatever its quasar.yml says', async () => {
    const fork = await arena.fork('sold');
    const before = await arena.push(fork);
    expect((await arena.concluded(fork, before)).rank).not.toBeNull();
    const buyer = 'miner-buyer';
    arena.github.accounts.add(buyer);
    arena.github.people.install({ app: 'quasar-referee', account: buyer });
    await arena.github.people.transfer(fork.fullName, buyer);
    const copy = await WorkingCopy.clone(arena.github.cloneUrl(arena.nameOf(fork)));
    const sha = await arena.push({ ...fork, copy });
    expect(await arena.concluded(fork, sha)).toMatchObject({
      checks: { imports: 'action_required', logits: 'action_required', benchmark: 'action_required' },
      dispatched: false,
      reason: 'unlinked',
    });
    expect((await arena.concluded(fork, before)).rank).toBeNull();
    copy.remove();
  });
});

describe('when all is over', () => {
  it('every invariant holds', async () => {
    expect(await brokenInvariants(arena)).toEqual([]);
  });
});

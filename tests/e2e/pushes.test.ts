/** Everything that a miner may push, by real git: each ends in three concluded check-runs that say why. */
import { chmodSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { quasarYml } from '../demo/stage.ts';
import { checksOf } from '../demo/watch.ts';
import { Arena, eventually, TARGET_FILES } from './arena.ts';
import { Gate } from './gate.ts';
import { brokenInvariants } from './invariants.ts';
import { accept, reject } from './scripted-runner.ts';

const CHUNK = 'fla/ops/quasar/chunk.py';
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
  it('is judged and accepted, with its figure', async () => {
    const fork = await arena.fork('plain');
    arena.runner.plays(fork.repository.id, accept(30_000));
    const outcome = await arena.concluded(fork, await arena.push(fork));
    expect(outcome).toMatchObject({
      checks: { imports: 'success', logits: 'success', benchmark: 'success' },
      dispatched: true,
      reason: 'accepted',
    });
    expect(outcome.tokensPerSec).toBeCloseTo(30_000, 0);
  });

  it('is judged and rejected', async () => {
    const fork = await arena.fork('wrong');
    arena.runner.plays(fork.repository.id, reject);
    const outcome = await arena.concluded(fork, await arena.push(fork));
    expect(outcome).toMatchObject({
      checks: { imports: 'success', logits: 'failure', benchmark: 'cancelled' },
      reason: 'op_error',
    });
  });

  it('asks by [skip quasar] for nothing, and gets it', async () => {
    const fork = await arena.fork('skip');
    const sha = await arena.push(fork, { message: 'Notes [skip quasar]' });
    expect(await arena.concluded(fork, sha)).toMatchObject({
      checks: { imports: 'cancelled', logits: 'cancelled', benchmark: 'cancelled' },
      dispatched: false,
      reason: 'skipped_by_message',
    });
  });

  it('to another branch of a linked fork gets its imports only, and no check that hangs', async () => {
    const fork = await arena.fork('branches');
    await arena.concluded(fork, await arena.push(fork));
    const sha = await arena.push(fork, { branch: 'idea' });
    expect(await arena.concluded(fork, sha)).toMatchObject({
      checks: { imports: 'success', logits: 'skipped', benchmark: 'skipped' },
      dispatched: false,
      reason: 'other_branch',
    });
  });

  it('to a branch that is gone again when it is read leaves no trace, and hurts nothing', async () => {
    const fork = await arena.fork('gone');
    const deleted = new Gate();
    arena.door.once('request', arena.delivers(fork), () => deleted.opened.then(() => 'pass'));
    const sha = await arena.push(fork, {
      branch: 'trial',
      yml: quasarYml(fork, { targetSequenceLength: 1024, branch: 'trial' }),
    });
    await fork.copy.git('push', '-q', 'origin', ':trial');
    deleted.open();
    const inbox = () => arena.db('inbox').where({ repoId: fork.repository.id, event: 'push', state: 'done' });
    await eventually('both pushes are processed', async () => (await inbox()).length === 2);
    expect(await arena.find(fork, sha)).toBeNull();
  });

  it('of every kind that is no plain file is refused', async () => {
    const fork = await arena.fork('odd');
    const chunk = path.join(fork.copy.directory, CHUNK);
    const last = path.join(fork.copy.directory, TARGET_FILES.at(-1) ?? '');
    const odd = TARGET_FILES.filter((file) => file !== CHUNK);
    const other = path.join(fork.copy.directory, odd[0] ?? '');
    const sha = await arena.push(fork, {
      files: {
        [odd[1] ?? '']: `${'#'.repeat(99)}\n`.repeat(3 * 1024),
        [odd[2] ?? '']:
          `version https://git-lfs.github.com/spec/v1\noid sha256:${'4'.repeat(64)}\nsize 12345\n`,
      },
      prepare: () => {
        rmSync(chunk);
        symlinkSync('/etc/passwd', chunk);
        chmodSync(other, 0o755);
        rmSync(last);
      },
    });
    expect(await arena.concluded(fork, sha)).toMatchObject({
      checks: { imports: 'failure', logits: 'cancelled', benchmark: 'cancelled' },
      dispatched: false,
      reason: 'bad_file',
    });
    const { findings } = JSON.parse((await arena.submission(fork, sha)).intakeDetails);
    expect(findings.map(({ file }: { file: string }) => file).sort()).toEqual([...TARGET_FILES].sort());
  });

  it('with 120 findings has them all as annotations, in batches that GitHub takes', async () => {
    const fork = await arena.fork('findings');
    const sha = await arena.push(fork, { files: arena.kernelWithFindings(120) });
    expect(await arena.concluded(fork, sha)).toMatchObject({
      checks: { imports: 'failure', logits: 'cancelled', benchmark: 'cancelled' },
      reason: 'forbidden_import',
    });
    const annotations = await eventually('all annotations are sent', () => {
      const all = checksOf(arena.stage, fork.fullName, sha).get('imports')?.annotations ?? [];
      return all.length >= 120 && all;
    });
    expect(annotations).toHaveLength(120);
    expect(new Set(annotations.map(({ start_line }) => start_line)).size).toBe(120);
    const sizes = arena.hub.exchanges
      .filter(arena.writesCheck(fork))
      .map(({ body }) => JSON.parse(body).output.annotations?.length ?? 0)
      .filter((size) => size > 0);
    expect(sizes).toEqual([50, 50, 20]);
  });

  it('to a private mirror, which is no fork on GitHub, is judged like any other', async () => {
    const fork = await arena.mirror('private');
    const sha = await arena.push(fork);
    expect(await arena.concluded(fork, sha)).toMatchObject({ reason: 'accepted' });
  });
});

describe.concurrent('the next push', () => {
  it('while the last is being judged ends that run, and its checks lead to the new commit', async () => {
    const fork = await arena.fork('impatient');
    const refused = new Gate<number>();
    arena.runner.plays(fork.repository.id, async (job) => {
      const claim = await job.claim();
      await job.aborted();
      refused.open((await job.post('result', job.result(claim))).status);
      return 'failure';
    });
    const first = await arena.push(fork);
    await eventually('the first is claimed', async () => {
      const found = await arena.find(fork, first);
      return found && (await arena.evaluations(fork, first)).some(({ state }) => state === 'claimed');
    });
    arena.runner.plays(fork.repository.id, accept());
    const second = await arena.push(fork);
    const [before, after] = await Promise.all([arena.concluded(fork, first), arena.concluded(fork, second)]);
    expect(after.reason).toBe('accepted');
    expect(before).toMatchObject({
      checks: { logits: 'cancelled', benchmark: 'cancelled' },
      reason: 'superseded',
    });
    const old = checksOf(arena.stage, fork.fullName, first).get('benchmark');
    expect(old?.output.summary).toContain(second.slice(0, 7));
    expect(old?.output.summary).toContain(`/submissions/${after.submission}`);
    expect(await refused.opened).toBe(409);
    const [judged] = await arena.evaluations(fork, first);
    expect(arena.github.actions.runs.find(({ id }) => id === judged?.runId)?.conclusion).toBe('cancelled');
  });

  it('by force replaces what it rewrote', async () => {
    const fork = await arena.fork('force');
    const first = await arena.pushUnending(fork);
    await eventually('the first is taken in', () => arena.find(fork, first));
    fork.copy.write(arena.kernel());
    await fork.copy.git('commit', '-q', '-a', '--amend', '-m', 'Rewritten');
    await fork.copy.git('push', '-q', '--force', 'origin', 'HEAD:main');
    const second = (await fork.copy.git('rev-parse', 'HEAD')).trim();
    expect(await arena.concluded(fork, second)).toMatchObject({ reason: 'accepted' });
    expect(await arena.concluded(fork, first)).toMatchObject({ reason: 'superseded' });
  });

  it('back to an old commit revives it, with its first receipt time', async () => {
    const fork = await arena.fork('back');
    const first = await arena.pushUnending(fork);
    await eventually('the first is taken in', () => arena.find(fork, first));
    const { receivedAt } = await arena.submission(fork, first);
    const second = await arena.push(fork);
    expect(await arena.concluded(fork, first)).toMatchObject({ reason: 'superseded' });
    await arena.concluded(fork, second);
    arena.runner.plays(fork.repository.id, accept());
    await fork.copy.git('push', '-q', '--force', 'origin', `${first}:main`);
    // Until its new check-runs are written, the old ones are still shown as concluded.
    await eventually('the first is shown as accepted', () => {
      const shown = [...checksOf(arena.stage, fork.fullName, first).values()];
      return shown.every(({ conclusion }) => conclusion === 'success');
    });
    expect(await arena.concluded(fork, first)).toMatchObject({
      checks: { imports: 'success', logits: 'success', benchmark: 'success' },
      reason: 'accepted',
    });
    expect((await arena.submission(fork, first)).receivedAt).toBe(receivedAt);
    expect(await arena.concluded(fork, second)).toMatchObject({ reason: 'accepted' });
  });
});

describe('when all is over', () => {
  it('every invariant holds', async () => {
    expect(await brokenInvariants(arena)).toEqual([]);
  });
});

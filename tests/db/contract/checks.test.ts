import { expect, it } from 'vitest';
import {
  findCheckByExternalId,
  findCheckByRunId,
  latestChecks,
  noteCreated,
  noteSent,
  startCreating,
  undoCreating,
  wantCheck,
} from '../../../db/checks.ts';
import { isUniqueViolation } from '../../../db/connection.ts';
import { onBothDatabases } from '../databases.ts';
import { NOW, submit } from '../rows.ts';

onBothDatabases('a check', (at) => {
  const check = async (submissionId: number, name = 'logits') => {
    const found = (await latestChecks(at.db, submissionId)).find((one) => one.name === name);
    if (found === undefined) throw new Error(`no check ${name}`);
    return found;
  };

  it('is created by one of two drivers', async () => {
    const { id } = await check(await submit(at.db));
    const won = await Promise.all([startCreating(at.db, id, NOW), startCreating(at.another(), id, NOW)]);
    expect(won.toSorted()).toEqual([false, true]);
  });

  it('goes from wanted over the intent to created, and back when nothing was created', async () => {
    const submission = await submit(at.db);
    const { id, externalId } = await check(submission);
    expect(await noteCreated(at.db, id, 9_000_000_001, NOW)).toBe(false);
    expect(await undoCreating(at.db, id, NOW)).toBe(false);
    await startCreating(at.db, id, NOW + 1);
    expect(await undoCreating(at.db, id, NOW + 2)).toBe(true);
    await startCreating(at.db, id, NOW + 3);
    expect(await noteCreated(at.db, id, 9_000_000_001, NOW + 4)).toBe(true);
    expect(await undoCreating(at.db, id, NOW + 5)).toBe(false);
    expect(await check(submission)).toMatchObject({ state: 'created', sentPhase: null, updatedAt: NOW + 4 });
    expect((await findCheckByRunId(at.db, 9_000_000_001))?.id).toBe(id);
    expect((await findCheckByExternalId(at.db, externalId))?.id).toBe(id);
    expect(await findCheckByRunId(at.db, 1)).toBeNull();
  });

  it('remembers what was sent only once it exists', async () => {
    const submission = await submit(at.db);
    const { id } = await check(submission);
    const sent = {
      phase: 'done:passed',
      status: 'completed',
      conclusion: 'success',
      annotationsSent: 50,
    } as const;
    await noteSent(at.db, id, sent, NOW);
    expect((await check(submission)).sentPhase).toBeNull();
    await startCreating(at.db, id, NOW);
    await noteCreated(at.db, id, 1, NOW);
    await noteSent(at.db, id, sent, NOW);
    expect(await check(submission)).toMatchObject({ sentPhase: 'done:passed', annotationsSent: 50 });
  });

  it('gives way to a later one of its name, which is wanted once', async () => {
    const submissionId = await submit(at.db);
    const again = { submissionId, name: 'logits', serial: 2 } as const;
    await Promise.all([wantCheck(at.db, again, NOW), wantCheck(at.another(), again, NOW)]);
    expect(await at.db('checks').where({ submissionId })).toHaveLength(4);
    expect(await check(submissionId)).toMatchObject({ serial: 2, state: 'wanted' });
    expect(await latestChecks(at.db, submissionId)).toHaveLength(3);
  });

  it('has an external id that no other check has', async () => {
    const [one, two] = [await submit(at.db, { repoId: 1 }), await submit(at.db, { repoId: 2 })];
    const { externalId } = await check(one);
    const { id } = await check(two);
    const taken = await at
      .db('checks')
      .where({ id })
      .update({ externalId })
      .catch((error: unknown) => error);
    expect(isUniqueViolation(taken)).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { isUniqueViolation } from '../../../db/connection.ts';
import {
  type EvaluationState,
  evaluationsOf,
  findEvaluation,
  findEvaluationByRun,
  LIVE_STATES,
  moveEvaluation,
  noteEvaluation,
  orderEvaluation,
  pruneTokens,
  queueOf,
  useToken,
} from '../../../db/evaluations.ts';
import { onBothDatabases } from '../databases.ts';
import { anOrder, NOW, ordered, submit } from '../rows.ts';

const STATES: readonly EvaluationState[] = [
  'planned',
  'dispatching',
  'dispatched',
  'claimed',
  'finished',
  'failed',
  'cancelled',
];

onBothDatabases('an evaluation', (at) => {
  const inState = async (state: EvaluationState, more: object = {}) => {
    const submission = await submit(at.db);
    const id = await ordered(at.db, submission, more);
    await at.db('evaluations').where({ id }).update({ state });
    return { id, submission };
  };

  it('is ordered once for a seat and attempt, also by two replicas at once', async () => {
    const submission = await submit(at.db);
    const order = anOrder(submission);
    const ids = await Promise.all([orderEvaluation(at.db, order), orderEvaluation(at.another(), order)]);
    expect(ids.filter((id) => id !== null)).toHaveLength(1);
    expect(await evaluationsOf(at.db, submission)).toHaveLength(1);
  });

  it.each(LIVE_STATES)('keeps its seat to itself while it is %s', async (state) => {
    const { submission } = await inState(state);
    expect(await orderEvaluation(at.db, anOrder(submission, { attempt: 2 }))).toBeNull();
    expect(await orderEvaluation(at.db, anOrder(submission, { seat: 2 }))).not.toBeNull();
    expect(await orderEvaluation(at.db, anOrder(submission, { purpose: 'audit' }))).not.toBeNull();
  });

  it.each(['finished', 'failed', 'cancelled'] as const)('leaves its seat once it is %s', async (state) => {
    const { id, submission } = await inState(state);
    expect(await orderEvaluation(at.db, anOrder(submission, { attempt: 2 }))).not.toBeNull();
    // Not even by hand does it come back to life beside the next attempt.
    const back = await at
      .db('evaluations')
      .where({ id })
      .update({ state: 'claimed' })
      .catch((e: unknown) => e);
    expect(isUniqueViolation(back)).toBe(true);
  });

  describe.each(STATES)('that is %s', (from) => {
    it('moves where it is expected, and stays where it is not', async () => {
      for (const to of STATES) {
        const { id } = await inState(from);
        const others = STATES.filter((state) => state !== from);
        expect(await moveEvaluation(at.db, id, others, { state: to, endedAt: NOW })).toBe(false);
        expect(await findEvaluation(at.db, id)).toMatchObject({ state: from, endedAt: null });
        expect(await moveEvaluation(at.db, id, from, { state: to, endedAt: NOW })).toBe(true);
        expect(await findEvaluation(at.db, id)).toMatchObject({ state: to, endedAt: NOW });
      }
    });

    it('is noted upon only in the states given', async () => {
      const { id } = await inState(from);
      const others = STATES.filter((state) => state !== from);
      expect(await noteEvaluation(at.db, id, others, { runOverAt: NOW })).toBe(false);
      expect(await noteEvaluation(at.db, id, [from], { runOverAt: NOW })).toBe(true);
      expect((await findEvaluation(at.db, id))?.runOverAt).toBe(NOW);
    });
  });

  it('is moved by one of two who want to', async () => {
    const { id } = await inState('dispatched');
    const [claimed, cancelled] = await Promise.all([
      moveEvaluation(at.db, id, 'dispatched', { state: 'claimed' }),
      moveEvaluation(at.another(), id, 'dispatched', { state: 'cancelled' }),
    ]);
    expect([claimed, cancelled].toSorted()).toEqual([false, true]);
    expect((await findEvaluation(at.db, id))?.state).toBe(claimed ? 'claimed' : 'cancelled');
  });

  it('is found by its run', async () => {
    const { id } = await inState('dispatching');
    await moveEvaluation(at.db, id, 'dispatching', { state: 'dispatched', runId: 30_000_000_000 });
    expect((await findEvaluationByRun(at.db, 30_000_000_000))?.id).toBe(id);
    expect(await findEvaluationByRun(at.db, 1)).toBeNull();
    expect(await findEvaluation(at.db, 999_999)).toBeNull();
  });

  it('knows its place in the queue', async () => {
    const ids: number[] = [];
    for (const repoId of [1, 2, 3]) ids.push(await ordered(at.db, await submit(at.db, { repoId })));
    await moveEvaluation(at.db, ids[0] as number, 'planned', { state: 'claimed' });
    expect(await queueOf(at.db, ids[2] as number)).toEqual({ position: 2, length: 2 });
    expect(await queueOf(at.db, ids[0] as number)).toEqual({ position: 0, length: 2 });
  });

  it('is of a submission that exists', async () => {
    await expect(orderEvaluation(at.db, anOrder(4711))).rejects.toThrow(/foreign key/i);
  });
});

onBothDatabases('a token of a runner', (at) => {
  it('is used by one of two who show it at once, and forgotten after it expired', async () => {
    const used = await Promise.all([useToken(at.db, 'jti', NOW), useToken(at.another(), 'jti', NOW)]);
    expect(used.toSorted()).toEqual([false, true]);
    await useToken(at.db, 'longer', NOW + 1);
    expect(await pruneTokens(at.db, NOW + 1)).toBe(1);
    expect(await useToken(at.db, 'longer', NOW + 1)).toBe(false);
  });
});

import { expect, it } from 'vitest';
import { insertVerdict, recordDecision, recordsOf, resultDigests } from '../../../db/verdicts.ts';
import { onBothDatabases } from '../databases.ts';
import { aDecision, aVerdict, NOW, ordered, submit } from '../rows.ts';

onBothDatabases('the records behind a decision', (at) => {
  const judged = async (
    submission: number,
    seat: number,
    sha: string,
    more: object = {},
    order: object = {},
  ) => {
    const evaluation = await ordered(at.db, submission, { seat, ...order });
    const verdict = aVerdict(evaluation, submission, {
      resultSha256: sha.repeat(64),
      result: `{"of":"${sha}"}`,
      ...more,
    });
    return (await insertVerdict(at.db, verdict, [])) ?? 0;
  };

  it('are those that were there when it was made, oldest first', async () => {
    const id = await submit(at.db);
    await judged(id, 1, 'b');
    await judged(id, 2, 'a');
    await judged(id, 3, 'c', {}, { purpose: 'audit' });
    await judged(id, 4, 'd', { taskVersion: 2 });
    await recordDecision(at.db, aDecision(id));
    await judged(id, 5, 'e', { createdAt: NOW + 1 });
    const undecided = await submit(at.db, { repoId: 102, ownerId: 502 });
    await judged(undecided, 1, 'f');
    const found = await resultDigests(at.db, [id, undecided], 1);
    expect([...found]).toEqual([[id, ['b'.repeat(64), 'a'.repeat(64)]]]);
    expect((await resultDigests(at.db, [], 1)).size).toBe(0);
  });

  it('are read by their verdicts', async () => {
    const id = await submit(at.db);
    const verdict = await judged(id, 1, 'a');
    await judged(id, 2, 'b');
    expect(await recordsOf(at.db, [verdict])).toEqual([{ id: verdict, result: '{"of":"a"}' }]);
  });
});

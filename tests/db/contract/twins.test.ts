import { expect, it } from 'vitest';
import { findSubmission } from '../../../db/submissions.ts';
import { twinOf } from '../../../db/twins.ts';
import { recordDecision } from '../../../db/verdicts.ts';
import { onBothDatabases } from '../databases.ts';
import { aDecision, aDigest, HOTKEY, ordered, submit } from '../rows.ts';

onBothDatabases('a twin', (at) => {
  /** A league: the lengths of `submit` are in it, 2048 is not. */
  const LENGTHS = { from: 0, below: 2048 };

  it('is the first submission of the same code, league and hotkey that a judge decided', async () => {
    const codeDigest = aDigest();
    const decided = async (more: object, purpose = 'rank') => {
      const id = await submit(at.db, { codeDigest, ...more });
      const evaluation = await ordered(at.db, id, { purpose });
      await at.db('evaluations').where({ id: evaluation }).update({ state: 'finished' });
      await recordDecision(at.db, aDecision(id));
      return id;
    };
    await decided({ targetLength: 2048 });
    await decided({ ownerId: 999 });
    await decided({ hotkey: `${HOTKEY.slice(0, -1)}Z` });
    await decided({}, 'audit');
    const twin = await decided({});
    await decided({});
    const again = await findSubmission(at.db, await submit(at.db, { codeDigest }));
    if (again === null) throw new Error('not inserted');
    expect(await twinOf(at.db, again, { taskVersion: 1, lengths: LENGTHS })).toBe(twin);
    expect(await twinOf(at.db, again, { taskVersion: 2, lengths: LENGTHS })).toBeNull();
    expect(await twinOf(at.db, { ...again, hotkey: null }, { taskVersion: 1, lengths: LENGTHS })).toBeNull();
    expect(
      await twinOf(at.db, { ...again, codeDigest: null }, { taskVersion: 1, lengths: LENGTHS }),
    ).toBeNull();
    const own = await ordered(at.db, again.id);
    await at.db('evaluations').where({ id: own }).update({ state: 'finished' });
    expect(await twinOf(at.db, again, { taskVersion: 1, lengths: LENGTHS })).toBeNull();
  });
});

import { expect, it } from 'vitest';
import { currentRound } from '../../../db/rounds.ts';
import { onBothDatabases } from '../databases.ts';
import { NOW } from '../rows.ts';

onBothDatabases('a round', (at) => {
  it('is one, also when two replicas open it at once', async () => {
    const rounds = await Promise.all([at.db, at.another(), at.another()].map((db) => currentRound(db, NOW)));
    expect(new Set(rounds).size).toBe(1);
    expect(await at.db('rounds')).toHaveLength(1);
  });
});

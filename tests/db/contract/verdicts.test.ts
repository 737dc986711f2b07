import { expect, it } from 'vitest';
import { JUDGE_RULES } from '../../../app/evaluations/reasons.ts';
import { endLink, holdFork, liveLink, markForkGone, saveFork, saveLink } from '../../../db/forks.ts';
import { recordReceipt } from '../../../db/receipts.ts';
import { currentRound, lockRound } from '../../../db/rounds.ts';
import { reviveSubmission } from '../../../db/submissions.ts';
import {
  candidates,
  figureOfCode,
  figuresOf,
  findDecision,
  findVerdict,
  insertVerdict,
  latestWeights,
  recentDecisions,
  recordDecision,
  recordStrike,
  recordWeights,
  reopenDecision,
  verdictOfEvaluation,
  verdictsOf,
} from '../../../db/verdicts.ts';
import { onBothDatabases } from '../databases.ts';
import {
  aDecision,
  aDigest,
  aFigure,
  aFork,
  aLink,
  aVerdict,
  HOTKEY,
  NOW,
  ordered,
  submit,
} from '../rows.ts';

onBothDatabases('a verdict', (at) => {
  const judged = async () => {
    const submission = await submit(at.db);
    return { submission, evaluation: await ordered(at.db, submission) };
  };
  const insert = (db: typeof at.db, verdict: ReturnType<typeof aVerdict>, figures = [aFigure()]) =>
    db.transaction((trx) => insertVerdict(trx, verdict, figures));

  it('is stored with its figures, by length', async () => {
    const { submission, evaluation } = await judged();
    const verdict = aVerdict(evaluation, submission, { result: '{"log":"\\u0000"}' });
    const figures = [aFigure({ length: 2048, peakBytes: 80_000_000_000 }), aFigure()];
    const id = (await insert(at.db, verdict, figures)) as number;
    expect(await findVerdict(at.db, id)).toEqual({ id, ...verdict });
    expect(await verdictOfEvaluation(at.db, evaluation)).toEqual({ id, ...verdict });
    expect(await verdictsOf(at.db, submission)).toHaveLength(1);
    expect(await figuresOf(at.db, id)).toMatchObject([figures[1], figures[0]]);
  });

  it('never changes: a second one of its evaluation is dropped, figures and all', async () => {
    const { submission, evaluation } = await judged();
    const first = aVerdict(evaluation, submission);
    const second = aVerdict(evaluation, submission, { status: 'rejected', reason: 'logits' });
    const ids = await Promise.all([insert(at.db, first), insert(at.another(), second)]);
    expect(ids.filter((id) => id !== null)).toHaveLength(1);
    expect(await insert(at.db, second, [aFigure({ length: 4096 })])).toBeNull();
    expect(await at.db('verdicts')).toHaveLength(1);
    expect(await at.db('figures')).toHaveLength(1);
  });

  it.each([
    ['no tokens per second', { tokensPerSec: 0, tokensPerSecLow: 0 }],
    ['negative tokens per second', { tokensPerSec: -1, tokensPerSecLow: -2 }],
    ['tokens per second that are not a number', { tokensPerSec: Number.NaN }],
    ['a low end that is not a number', { tokensPerSecLow: Number.NaN }],
    ['infinite tokens per second', { tokensPerSec: Number.POSITIVE_INFINITY }],
    ['infinite tokens per second at both ends', { tokensPerSec: Infinity, tokensPerSecLow: Infinity }],
    ['a low end of nothing', { tokensPerSecLow: 0 }],
    ['a low end above the middle', { tokensPerSecLow: 10_001 }],
    ['infinite tokens per second of the op', { opTokensPerSec: Number.POSITIVE_INFINITY }],
    ['no tokens per second of the op', { opTokensPerSec: 0 }],
    ['a negative fixed part', { fixedNs: -1 }],
    ['negative memory', { peakBytes: -1 }],
  ])('is refused by the database with %s, and leaves nothing behind', async (_, wrong) => {
    const { submission, evaluation } = await judged();
    await expect(insert(at.db, aVerdict(evaluation, submission), [aFigure(wrong)])).rejects.toThrow(
      /constraint/i,
    );
    expect(await at.db('verdicts')).toEqual([]);
    expect(await at.db('figures')).toEqual([]);
  });
});

onBothDatabases('a decision', (at) => {
  it('is one per submission and task version, also when two replicas decide at once', async () => {
    const submission = await submit(at.db);
    const decided = await Promise.all([
      recordDecision(at.db, aDecision(submission)),
      recordDecision(at.another(), aDecision(submission, { score: 1 })),
    ]);
    expect(decided.toSorted()).toEqual([false, true]);
    expect(await recordDecision(at.db, aDecision(submission, { taskVersion: 2 }))).toBe(true);
    expect(await at.db('decisions')).toHaveLength(2);
    expect(await findDecision(at.db, submission, 2)).toMatchObject({ taskVersion: 2, score: 9_900 });
    expect(await findDecision(at.db, submission, 3)).toBeNull();
  });

  it('is not made for a superseded submission, and made once that lives again', async () => {
    const older = await submit(at.db);
    await submit(at.db);
    expect(await recordDecision(at.db, aDecision(older))).toBe(false);
    await reviveSubmission(
      at.db,
      { id: older, repoId: 101, task: 'quasar_demo' },
      { dispatchAfter: NOW, now: NOW },
    );
    expect(await recordDecision(at.db, aDecision(older))).toBe(true);
  });

  it('is taken back only when the runners failed it, and by one of two', async () => {
    for (const reason of ['accepted', 'op_error', 'implausible', 'infra'] as const) {
      const submission = await submit(at.db, { repoId: 1 });
      await recordDecision(at.db, aDecision(submission, { reason, status: JUDGE_RULES[reason].status }));
      const taken = await Promise.all([
        reopenDecision(at.db, submission, 1),
        reopenDecision(at.another(), submission, 1),
      ]);
      expect(taken.filter(Boolean)).toHaveLength(reason === 'infra' ? 1 : 0);
    }
  });

  it('is listed, latest first', async () => {
    const ids = [await submit(at.db, { repoId: 1 }), await submit(at.db, { repoId: 2 })];
    for (const id of ids) await recordDecision(at.db, aDecision(id));
    const recent = await recentDecisions(at.db, 10);
    expect(recent.map(({ submissionId }) => submissionId)).toEqual(ids.toReversed());
    expect(recent[0]).toMatchObject({ repoId: 2, hotkey: HOTKEY, task: 'quasar_demo', tokensPerSec: 10_000 });
    expect(await recentDecisions(at.db, 1)).toHaveLength(1);
  });
});

onBothDatabases('the figure of a code', (at) => {
  const codeDigest = aDigest();
  const figure = (more: object = {}) =>
    figureOfCode(at.db, { task: 'quasar_demo', taskVersion: 1, codeDigest, targetLength: 1024, ...more });

  it('is that of its first accepted decision at the length and the task version', async () => {
    expect(await figure()).toBeNull();
    const of = { codeDigest, targetLength: 1024 };
    const rejected = await submit(at.db, { repoId: 1, ...of });
    await recordDecision(at.db, aDecision(rejected, { status: 'rejected', tokensPerSec: null }));
    expect(await figure()).toBeNull();
    for (const [repoId, tokensPerSec] of [
      [2, 400],
      [3, 500],
    ] as const)
      await recordDecision(at.db, aDecision(await submit(at.db, { repoId, ...of }), { tokensPerSec }));
    expect(await figure()).toBe(400);
    expect(await figure({ targetLength: 2048 })).toBeNull();
    expect(await figure({ taskVersion: 2 })).toBeNull();
    expect(await figure({ task: 'quasar' })).toBeNull();
    expect(await figure({ codeDigest: aDigest() })).toBeNull();
  });
});

const ELIGIBLE = { network: 'test', netuid: 24, goneBefore: NOW - 1_000 };

onBothDatabases('a candidate', (at) => {
  const accepted = async (more: Parameters<typeof submit>[1] = {}, decision: object = {}) => {
    const id = await submit(at.db, more);
    await recordDecision(at.db, aDecision(id, decision));
    return id;
  };
  const link = (more: object = {}) => saveLink(at.db, aLink(more), NOW);
  const ids = async (version = 1) =>
    (await candidates(at.db, 'quasar_demo', version, ELIGIBLE)).map(({ submissionId }) => submissionId);

  it('is an accepted submission of the task version whose link lives', async () => {
    await link();
    await link({ repoId: 102, ownerId: 502 });
    const id = await accepted();
    await accepted({ repoId: 102, ownerId: 502 }, { status: 'rejected' });
    await accepted({ repoId: 103 });
    expect(await ids()).toEqual([id]);
    expect(await ids(2)).toEqual([]);
    expect(await candidates(at.db, 'quasar', 1, ELIGIBLE)).toEqual([]);
    expect((await candidates(at.db, 'quasar_demo', 1, ELIGIBLE))[0]).toMatchObject({
      score: 9_900,
      hotkey: HOTKEY,
      digestHotkey: null,
      digestOwnerId: null,
    });
  });

  it('is none for another network, nor once its fork is gone for long', async () => {
    await link();
    const id = await accepted();
    expect(await candidates(at.db, 'quasar_demo', 1, { ...ELIGIBLE, netuid: 25 })).toEqual([]);
    await saveFork(at.db, { ...aFork(), repoId: 101 }, NOW - 2_000);
    expect(await ids()).toEqual([id]);
    await markForkGone(at.db, 101, NOW - 500);
    expect(await ids()).toEqual([id]);
    expect(await candidates(at.db, 'quasar_demo', 1, { ...ELIGIBLE, goneBefore: NOW })).toEqual([]);
  });

  it('is none once its link ended, or another hotkey or owner has the repository', async () => {
    await link();
    const id = await accepted();
    await endLink(at.db, 101, 'transferred', NOW);
    expect(await ids()).toEqual([]);
    await link();
    expect(await ids()).toEqual([id]);
    await link({ hotkey: `${HOTKEY.slice(0, -1)}Z` });
    expect(await ids()).toEqual([]);
    await link({ ownerId: 999 });
    expect(await ids()).toEqual([]);
  });

  it('knows who delivered its code first', async () => {
    await link();
    const codeDigest = aDigest();
    await accepted({ codeDigest });
    const receipt = {
      codeDigest,
      task: 'quasar_demo',
      headSha: '0'.repeat(40),
      receiptSource: 'delivery',
    } as const;
    await recordReceipt(at.db, { ...receipt, repoId: 101, ownerId: 501, hotkey: HOTKEY, receivedAt: NOW });
    await recordReceipt(at.db, { ...receipt, repoId: 102, ownerId: 502, hotkey: null, receivedAt: NOW - 1 });
    await recordReceipt(at.db, {
      ...receipt,
      task: 'quasar',
      repoId: 103,
      ownerId: 503,
      hotkey: null,
      receivedAt: 1,
    });
    expect((await candidates(at.db, 'quasar_demo', 1, ELIGIBLE))[0]).toMatchObject({
      digestHotkey: null,
      digestOwnerId: 502,
    });
  });
});

onBothDatabases('weights', (at) => {
  const weights =
    (digest: string, createdAt = NOW) =>
    async (db: typeof at.db) => {
      const roundId = await currentRound(db, NOW);
      return db.transaction(async (trx) => {
        await lockRound(trx, roundId);
        return recordWeights(trx, { roundId, dryRun: 1, shares: '[]', places: '[]', digest, createdAt });
      });
    };

  it('get a row at every change, and none without one', async () => {
    expect(await latestWeights(at.db)).toBeNull();
    for (const [digest, changed] of [
      ['a', true],
      ['a', false],
      ['b', true],
      ['a', true],
    ] as const)
      expect(await weights(digest)(at.db)).toBe(changed);
    expect(await at.db('weights')).toHaveLength(3);
    expect(await latestWeights(at.db)).toMatchObject({ digest: 'a', createdAt: NOW });
  });

  it('get one row when two replicas record the same change at once', async () => {
    await currentRound(at.db, NOW);
    const recorded = await Promise.all([at.db, at.another(), at.another()].map(weights('a')));
    expect(recorded.filter(Boolean)).toHaveLength(1);
    expect(await at.db('weights')).toHaveLength(1);
  });
});

onBothDatabases('a strike', (at) => {
  it('falls once for an evaluation', async () => {
    const evaluationId = await ordered(at.db, await submit(at.db));
    const strike = { ownerId: 501, hotkey: HOTKEY, evaluationId, reason: 'input_modified', at: NOW };
    await Promise.all([recordStrike(at.db, strike), recordStrike(at.another(), strike)]);
    expect(await at.db('strikes')).toHaveLength(1);
  });
});

onBothDatabases('a link', (at) => {
  it('is one per repository, also when two replicas save different ones at once', async () => {
    const save = (db: typeof at.db, hotkey: string) =>
      db.transaction(async (trx) => {
        await holdFork(trx, 101);
        await saveLink(trx, aLink({ hotkey }), NOW);
      });
    await Promise.all([save(at.db, 'one'), save(at.another(), 'two'), save(at.another(), 'two')]);
    expect(await at.db('links').whereNull('endedAt')).toHaveLength(1);
    expect(await at.db('links')).toHaveLength(2);
  });

  it('is never a second live one, whatever writes it', async () => {
    await saveLink(at.db, aLink(), NOW);
    await expect(at.db('links').insert({ ...aLink({ hotkey: 'two' }), since: NOW })).rejects.toThrow(
      /unique/i,
    );
  });

  it('stays as it is when it is proven again, on another branch or by another signature', async () => {
    await saveLink(at.db, aLink(), NOW);
    await saveLink(at.db, aLink({ branch: 'race', signature: '0x02' }), NOW + 1);
    expect(await liveLink(at.db, 101)).toMatchObject({ branch: 'race', signature: '0x02', since: NOW });
    expect(await at.db('links')).toHaveLength(1);
  });

  it.each([{ hotkey: 'two' }, { ownerId: 502 }, { network: 'finney' }, { netuid: 25 }])(
    'gives way to one with %o',
    async (other) => {
      await saveLink(at.db, aLink(), NOW);
      await saveLink(at.db, aLink(other), NOW + 1);
      expect(await liveLink(at.db, 101)).toMatchObject({ ...other, since: NOW + 1 });
      expect(await at.db('links').where({ endReason: 'replaced', endedAt: NOW + 1 })).toHaveLength(1);
    },
  );

  it('ends once', async () => {
    await saveLink(at.db, aLink(), NOW);
    const ended = await Promise.all([
      endLink(at.db, 101, 'transferred', NOW),
      endLink(at.another(), 101, 'deleted', NOW),
    ]);
    expect(ended.toSorted()).toEqual([false, true]);
    expect(await liveLink(at.db, 101)).toBeNull();
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DecideInput, type Decision, decide, type Undecided } from '../../app/evaluations/decide.ts';
import { JUDGE_REASONS, JUDGE_RULES, type JudgeReason } from '../../app/evaluations/reasons.ts';
import type { SeatVerdict } from '../../app/evaluations/seats.ts';

const FIGURE = 1_000_000;

/** A verdict from the operator's own runner, seat 1, first attempt, unless said otherwise. */
function aVerdict(reason: JudgeReason, more: Partial<SeatVerdict> = {}): SeatVerdict {
  const seat = more.seat ?? 1;
  const attempt = more.attempt ?? 1;
  const figure = reason === 'accepted' ? FIGURE : null;
  return {
    evaluation: seat * 100 + attempt,
    purpose: 'rank',
    seat,
    attempt,
    runnerOwner: 'operator',
    operatorRunner: true,
    taskVersion: 1,
    status: JUDGE_RULES[reason].status,
    reason,
    detail: `${reason} at seat ${seat}`,
    tokensPerSec: figure,
    tokensPerSecLow: figure,
    ...more,
  };
}

/** From a validator whose runner is nobody's but his: `owner` names him. */
const fromValidator = (owner: string, reason: JudgeReason, more: Partial<SeatVerdict> = {}) =>
  aVerdict(reason, { runnerOwner: owner, operatorRunner: false, ...more });

const accepted = (seat: number, owner: string, low: number) =>
  fromValidator(owner, 'accepted', { seat, tokensPerSec: low * 1.1, tokensPerSecLow: low });

const OPERATOR = { operatorRunnersSuffice: true };
const JURY = { operatorRunnersSuffice: false };

function decideOn(
  verdicts: SeatVerdict[],
  policy = OPERATOR,
  more: Partial<DecideInput> = {},
): Decision | Undecided {
  return decide(
    { taskVersion: 1, targetLength: 1_000_000, claimedTokensPerSec: null, verdicts, ...more },
    policy,
  );
}

describe('decide › one runner of the operator', () => {
  it('wants a first seat while there is no verdict', () => {
    expect(decideOn([])).toEqual({
      kind: 'undecided',
      wants: 'first',
      seat: 1,
      otherThan: [],
      ratherNot: [],
    });
  });

  it('accepts with figure and score', () => {
    expect(decideOn([aVerdict('accepted', { tokensPerSec: 1_100_000 })])).toEqual({
      kind: 'decided',
      taskVersion: 1,
      status: 'accepted',
      reason: 'accepted',
      detail: 'accepted at seat 1',
      conclusions: { imports: 'success', logits: 'success', benchmark: 'success' },
      strike: false,
      evaluation: 101,
      evaluations: [101],
      tokensPerSec: 1_100_000,
      tokensPerSecLow: FIGURE,
      score: 3_000_000,
    });
  });

  it.each(JUDGE_REASONS.filter((reason) => JUDGE_RULES[reason].status === 'rejected'))(
    'rejects for %s as the reasons table says, without figure or score',
    (reason) => {
      const { logits, benchmark, strike } = JUDGE_RULES[reason];
      expect(decideOn([aVerdict(reason)])).toMatchObject({
        kind: 'decided',
        status: 'rejected',
        reason,
        conclusions: { imports: 'success', logits, benchmark },
        strike,
        tokensPerSec: null,
        tokensPerSecLow: null,
        score: null,
      });
    },
  );

  it('keeps an over-claimed submission accepted with its figure, and scores it 0', () => {
    const verdict = aVerdict('accepted', { tokensPerSec: 89.99, tokensPerSecLow: 80 });
    expect(decideOn([verdict], OPERATOR, { claimedTokensPerSec: 100 })).toMatchObject({
      status: 'accepted',
      reason: 'over_claim',
      conclusions: { imports: 'success', logits: 'success', benchmark: 'failure' },
      tokensPerSec: 89.99,
      tokensPerSecLow: 80,
      score: 0,
    });
  });

  it('compares the claim with the shown figure, not with the low end that scores', () => {
    const verdict = aVerdict('accepted', { tokensPerSec: 90, tokensPerSecLow: 80 });
    expect(decideOn([verdict], OPERATOR, { claimedTokensPerSec: 100 })).toMatchObject({
      reason: 'accepted',
      score: 240,
    });
  });

  it('lets no claim rescue or spoil a rejection', () => {
    expect(decideOn([aVerdict('op_error')], OPERATOR, { claimedTokensPerSec: 1e12 })).toMatchObject({
      reason: 'op_error',
    });
  });
});

describe('decide › inconclusive verdicts', () => {
  it('retries infra twice, then waits for a person', () => {
    const infra = [1, 2, 3].map((attempt) => aVerdict('infra', { attempt }));
    for (const some of [infra.slice(0, 1), infra.slice(0, 2)])
      expect(decideOn(some)).toEqual({
        kind: 'undecided',
        wants: 'again',
        seat: 1,
        otherThan: [],
        ratherNot: ['operator'],
      });
    expect(decideOn(infra)).toMatchObject({
      kind: 'decided',
      status: 'inconclusive',
      reason: 'infra',
      conclusions: { imports: 'success', logits: 'cancelled', benchmark: 'cancelled' },
      strike: false,
      score: null,
    });
  });

  it('takes what a person ordered after that', () => {
    const infra = [1, 2, 3].map((attempt) => aVerdict('infra', { attempt }));
    expect(decideOn([...infra, aVerdict('accepted', { attempt: 4 })])).toMatchObject({ status: 'accepted' });
    expect(decideOn([...infra, aVerdict('infra', { attempt: 4 })])).toMatchObject({ reason: 'infra' });
  });

  it('judges unstable once more, then rejects on the benchmark', () => {
    const unstable = [1, 2].map((attempt) => aVerdict('unstable', { attempt }));
    expect(decideOn(unstable.slice(0, 1))).toMatchObject({
      wants: 'again',
      seat: 1,
      otherThan: [],
      ratherNot: ['operator'],
    });
    expect(decideOn(unstable)).toMatchObject({
      status: 'rejected',
      reason: 'unstable',
      conclusions: { imports: 'success', logits: 'success', benchmark: 'failure' },
      strike: false,
    });
  });

  it('does not let infra between two unstable ones buy a third draw', () => {
    expect(
      decideOn([
        aVerdict('unstable', { attempt: 1 }),
        aVerdict('infra', { attempt: 2 }),
        aVerdict('unstable', { attempt: 3 }),
      ]),
    ).toMatchObject({ status: 'rejected', reason: 'unstable' });
  });

  it('leaves implausible to the operator, whose new attempt then counts', () => {
    expect(decideOn([aVerdict('implausible')])).toMatchObject({
      status: 'inconclusive',
      reason: 'implausible',
      conclusions: { imports: 'success', logits: 'success', benchmark: 'action_required' },
      score: null,
    });
    expect(decideOn([aVerdict('implausible'), aVerdict('accepted', { attempt: 2 })])).toMatchObject({
      status: 'accepted',
    });
  });

  it('counts a verdict that contradicts itself, or accepts without a finite figure, as infra', () => {
    for (const verdict of [
      aVerdict('op_error', { status: 'accepted' }),
      aVerdict('accepted', { status: 'rejected' }),
      aVerdict('accepted', { tokensPerSecLow: null }),
      aVerdict('accepted', { tokensPerSec: Number.NaN }),
      aVerdict('accepted', { tokensPerSecLow: Number.POSITIVE_INFINITY }),
      aVerdict('accepted', { tokensPerSec: 0 }),
    ])
      expect(decideOn([verdict])).toMatchObject({ kind: 'undecided', wants: 'again' });
  });
});

describe('decide › what counts', () => {
  it('never throws the dice twice: the first conclusive verdict of a seat stands', () => {
    const verdicts = [
      aVerdict('accepted', { tokensPerSecLow: 5 }),
      aVerdict('accepted', { attempt: 2, tokensPerSecLow: 9 }),
    ];
    expect(decideOn(verdicts)).toMatchObject({ tokensPerSecLow: 5, evaluations: [101] });
    expect(decideOn([aVerdict('op_error'), aVerdict('accepted', { attempt: 2 })])).toMatchObject({
      reason: 'op_error',
    });
  });

  it('takes attempts by their number, not by the id of their evaluation', () => {
    const verdicts = [
      aVerdict('op_error', { attempt: 2, evaluation: 5 }),
      aVerdict('accepted', { attempt: 1, evaluation: 9 }),
    ];
    expect(decideOn(verdicts)).toMatchObject({ status: 'accepted', evaluation: 9 });
  });

  it.each(['baseline', 'audit', 'trial'] as const)('reads no verdict of purpose %s', (purpose) => {
    expect(decideOn([aVerdict('accepted', { purpose })])).toMatchObject({ wants: 'first' });
  });

  it('reads no verdict of another task version', () => {
    expect(decideOn([aVerdict('accepted', { taskVersion: 2 })])).toMatchObject({ wants: 'first' });
  });
});

describe('decide › a jury', () => {
  it('wants a second seat of another owner, also after an operator verdict when that is not enough', () => {
    for (const [verdict, policy] of [
      [fromValidator('v1', 'accepted'), OPERATOR],
      [fromValidator('v1', 'op_error'), OPERATOR],
      [aVerdict('accepted'), JURY],
    ] as const)
      expect(decideOn([verdict], policy)).toEqual({
        kind: 'undecided',
        wants: 'another_seat',
        seat: 2,
        otherThan: [verdict.runnerOwner],
        ratherNot: [],
      });
  });

  it('accepts with the lower of two figures, and shows that verdict', () => {
    const verdicts = [accepted(1, 'v1', 300), accepted(2, 'v2', 200)];
    expect(decideOn(verdicts, JURY)).toMatchObject({
      status: 'accepted',
      tokensPerSecLow: 200,
      tokensPerSec: 220.00000000000003,
      score: 600,
      evaluation: 201,
      evaluations: [101, 201],
    });
  });

  it('takes the median of three', () => {
    const verdicts = [
      accepted(1, 'v1', 300),
      fromValidator('v2', 'timeout', { seat: 2 }),
      accepted(3, 'v3', 500),
    ];
    expect(decideOn([...verdicts, accepted(4, 'v4', 400)], JURY)).toMatchObject({ tokensPerSecLow: 400 });
  });

  it('orders one more seat for disagreement; then the majority of owners decides', () => {
    const split = [accepted(1, 'v1', 1), fromValidator('v2', 'op_error', { seat: 2 })];
    expect(decideOn(split, JURY)).toEqual({
      kind: 'undecided',
      wants: 'another_seat',
      seat: 3,
      otherThan: ['v1', 'v2'],
      ratherNot: [],
    });
    expect(decideOn([...split, accepted(3, 'v3', 2)], JURY)).toMatchObject({
      status: 'accepted',
      tokensPerSecLow: 1,
      evaluations: [101, 301],
    });
    expect(decideOn([...split, fromValidator('v3', 'wrong_output', { seat: 3 })], JURY)).toMatchObject({
      status: 'rejected',
      reason: 'op_error',
      evaluations: [201, 301],
    });
  });

  it('does not let an operator verdict settle a disagreement alone', () => {
    expect(decideOn([accepted(1, 'v1', 1), aVerdict('op_error', { seat: 2 })])).toMatchObject({
      wants: 'another_seat',
      seat: 3,
    });
  });

  it('counts one vote per owner, however many seats his runners got', () => {
    expect(decideOn([accepted(1, 'v1', 1), accepted(2, 'v1', 2)], JURY)).toMatchObject({
      wants: 'another_seat',
      seat: 3,
    });
  });

  it('gives the reason that most seats saw', () => {
    const verdicts = [
      accepted(1, 'v1', 1),
      fromValidator('v2', 'timeout', { seat: 2 }),
      accepted(3, 'v2', 1),
      fromValidator('v3', 'op_error', { seat: 4 }),
      fromValidator('v4', 'op_error', { seat: 5 }),
    ];
    expect(decideOn(verdicts, JURY)).toMatchObject({
      status: 'rejected',
      reason: 'op_error',
      evaluation: 401,
    });
  });

  it('strikes only when every seat saw a reason to', () => {
    const seats = (first: JudgeReason, second: JudgeReason) =>
      decideOn([fromValidator('v1', first), fromValidator('v2', second, { seat: 2 })], JURY);
    expect(seats('protocol_error', 'input_modified')).toMatchObject({
      strike: true,
      reason: 'protocol_error',
    });
    expect(seats('protocol_error', 'op_error')).toMatchObject({ strike: false });
  });

  it('judges a seat again while the other one stands', () => {
    const verdicts = [accepted(1, 'v1', 1), fromValidator('v2', 'infra', { seat: 2 })];
    expect(decideOn(verdicts, JURY)).toEqual({
      kind: 'undecided',
      wants: 'again',
      seat: 2,
      otherThan: ['v1'],
      ratherNot: ['v2'],
    });
  });

  it('lets an owner whose runner only failed in a seat take the next one', () => {
    const verdicts = [fromValidator('v1', 'infra'), fromValidator('v2', 'accepted', { attempt: 2 })];
    expect(decideOn(verdicts, JURY)).toMatchObject({ wants: 'another_seat', seat: 2, otherThan: ['v2'] });
  });

  it('waits for the operator when the second seat finds the figure implausible', () => {
    const verdicts = [accepted(1, 'v1', 1), fromValidator('v2', 'implausible', { seat: 2 })];
    expect(decideOn(verdicts, JURY)).toMatchObject({ status: 'inconclusive', reason: 'implausible' });
  });
});

describe('decide › properties', () => {
  const verdict = fc
    .record({
      seat: fc.integer({ min: 1, max: 4 }),
      attempt: fc.integer({ min: 1, max: 4 }),
      reason: fc.oneof(fc.constant<JudgeReason>('accepted'), fc.constantFrom(...JUDGE_REASONS)),
      runnerOwner: fc.constantFrom('v1', 'v2', 'v3', 'operator'),
      figure: fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.constantFrom(null, Number.NaN, -1)),
      purpose: fc.oneof(fc.constant('rank' as const), fc.constantFrom('audit' as const, 'trial' as const)),
      taskVersion: fc.oneof(fc.constant(1), fc.constant(2)),
    })
    .map(({ figure, reason, runnerOwner, ...more }) =>
      aVerdict(reason, {
        ...more,
        runnerOwner,
        operatorRunner: runnerOwner === 'operator',
        tokensPerSec: reason === 'accepted' ? figure : null,
        tokensPerSecLow: reason === 'accepted' ? figure : null,
      }),
    );
  const verdicts = fc.uniqueArray(verdict, { selector: ({ evaluation }) => evaluation, maxLength: 12 });
  const policy = fc.constantFrom(OPERATOR, JURY);
  const claim = fc.constantFrom(null, 100, 2000);

  it('does not depend on order or on duplicates', () => {
    fc.assert(
      fc.property(
        verdicts.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 })),
        ),
        policy,
        claim,
        ([all, shuffled], rules, claimedTokensPerSec) => {
          expect(decideOn(shuffled, rules, { claimedTokensPerSec })).toEqual(
            decideOn(all, rules, { claimedTokensPerSec }),
          );
        },
      ),
    );
  });

  it('never accepts on less than rule 10 asks for, nor with a figure above the median', () => {
    fc.assert(
      fc.property(verdicts, policy, (all, rules) => {
        const decision = decideOn(all, rules);
        if (decision.kind !== 'decided' || decision.status === 'inconclusive') return;
        const carried = all.filter(({ evaluation }) => decision.evaluations.includes(evaluation));
        expect(carried.every((one) => one.purpose === 'rank' && one.taskVersion === 1)).toBe(true);
        const owners = new Set(carried.map(({ runnerOwner }) => runnerOwner));
        expect(owners.size).toBe(carried.length);
        expect(owners.size >= 2 || (rules.operatorRunnersSuffice && owners.has('operator'))).toBe(true);
        if (decision.status !== 'accepted') {
          expect(decision).toMatchObject({ tokensPerSec: null, score: null });
          return;
        }
        const lows = carried.map((one) => one.tokensPerSecLow as number).sort((a, b) => a - b);
        expect(decision.tokensPerSecLow).toBe(lows[Math.floor((lows.length - 1) / 2)]);
        expect(Number.isFinite(decision.score) && (decision.score as number) > 0).toBe(true);
      }),
    );
  });

  it('keeps a seat, once it has voted, whatever later attempts find', () => {
    fc.assert(
      fc.property(verdicts, verdict, policy, (all, extra, rules) => {
        const before = decideOn(all, rules);
        const decisive = all.filter(
          (one) => one.seat === extra.seat && one.purpose === 'rank' && one.taskVersion === 1,
        );
        const voted = decisive.some((one) => {
          const sound = one.reason !== 'accepted' || (one.tokensPerSecLow ?? 0) > 0;
          return sound && JUDGE_RULES[one.reason].status !== 'inconclusive';
        });
        fc.pre(voted);
        const later = { ...extra, attempt: 9, evaluation: 9999 };
        expect(decideOn([...all, later], rules)).toEqual(before);
      }),
    );
  });

  it('ends: a judge that always answers is asked a bounded number of times', () => {
    const answers = fc.array(fc.constantFrom(...JUDGE_REASONS), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(answers, policy, (reasons, rules) => {
        const all: SeatVerdict[] = [];
        const askedPerSeat = new Map<number, number>();
        for (const [step, reason] of reasons.entries()) {
          const decision = decideOn(all, rules);
          if (decision.kind === 'decided') return;
          const attempt = (askedPerSeat.get(decision.seat) ?? 0) + 1;
          askedPerSeat.set(decision.seat, attempt);
          expect(attempt).toBeLessThanOrEqual(4);
          expect(decision.wants).toBe(step === 0 ? 'first' : attempt > 1 ? 'again' : 'another_seat');
          all.push(
            fromValidator(`v${decision.seat}`, reason, {
              seat: decision.seat,
              attempt,
              evaluation: step + 1,
            }),
          );
        }
        expect(decideOn(all, rules).kind).toBe('decided');
      }),
    );
  });
});

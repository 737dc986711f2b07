import { describe, expect, it } from 'vitest';
import { ceilings } from '../../app/reports/ceilings.ts';
import type { DecidedState } from '../../app/reports/view.ts';
import { aCpuResult, aResult, aView, decidedState, TARGET } from './views.ts';

const result = aResult('accepted');
const [target] = result.measurements.filter(({ length }) => length === TARGET);
if (target === undefined) throw new Error('the builder measures the target length');
const lines = (state: Partial<DecidedState> = {}, view = aView({ kind: 'skipped_by_message' })) =>
  ceilings(view, decidedState(result, state), target);

describe('ceilings', () => {
  it('says which part of its roofline the op reaches at the bandwidth that was measured', () => {
    expect(lines()).toContain('**0.12 % of its roofline**: it takes 842 ms');
    expect(lines()).toContain('4,096 bytes a token takes this device 1.00 ms, at the 4.29 TB/s');
  });

  it('says nothing of a roofline on a CPU, without one in the task, or without a copy', () => {
    const { task, ...view } = aView({ kind: 'skipped_by_message' });
    const { roofline: _, ...without } = task;
    const conditions = { ...result.conditions, yardstick: [{ name: 'copy', beforeNs: 0, afterNs: 1 }] };
    for (const text of [
      lines({ result: aCpuResult() }),
      lines({ result: null }),
      lines({ result: { ...result, conditions } }),
      lines({}, { ...view, task: without }),
    ])
      expect(text).not.toContain('roofline');
  });

  it('compares with upstream at the same length only, and says when it cannot', () => {
    const unknown = 'not known, because upstream itself was not judged at this length';
    expect(lines({ baseline: { tokensPerSec: 398_000, targetLength: TARGET } })).toContain('**3.10x**');
    for (const baseline of [
      null,
      { tokensPerSec: 398_000, targetLength: 200_000 },
      { tokensPerSec: 0, targetLength: TARGET },
    ])
      expect(lines({ baseline })).toContain(unknown);
    expect(lines()).toContain(unknown);
  });
});

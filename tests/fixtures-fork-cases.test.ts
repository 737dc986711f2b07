import { describe, expect, it } from 'vitest';
import {
  DECISION_REASONS,
  INTAKE_REASONS,
  INTAKE_RULES,
  JUDGE_REASONS,
  JUDGE_RULES,
  OVER_CLAIM_RULE,
} from '../app/evaluations/reasons.ts';
import { loadTask } from '../app/evaluations/task.ts';
import { codeDigest, contentDigest } from '../app/imports/digests.ts';
import { IMPORT_REASONS, reasonOf } from '../app/imports/findings.ts';
import { installedParsers } from '../app/imports/installed-parsers.ts';
import { createImportPolicy } from '../app/imports/policy.ts';
import { forkCases, forkFile } from './fixtures/fork-cases.ts';

const cases = forkCases();
const task = loadTask('quasar_demo');
const { targetFiles, targetLengths, upstream } = task;
const policy = await createImportPolicy(installedParsers());
const filesOf = (name: string) => targetFiles.map((path) => ({ path, bytes: forkFile(name, path) }));

/** How the checks end for a reason, from the rules of the product. */
function ruleFor(reason: string) {
  const judged = JUDGE_REASONS.find((known) => known === reason);
  if (judged !== undefined)
    return {
      imports: 'success',
      logits: JUDGE_RULES[judged].logits,
      benchmark: JUDGE_RULES[judged].benchmark,
    };
  const intake = INTAKE_REASONS.find((known) => known === reason);
  if (intake !== undefined) return INTAKE_RULES[intake];
  if (DECISION_REASONS.some((known) => known === reason)) return OVER_CLAIM_RULE;
  throw new Error(`no rule for ${reason}`);
}

describe('the forks of the demo', () => {
  it.each([...cases])('%s expects what the rules say of its reasons', (_name, { expect: wanted }) => {
    for (const reason of wanted.reasons) {
      const { imports, logits, benchmark } = wanted;
      expect({ imports, logits, benchmark }).toEqual(ruleFor(reason));
      expect(wanted.dispatched).toBe(!INTAKE_REASONS.some((known) => known === reason));
      expect(wanted.rank !== null).toBe(reason === 'accepted');
    }
  });

  it.each([...cases])('%s asks for a length of the task', (_name, { targetSequenceLength }) => {
    expect(targetSequenceLength).toBeGreaterThanOrEqual(targetLengths.min);
    expect(targetSequenceLength).toBeLessThanOrEqual(targetLengths.max);
  });

  it.each([...cases])('%s has the imports that it expects', (name, { expect: { reasons } }) => {
    const texts = filesOf(name).map(({ path, bytes }) => ({ path, text: bytes.toString('utf8') }));
    const wanted = IMPORT_REASONS.find((reason) => reasons.includes(reason)) ?? null;
    expect(reasonOf(policy.judge(texts, task))).toBe(wanted);
  });

  it('gives the copy the code of its leader and other bytes', () => {
    const leader = cases.get('copy')?.after ?? '';
    expect(codeDigest(filesOf('copy'))).toBe(codeDigest(filesOf(leader)));
    expect(contentDigest(filesOf('copy'))).not.toBe(contentDigest(filesOf(leader)));
  });

  it("knows upstream's own code as nobody's", () => {
    expect(codeDigest(filesOf('upstream'))).toBe(upstream.codeDigest);
  });

  it('lets no other two cases share code, but those that leave upstream as it is', () => {
    const others = [...cases.keys()].filter((name) => name !== 'copy' && name !== 'unlinked');
    expect(new Set(others.map((name) => codeDigest(filesOf(name)))).size).toBe(others.length);
    expect(contentDigest(filesOf('unlinked'))).toBe(contentDigest(filesOf('upstream')));
  });
});

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { JUDGE_REASONS, JUDGE_RULES } from '../../app/evaluations/reasons.ts';
import { auditResult, REQUIRED_PROTECTIONS } from '../../app/evaluations/result-audit.ts';
import { type Measurement, Result } from '../../app/evaluations/schema.ts';
import { KERNELS_DIR } from '../../app/evaluations/task.ts';
import { aMeasurement, aResult, KEY, KEY_SHA256 } from './a-result.ts';
import { anEvaluation } from './memory-store.ts';

const ORDER = anEvaluation().order;
const audit = (changes: Partial<Result> = {}, committed: string | null = KEY_SHA256) =>
  auditResult(Result.parse(aResult(changes)), ORDER, committed);
const verdictOf = (reason: Result['verdict']['reason']) => ({
  status: JUDGE_RULES[reason].status,
  reason,
  detail: 'as the judge says',
});
/** The measurements of an accepted result, the longer one altered. */
const altered = (changes: Partial<Measurement>) => ({
  measurements: [aMeasurement(512), { ...aMeasurement(1024), ...changes }],
});

function expectInfra(found: ReturnType<typeof audit>, says: RegExp) {
  expect(found.verdict).toMatchObject({ status: 'inconclusive', reason: 'infra' });
  expect(found.verdict.detail).toMatch(says);
  expect(found.measurements).toEqual([]);
}

describe('a result that holds together', () => {
  it('is recorded as it is', () => {
    expect(audit()).toEqual({ verdict: aResult().verdict, measurements: aResult().measurements });
  });

  it.each(JUDGE_REASONS.filter((reason) => reason !== 'accepted'))(
    'may end in %s without figures',
    (reason) => {
      const verdict = verdictOf(reason);
      expect(audit({ verdict, measurements: [], gates: [] }).verdict).toEqual(verdict);
    },
  );

  it('may be a rejection although the key was not heard of, but no acceptance', () => {
    expect(audit({ verdict: verdictOf('op_error') }, null).verdict.reason).toBe('op_error');
    expectInfra(audit({}, null), /no key was committed/);
  });

  it('may lack a protection that is not required', () => {
    expect(
      audit({ sandbox: { active: [...REQUIRED_PROTECTIONS], missing: ['cgroup_pids'] } }).verdict.reason,
    ).toBe('accepted');
  });

  it('of a failed judge is taken without looking at the rest, and has no figures', () => {
    const found = audit({
      verdict: verdictOf('infra'),
      digest: '00'.repeat(32),
      key: { sha256: KEY, value: KEY },
    });
    expect(found).toEqual({ verdict: verdictOf('infra'), measurements: [] });
  });

  it('keeps no NUL in its detail, which PostgreSQL could not store', () => {
    const verdict = { ...verdictOf('op_error'), detail: 'a\0b' };
    expect(audit({ verdict }).verdict.detail).toBe('ab');
  });
});

describe('a result that does not hold together is infra', () => {
  const { task, upstream } = ORDER;
  it.each<[string, Partial<Result>, RegExp]>([
    ['another task', { task: { ...task, name: 'quasar' } }, /another task/],
    ['another version of the task', { task: { ...task, version: 1 } }, /another task.*update the judge/],
    ['another digest of the task', { task: { ...task, digest: '00'.repeat(32) } }, /another task/],
    ['another upstream', { upstream: { tree: upstream.commit } }, /another upstream/],
    ['other files', { digest: '00'.repeat(32) }, /other files/],
    ['another kind of device', { device: { ...aResult().device, kind: 'cuda' } }, /the device is cuda/],
    [
      'a key that is not its own',
      { key: { sha256: KEY_SHA256, value: '18'.repeat(32) } },
      /not the one of its/,
    ],
    [
      'a length nobody asked for',
      { measurements: [...aResult().measurements, aMeasurement(64)] },
      /nobody asked/,
    ],
    ['a length twice', { measurements: [...aResult().measurements, aMeasurement(512)] }, /measured twice/],
    ['no target length', { measurements: [aMeasurement(512)] }, /lacks the figures of length 1024/],
    ['no gates', { gates: [] }, /without a gate/],
  ])('for %s', (_, changes, says) => {
    expectInfra(audit(changes), says);
  });

  it('for a key that was not committed to', () => {
    expectInfra(audit({}, '00'.repeat(32)), /not the one that was committed to/);
    expectInfra(
      audit({ verdict: verdictOf('op_error') }, '00'.repeat(32)),
      /not the one that was committed to/,
    );
  });

  it.each(REQUIRED_PROTECTIONS)('for a sandbox without %s, with a word to the operator', (name) => {
    const active = REQUIRED_PROTECTIONS.filter((other) => other !== name);
    expectInfra(audit({ sandbox: { active, missing: [name] } }), new RegExp(`lacks ${name}: run the doctor`));
    expectInfra(audit({ sandbox: { active: [...REQUIRED_PROTECTIONS], missing: [name] } }), /sandbox/);
    expectInfra(audit({ sandbox: { active, missing: [] }, verdict: verdictOf('op_error') }), /sandbox/);
  });

  it.each([
    ['accepted', 'op_error'],
    ['rejected', 'accepted'],
    ['rejected', 'infra'],
    ['inconclusive', 'wrong_output'],
    ['accepted', 'infra'],
  ] as const)('for status %s with reason %s', (status, reason) => {
    expectInfra(audit({ verdict: { status, reason, detail: '' } }), /does not go with/);
  });

  it('for an acceptance in which a gate failed, or has no figure', () => {
    const gate = aResult().gates[0] as Result['gates'][number];
    expectInfra(audit({ gates: [gate, { ...gate, pass: false }] }), /op_rel_rms did not pass/);
    expectInfra(audit({ gates: [{ ...gate, value: null }] }), /op_rel_rms did not pass/);
  });

  const right = aMeasurement(1024);
  const [first] = right.classes;
  it.each<[string, Partial<Measurement>, RegExp]>([
    [
      'a faster figure than its times',
      { tokensPerSec: right.tokensPerSec * 1.001 },
      /tokensPerSec does not follow/,
    ],
    [
      'a better low end than its interval',
      { tokensPerSecLow: right.tokensPerSec },
      /tokensPerSecLow does not/,
    ],
    ['another op figure', { opTokensPerSec: right.opTokensPerSec + 1 }, /opTokensPerSec does not follow/],
    ['a fixed part that was left out', { fixedNs: 0 }, /tokensPerSec does not follow/],
    ['the faster class as its figure', { tokensPerSec: 1024e9 / 3_000_000 }, /tokensPerSec does not follow/],
    [
      'a class twice',
      { classes: [...right.classes, ...right.classes.slice(0, 1)] },
      /an input class is there twice/,
    ],
    ['a median outside its interval', aMedianOutside(), /outside its interval/],
    ['calls that took no time', { ...aMeasurement(1024), classes: timeless() }, /not above 0/],
  ])('for a measurement with %s', (_, changes, says) => {
    expectInfra(audit(altered(changes)), says);
  });

  function aMedianOutside(): Partial<Measurement> {
    return {
      classes: [{ ...(first as NonNullable<typeof first>), ciLowNs: 2_000_001 }, ...right.classes.slice(1)],
    };
  }
  function timeless(): Measurement['classes'] {
    return right.classes.map((c) => ({ ...c, medianNs: 0, ciLowNs: 0, ciHighNs: 0 }));
  }
});

it('asks for the protections that the judge calls required', () => {
  const source = readFileSync(path.join(KERNELS_DIR, 'judge', 'sandbox', 'outside.py'), 'utf8');
  const [, list = ''] = /^REQUIRED = \(\n([^)]*)\)/m.exec(source) ?? [];
  expect([...list.matchAll(/"(\w+)"/g)].map(([, name]) => name)).toEqual([...REQUIRED_PROTECTIONS]);
});

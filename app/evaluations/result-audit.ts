/**
 * Whether a posted result holds together, and answers what was ordered. Pure. A result that does not says nothing about
 * the kernel, only about the runner: it is recorded as `infra`, which the miner is never blamed for.
 */
import { createHash } from 'node:crypto';
import { JUDGE_RULES } from './reasons.ts';
import type { Measurement, Result, VerdictBody } from './schema.ts';
import type { EvaluationOrder } from './store.ts';

/** Without these a submission was not confined, and its figures are anybody's. Source: the judge, Sandbox. */
export const REQUIRED_PROTECTIONS = [
  'net_namespace',
  'pid_namespace',
  'ipc_namespace',
  'mount_namespace',
  'no_capabilities',
  'no_new_privs',
  'seccomp',
  'real_uid_not_0',
  'pids_limit',
  'memory_limit',
] as const;

/** The judge rounds down to thousandths; the rest is floating point. */
const ROUNDING = { absolute: 0.01, relative: 1e-9 };
const DETAIL_LIMIT = 4_000;

export interface AuditedVerdict {
  readonly verdict: Pick<Result['verdict'], keyof typeof VerdictBody.shape>;
  /** Empty unless they may count. */
  readonly measurements: readonly Measurement[];
}

/** The verdict to record: the posted one, or `infra` with what is wrong with it. */
export function auditResult(
  result: Result,
  order: EvaluationOrder,
  keySha256: string | null,
): AuditedVerdict {
  const problems = problemsOf(result, order, keySha256);
  if (problems.length > 0) return infra(`the runner's result was not accepted: ${problems.join('; ')}`);
  const { status, reason, detail } = result.verdict;
  if (reason === 'infra') return infra(detail);
  return { verdict: { status, reason, detail: storable(detail) }, measurements: result.measurements };
}

function problemsOf(result: Result, order: EvaluationOrder, keySha256: string | null): string[] {
  const { status, reason } = result.verdict;
  if (JUDGE_RULES[reason].status !== status) return [`status ${status} does not go with reason ${reason}`];
  // a judge that failed may not even know what it was to do; it has no figure to check either
  if (reason === 'infra') return [];
  return [
    ...orderProblems(result, order),
    ...sandboxProblems(result),
    ...keyProblems(result, keySha256),
    ...result.measurements.flatMap(figureProblems),
    ...lengthProblems(result, order),
    ...(status === 'accepted' ? gateProblems(result) : []),
  ];
}

function orderProblems(result: Result, order: EvaluationOrder): string[] {
  const { task, upstream, digest, device } = result;
  const expected = order.task;
  const same =
    task.name === expected.name && task.version === expected.version && task.digest === expected.digest;
  return [
    ...(same
      ? []
      : [`it is for another task than ${expected.name} version ${expected.version}: update the judge`]),
    ...(upstream.tree === order.upstream.tree ? [] : ['it is for another upstream tree']),
    ...(digest === order.contentDigest ? [] : ['it is for other files than those of the submission']),
    ...(device.kind === order.device
      ? []
      : [`the device is ${device.kind}, the task is for ${order.device}`]),
  ];
}

function sandboxProblems({ sandbox }: Result): string[] {
  const lacking = REQUIRED_PROTECTIONS.filter(
    (name) => !sandbox.active.includes(name) || sandbox.missing.includes(name),
  );
  if (lacking.length === 0) return [];
  return [`the sandbox of the host lacks ${lacking.join(', ')}: run the doctor on that host`];
}

function keyProblems({ key, verdict }: Result, committed: string | null): string[] {
  const actual = createHash('sha256').update(Buffer.from(key.value, 'hex')).digest('hex');
  if (actual !== key.sha256) return ['the key is not the one of its sha256'];
  if (committed === null)
    return verdict.status === 'accepted' ? ['no key was committed to before the timed calls'] : [];
  return committed === key.sha256 ? [] : ['the key is not the one that was committed to'];
}

function figureProblems(measurement: Measurement): string[] {
  const { length, classes, fixedNs, tokensPerSec, tokensPerSecLow, opTokensPerSec } = measurement;
  const problems: string[] = [];
  if (new Set(classes.map(({ input }) => input)).size < classes.length)
    problems.push('an input class is there twice');
  if (classes.some((c) => !(c.medianNs > 0 && c.ciLowNs <= c.medianNs && c.medianNs <= c.ciHighNs)))
    problems.push('a median is outside its interval, or not above 0');
  const slowest = Math.max(...classes.map(({ medianNs }) => medianNs));
  const slowestHigh = Math.max(...classes.map(({ ciHighNs }) => ciHighNs));
  if (!isRate(tokensPerSec, length, fixedNs + slowest))
    problems.push('tokensPerSec does not follow from the times');
  if (!isRate(tokensPerSecLow, length, fixedNs + slowestHigh))
    problems.push('tokensPerSecLow does not follow from the times');
  if (!isRate(opTokensPerSec, length, slowest))
    problems.push('opTokensPerSec does not follow from the times');
  if (!(tokensPerSecLow <= tokensPerSec)) problems.push('tokensPerSecLow is above tokensPerSec');
  return problems.map((problem) => `at length ${length} ${problem}`);
}

function isRate(figure: number, tokens: number, ns: number): boolean {
  const exact = (tokens * 1e9) / ns;
  return Number.isFinite(exact) && Math.abs(figure - exact) <= ROUNDING.absolute + exact * ROUNDING.relative;
}

function lengthProblems({ measurements, verdict }: Result, order: EvaluationOrder): string[] {
  const asked = new Set([...order.lengths, order.targetLength]);
  const measured = measurements.map(({ length }) => length);
  const problems: string[] = [];
  if (new Set(measured).size < measured.length) problems.push('a length was measured twice');
  if (measured.some((length) => !asked.has(length)))
    problems.push('a length was measured that nobody asked for');
  const missing = [...asked].filter((length) => !measured.includes(length));
  if (verdict.status === 'accepted' && missing.length > 0)
    problems.push(`it lacks the figures of length ${missing.join(', ')}`);
  return problems;
}

function gateProblems({ gates }: Result): string[] {
  if (gates.length === 0) return ['it is accepted without a gate'];
  const failed = gates.find(({ pass, value }) => !pass || value === null);
  return failed ? [`it is accepted although gate ${failed.name} did not pass`] : [];
}

function infra(detail: string): AuditedVerdict {
  return { verdict: { status: 'inconclusive', reason: 'infra', detail: storable(detail) }, measurements: [] };
}

/** PostgreSQL stores no NUL in a text. */
function storable(detail: string): string {
  return detail.replaceAll('\0', '').slice(0, DETAIL_LIMIT);
}

/** What the import policy has to say about a file, and what it makes of the submission. */
import { RULES, type RuleId } from './rules.ts';

export interface Finding {
  readonly rule: RuleId;
  /** Path in the repository, as task.json spells it. */
  readonly file: string;
  /** From 1. A finding about the whole file is at line 1, column 1. */
  readonly line: number;
  /** From 1, in Unicode characters. */
  readonly column: number;
  readonly message: string;
  /** What the miner does next. */
  readonly advice: string;
}

/** Reasons that findings give, in the order in which the first one names the submission. */
export const IMPORT_REASONS = ['bad_file', 'syntax_error', 'missing_import', 'forbidden_import'] as const;
export type ImportReason = (typeof IMPORT_REASONS)[number];

/** The reason of the submission: the first of `IMPORT_REASONS` that a finding has, or null without findings. */
export function reasonOf(findings: readonly Finding[]): ImportReason | null {
  const found = new Set(findings.map((finding) => RULES[finding.rule].reason));
  return IMPORT_REASONS.find((reason) => found.has(reason)) ?? null;
}

/** More findings than this help nobody: the last one then says how many files were cut. */
export const MAX_FINDINGS = 1000;

/**
 * By file, place and rule, without duplicates, at most `MAX_FINDINGS`; where some were left out, the last one says so
 * and keeps the reason of the whole.
 */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const sorted = [...findings].sort(
    (a, b) =>
      compare(a.file, b.file) ||
      a.line - b.line ||
      a.column - b.column ||
      compare(a.rule, b.rule) ||
      compare(a.message, b.message),
  );
  const distinct = sorted.filter((finding, at) => at === 0 || !same(finding, sorted[at - 1] as Finding));
  const last = distinct[MAX_FINDINGS - 1];
  if (distinct.length <= MAX_FINDINGS || last === undefined) return distinct;
  const reason = reasonOf(distinct);
  const kept = distinct.slice(0, MAX_FINDINGS - 1);
  const shown =
    reasonOf(kept) === reason ? undefined : distinct.find((finding) => RULES[finding.rule].reason === reason);
  if (shown !== undefined) kept[kept.length - 1] = shown;
  return [...kept, tooMany(last)];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const same = (a: Finding, b: Finding): boolean =>
  a.file === b.file &&
  a.line === b.line &&
  a.column === b.column &&
  a.rule === b.rule &&
  a.message === b.message;

const tooMany = (at: Finding): Finding => ({
  rule: 'too-many-findings',
  file: at.file,
  line: at.line,
  column: at.column,
  message: `More than ${MAX_FINDINGS - 1} findings: the rest is not listed.`,
  advice: 'Mend the first ones and check again.',
});

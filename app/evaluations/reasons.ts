/** The words of a verdict, and what each one does to the check-runs. Pure data; source: the contracts table. */

export type CheckName = 'imports' | 'logits' | 'benchmark';
export const CHECK_NAMES: readonly CheckName[] = ['imports', 'logits', 'benchmark'];

/** Conclusions we use. Never `neutral`: like `skipped`, it satisfies a required check. */
export type Conclusion = 'success' | 'failure' | 'cancelled' | 'skipped' | 'timed_out' | 'action_required';

/** Reasons a judge may give, in the order in which the first failing gate wins. */
export const JUDGE_REASONS = [
  'accepted',
  'import_error',
  'early_exit',
  'resource_limit',
  'unsupported',
  'timeout',
  'protocol_error',
  'nonfinite',
  'op_error',
  'logits',
  'wrong_output',
  'input_modified',
  'implausible',
  'unstable',
  'infra',
] as const;
export type JudgeReason = (typeof JUDGE_REASONS)[number];

/** Reasons found before a GPU is asked. */
export const INTAKE_REASONS = [
  'unlinked',
  'bad_file',
  'syntax_error',
  'missing_import',
  'forbidden_import',
  'copy',
  'superseded',
  'skipped_by_message',
] as const;
export type IntakeReason = (typeof INTAKE_REASONS)[number];

/** Reasons that only the decision can give. */
export const DECISION_REASONS = ['over_claim'] as const;
export type Reason = JudgeReason | IntakeReason | (typeof DECISION_REASONS)[number];

export type VerdictStatus = 'accepted' | 'rejected' | 'inconclusive';

export interface ReasonRule {
  readonly status: VerdictStatus;
  readonly logits: Conclusion;
  readonly benchmark: Conclusion;
  /** Whether the miner's hotkey gets a strike (only under a valid link). */
  readonly strike: boolean;
  /** Who may order another attempt. */
  readonly again: 'no' | 'operator' | 'once' | 'attempts';
}

const rule = (
  status: VerdictStatus,
  logits: Conclusion,
  benchmark: Conclusion,
  more: Partial<Pick<ReasonRule, 'strike' | 'again'>> = {},
): ReasonRule => ({ status, logits, benchmark, strike: false, again: 'no', ...more });

export const JUDGE_RULES: Readonly<Record<JudgeReason, ReasonRule>> = {
  accepted: rule('accepted', 'success', 'success'),
  import_error: rule('rejected', 'failure', 'cancelled'),
  early_exit: rule('rejected', 'cancelled', 'failure'),
  resource_limit: rule('rejected', 'cancelled', 'failure'),
  unsupported: rule('rejected', 'cancelled', 'failure'),
  timeout: rule('rejected', 'cancelled', 'timed_out'),
  protocol_error: rule('rejected', 'cancelled', 'failure', { strike: true }),
  nonfinite: rule('rejected', 'failure', 'cancelled'),
  op_error: rule('rejected', 'failure', 'cancelled'),
  logits: rule('rejected', 'failure', 'cancelled'),
  wrong_output: rule('rejected', 'failure', 'cancelled'),
  input_modified: rule('rejected', 'failure', 'cancelled', { strike: true }),
  implausible: rule('inconclusive', 'success', 'action_required', { again: 'operator' }),
  unstable: rule('inconclusive', 'success', 'action_required', { again: 'once' }),
  infra: rule('inconclusive', 'cancelled', 'cancelled', { again: 'attempts' }),
};

/** How all three checks end when the submission never reaches a judge. */
export const INTAKE_RULES: Readonly<Record<IntakeReason, Readonly<Record<CheckName, Conclusion>>>> = {
  unlinked: { imports: 'action_required', logits: 'action_required', benchmark: 'action_required' },
  bad_file: { imports: 'failure', logits: 'cancelled', benchmark: 'cancelled' },
  syntax_error: { imports: 'failure', logits: 'cancelled', benchmark: 'cancelled' },
  missing_import: { imports: 'failure', logits: 'cancelled', benchmark: 'cancelled' },
  forbidden_import: { imports: 'failure', logits: 'cancelled', benchmark: 'cancelled' },
  copy: { imports: 'success', logits: 'cancelled', benchmark: 'failure' },
  superseded: { imports: 'cancelled', logits: 'cancelled', benchmark: 'cancelled' },
  skipped_by_message: { imports: 'cancelled', logits: 'cancelled', benchmark: 'cancelled' },
};

/** The claim was more than the measured figure allows: the kernel is right, the score is 0. */
export const OVER_CLAIM_RULE: Readonly<Record<CheckName, Conclusion>> = {
  imports: 'success',
  logits: 'success',
  benchmark: 'failure',
};

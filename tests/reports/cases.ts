/** Every state and reason that a report knows, by the name of its golden file. */
import { JUDGE_REASONS } from '../../app/evaluations/reasons.ts';
import type { SubmissionView, YmlProblem } from '../../app/reports/view.ts';
import { HOSTILE_FINDINGS, HOSTILE_RESULT, HOSTILE_YML } from './hostile.ts';
import { aCpuResult, aDecision, aResult, aView, decidedState, FINDINGS, NOON } from './views.ts';

const waiting = {
  kind: 'waiting',
  seat: 1,
  position: 2,
  etaSeconds: 360,
  runnersOnline: 3,
  offlineSince: null,
} as const;

const NO_YML: readonly YmlProblem[] = [
  {
    line: null,
    why: 'there is no quasar.yml at the root of this commit',
    mend: 'run the `link` command with --write, which makes it',
  },
];

const BAD_YML: readonly YmlProblem[] = [
  { line: 2, why: 'hotkey is not an SS58 address', mend: 'write the address of your hotkey, 48 characters' },
  {
    line: 5,
    why: 'signature does not verify',
    mend: 'run the `link` command with --write, which fills it in',
  },
];

const IGNORED = ['README.md', 'fla/layers/quasar.py', 'setup.py'];
const [forbidden, missing] = FINDINGS as [(typeof FINDINGS)[number], (typeof FINDINGS)[number]];
const accepted = aResult('accepted');

const rejectedAtIntake = (reason: 'bad_file' | 'syntax_error' | 'missing_import' | 'forbidden_import') => ({
  kind: 'intake_rejected' as const,
  reason,
});

export const CASES: Readonly<Record<string, SubmissionView>> = {
  'unlinked-no-file': aView(
    { kind: 'unlinked', problems: NO_YML },
    { submissionId: null, targetLength: null },
  ),
  'unlinked-problems': aView({ kind: 'unlinked', problems: BAD_YML }, { cliSha256: null }),
  unregistered: aView(
    {
      kind: 'unregistered',
      hotkey: '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty',
      network: 'finney',
      netuid: 24,
      block: 9_233_781,
    },
    { submissionId: null },
  ),
  bad_file: aView(rejectedAtIntake('bad_file'), {
    findings: [
      {
        rule: 'bad-file',
        file: 'fla/ops/quasar/gate.py',
        line: 1,
        column: 1,
        message: 'is a symlink',
        advice: 'Commit it as a plain file of mode 100644.',
      },
    ],
  }),
  syntax_error: aView(rejectedAtIntake('syntax_error'), {
    findings: [{ ...forbidden, rule: 'invalid-syntax', message: 'expected `:`', advice: 'Mend the syntax.' }],
  }),
  missing_import: aView(rejectedAtIntake('missing_import'), { findings: [missing] }),
  forbidden_import: aView(rejectedAtIntake('forbidden_import'), {
    findings: FINDINGS,
    ignoredPaths: IGNORED,
  }),
  copy: aView({ kind: 'copy', copyOf: { submissionId: 12, receivedAt: NOON } }),
  superseded: aView({ kind: 'superseded', by: { sha: 'b'.repeat(40), submissionId: 43 } }),
  skipped_by_message: aView({ kind: 'skipped_by_message' }),
  'other-branch': aView({ kind: 'other_branch', branch: 'experiment', judgedBranch: 'main' }),
  'other-branch-findings': aView(
    { kind: 'other_branch', branch: 'experiment', judgedBranch: 'main' },
    { findings: FINDINGS },
  ),
  waiting: aView(waiting, {
    ignoredPaths: IGNORED,
    warnings: [{ line: 7, why: 'unknown key colour', mend: 'remove it' }],
  }),
  'waiting-unknown': aView({ ...waiting, position: null, etaSeconds: null, runnersOnline: null }),
  'waiting-offline': aView({ ...waiting, runnersOnline: 0, offlineSince: NOON }),
  'waiting-second-seat': aView({ ...waiting, seat: 2, position: 1, etaSeconds: 30, runnersOnline: 1 }),
  dispatched: aView({ kind: 'dispatched', seat: 1 }),
  claimed: aView({ kind: 'running', seat: 1, progress: null }),
  running: aView({ kind: 'running', seat: 2, progress: { stage: 'secret', done: 17, total: 40 } }),
  infra_retry: aView({ kind: 'infra_retry', attempt: 2, of: 3, nextAt: NOON + 120_000 }),
  ...Object.fromEntries(
    JUDGE_REASONS.map((reason) => [
      `decided-${reason}`,
      aView(decidedState(aResult(reason), { rank: reason === 'accepted' ? 3 : null })),
    ]),
  ),
  'decided-accepted-faster': aView(
    decidedState(accepted, {
      rank: 1,
      previous: { sha: '9'.repeat(40), tokensPerSec: 1_046_500, targetLength: 1_048_576 },
      baseline: { tokensPerSec: 398_000, targetLength: 1_048_576 },
    }),
    { claimedTokensPerSec: 1_200_000, ignoredPaths: IGNORED },
  ),
  'decided-accepted-no-place': aView(decidedState(accepted)),
  'decided-accepted-jury': aView(
    decidedState(accepted, { decision: aDecision(accepted, null, ['v1', 'v2']), rank: 2 }),
  ),
  'decided-over_claim': aView(decidedState(accepted, { decision: aDecision(accepted, 1_500_000) }), {
    claimedTokensPerSec: 1_500_000,
  }),
  'decided-accepted-unlocked': aView(
    decidedState(
      aResult('accepted', {
        conditions: {
          ...accepted.conditions,
          locked: false,
          samples: [
            { smMHz: 1980, watts: 118.7, celsius: 33, throttle: '' },
            { smMHz: 1755, watts: 698.2, celsius: 71, throttle: 'sw_power_cap' },
            { smMHz: 1740, watts: 699, celsius: 72, throttle: 'sw_power_cap hw_thermal_slowdown' },
          ],
        },
        flags: ['unlocked'],
      }),
      { rank: 3, baseline: { tokensPerSec: 398_000, targetLength: 200_000 } },
    ),
  ),
  'decided-accepted-cpu': aView(decidedState(aCpuResult(), { rank: 2, places: 2 }), {
    task: { ...aView({ kind: 'skipped_by_message' }).task, name: 'quasar_demo' },
    diff: { upstream: null, previous: null },
  }),
  'decided-infra-no-result': aView(decidedState(aResult('infra'), { result: null })),
  'hostile-findings': HOSTILE_FINDINGS,
  'hostile-result': HOSTILE_RESULT,
  'hostile-yml': HOSTILE_YML,
};

/** What a miner would send to make a report lie, mention strangers, or break. */
import type { SubmissionView } from '../../app/reports/view.ts';
import { aResult, aView, decidedState } from './views.ts';

const ESC = '\u001b';
export const NASTY = [
  '</details></summary><img src=x onerror=alert(1)>',
  '@torvalds please look, also @org/team and mail a@b.example',
  '[click](https://evil.example) ![pixel](https://evil.example/p.png) https://evil.example www.evil.example',
  '``` ~~~ `code` **bold** _it_ # title > quote | cell | \\| pipe',
  `${ESC}[2J${ESC}[1;31mACCEPTED rank 1${ESC}[0m ${ESC}]8;;https://evil.example${'\u0007'}link`,
  'abc\u202egnp.exe \u200bzero\ufeffwidth \u2066iso\u2069 \u0000null \u0085nel \ud800half',
  'fixes #1, octo/repo#2, GH-3, e\u0301\u0302\u0303\u0304\u0305\u0306zalgo',
  '::set-output name=verdict::accepted',
  '::add-mask::x',
].join('\n');

const plainResult = aResult('op_error');
const result = aResult('op_error', {
  verdict: { ...plainResult.verdict, detail: NASTY },
  gates: [
    {
      ...(plainResult.gates[2] as (typeof plainResult.gates)[number]),
      name: NASTY.slice(0, 80),
      input: '|`@x`|',
    },
  ],
  untrusted: { log: `${'`'.repeat(9)}\n${NASTY}\n{"verdict": {"status": "accepted"}}`, [NASTY]: NASTY },
  conditions: {
    ...plainResult.conditions,
    yardstick: [{ name: NASTY.slice(0, 80), beforeNs: 0, afterNs: 2 ** 53 - 1 }],
    samples: [
      { smMHz: 2 ** 53 - 1, watts: 1e308, celsius: -1e308, throttle: NASTY.slice(0, 200) },
      { smMHz: 0, watts: 0, celsius: 1e-300, throttle: '| x | y |' },
    ],
    versions: { [NASTY.slice(0, 80)]: NASTY.slice(0, 200) },
  },
  flags: [NASTY.slice(0, 80)],
  device: { ...plainResult.device, name: NASTY.slice(0, 200) },
});

export const HOSTILE_RESULT: SubmissionView = aView(decidedState(result), {
  repo: { owner: '$(rm -rf ~)', name: '`id`; echo' },
  task: { name: NASTY, version: 1, targetFiles: [NASTY] },
  ignoredPaths: [NASTY, 'a|b`c`.md', `${'x'.repeat(5000)}.py`],
  warnings: [{ line: 1, why: NASTY, mend: NASTY }],
});

export const HOSTILE_FINDINGS: SubmissionView = aView(
  { kind: 'intake_rejected', reason: 'syntax_error' },
  {
    repo: { owner: '$(rm -rf ~)', name: '`id`; echo' },
    task: { name: NASTY, version: 1, targetFiles: [NASTY] },
    findings: [{ rule: NASTY, file: NASTY, line: -3, column: 0, message: NASTY, advice: NASTY }],
  },
);

export const HOSTILE_YML: SubmissionView = aView(
  { kind: 'unlinked', problems: [{ line: 1, why: NASTY, mend: NASTY }] },
  { repo: { owner: '$(rm -rf ~)', name: '`id`; echo' } },
);

import { describe, expect, it } from 'vitest';
import {
  CHECK_NAMES,
  DECISION_REASONS,
  INTAKE_REASONS,
  INTAKE_RULES,
  type IntakeReason,
  JUDGE_REASONS,
} from '../../app/evaluations/reasons.ts';
import { Result } from '../../app/evaluations/schema.ts';
import type { CheckRunState } from '../../app/github/github.ts';
import { renderBenchmark } from '../../app/reports/benchmark.ts';
import { renderImports } from '../../app/reports/imports.ts';
import { renderLogits } from '../../app/reports/logits.ts';
import { CHECK_TITLES } from '../../app/reports/output.ts';
import type { SubmissionView } from '../../app/reports/view.ts';
import { CASES } from './cases.ts';
import { NASTY } from './hostile.ts';
import { aResult, aView, decidedState, FINDINGS } from './views.ts';

const render = { imports: renderImports, logits: renderLogits, benchmark: renderBenchmark } as const;
const checksOf = (view: SubmissionView): CheckRunState[] => CHECK_NAMES.map((name) => render[name](view));
const cases = Object.entries(CASES);

describe('every check of every state', () => {
  it.each(cases)('%s fits what GitHub takes', (_name, view) => {
    for (const { status, conclusion, output, actions = [], annotations = [], detailsUrl } of checksOf(view)) {
      expect(conclusion !== undefined).toBe(status === 'completed');
      expect(output.title).not.toMatch(/\n|undefined|null|NaN|\[object/);
      expect(output.title.length).toBeGreaterThan(5);
      expect(output.title.length).toBeLessThanOrEqual(255);
      expect(output.summary).not.toMatch(/undefined|\[object|\| (NaN|null)|NaN [%x]/);
      expect(Buffer.byteLength(output.summary)).toBeLessThan(60_000);
      expect(detailsUrl).toMatch(/^https:\/\/referee\.example\/(submissions\/42|join)$/);
      for (const { label, description, identifier } of actions)
        expect([label.length <= 20, description.length <= 40, identifier.length <= 20]).toEqual([
          true,
          true,
          true,
        ]);
      for (const { title, message, startLine } of annotations) {
        expect(title.length).toBeLessThanOrEqual(255);
        expect(Buffer.byteLength(message)).toBeLessThan(65_536);
        expect(startLine).toBeGreaterThan(0);
      }
    }
  });

  it.each(cases)('%s begins with its verdict, and says what to do', (_name, view) => {
    for (const { output } of checksOf(view)) {
      expect(output.summary).toMatch(/^\*\*/);
      expect(output.summary.split('\n\n').length).toBeGreaterThanOrEqual(2);
    }
  });

  it.each(cases)('%s concludes as the tables of reasons say', (_name, view) => {
    const { state } = view;
    const concluded = checksOf(view).map(({ conclusion }) => conclusion);
    if (state.kind === 'decided') {
      const { imports, logits, benchmark } = state.decision.conclusions;
      expect(concluded).toEqual([imports, logits, benchmark]);
    } else if (state.kind === 'other_branch') {
      expect(concluded).toEqual([view.findings.length > 0 ? 'failure' : 'success', 'skipped', 'skipped']);
    } else if (state.kind === 'unregistered') {
      expect(concluded).toEqual(CHECK_NAMES.map((name) => INTAKE_RULES.unlinked[name]));
    } else if (state.kind === 'intake_rejected' || state.kind in INTAKE_RULES) {
      const reason = state.kind === 'intake_rejected' ? state.reason : (state.kind as IntakeReason);
      expect(concluded).toEqual(CHECK_NAMES.map((name) => INTAKE_RULES[reason][name]));
    } else expect(concluded).toEqual(['success', undefined, undefined]);
  });

  it('offers Re-run only where nothing was found out', () => {
    const offering = cases.filter(([, view]) => checksOf(view).some(({ actions }) => actions?.length));
    expect(offering.map(([name]) => name).sort()).toEqual(['decided-infra', 'decided-infra-no-result']);
  });

  it('has the names that branch protection knows', () => {
    expect(CHECK_TITLES).toEqual({
      imports: 'Quasar / imports',
      logits: 'Quasar / logits',
      benchmark: 'Quasar / benchmark',
    });
  });

  it('has a case for every reason', () => {
    const seen = new Set(
      cases.map(([, { state }]) =>
        state.kind === 'decided'
          ? state.decision.reason
          : state.kind === 'intake_rejected'
            ? state.reason
            : state.kind,
      ),
    );
    for (const reason of [...JUDGE_REASONS, ...INTAKE_REASONS, ...DECISION_REASONS])
      expect(seen).toContain(reason);
  });

  it('names the failed check wherever one did not run', () => {
    for (const [name, view] of cases)
      for (const check of checksOf(view)) {
        if (
          check.conclusion !== 'cancelled' ||
          ['superseded', 'skipped_by_message'].includes(view.state.kind)
        )
          continue;
        if (name.startsWith('decided-infra')) continue;
        expect(check.output.title).toMatch(/Quasar \/ (imports|logits|benchmark) failed/);
      }
  });
});

describe('a title of its own', () => {
  const title = (name: string, check: keyof typeof render) =>
    render[check](CASES[name] as SubmissionView).output.title;
  it('tells since when no runner is online', () => {
    expect(title('waiting-offline', 'benchmark')).toBe('No runner online since 14:02 UTC');
  });
  it('tells place and time left', () => {
    expect(title('waiting', 'benchmark')).toBe('Queued, 2nd in line, ~6 min');
  });
  it('tells figure, length, league and rank', () => {
    expect(title('decided-accepted', 'benchmark')).toBe(
      '1,235,217 tokens/s ± 0.40 % at 1,048,576 tokens (league 1M), rank 3 of 41',
    );
  });
  it('tells value against limit of the gate that fails', () => {
    expect(title('decided-op_error', 'logits')).toBe(
      'op_error: op_rel_rms on long_memory at 512: 0.318, limit ≤ 0.042',
    );
  });
});

describe('what the logits show beside the gates', () => {
  const summary = (reason: 'accepted' | 'logits', more: Partial<Result>) =>
    renderLogits(aView(decidedState(aResult(reason, more)))).output.summary;
  const logits = { model: 'qwen, read weights', meanKl: 4.24e-5, top1: 0.984 };
  it('is reported of a pass and of a failure alike', () => {
    const line =
      'Reported, not gated: logits of the language model (`qwen, read weights`), mean KL 4.2e-5, top-1 agreement 98 %.';
    expect(summary('accepted', { logits })).toContain(line);
    expect(summary('logits', { logits })).toContain(line);
  });
  it('says so where the reference has no first choice', () => {
    expect(summary('accepted', { logits: { ...logits, top1: null } })).toContain(
      'mean KL 4.2e-5, no position where the reference is decided.',
    );
  });
  it('is left out of results that do not have it', () => {
    const { logits: _, ...older } = aResult('accepted');
    expect(renderLogits(aView(decidedState(Result.parse(older)))).output.summary).not.toContain('not gated');
  });
});

describe('annotations', () => {
  it('are all there, in order, however many', () => {
    const findings = Array.from({ length: 173 }, (_, index) => ({
      ...(FINDINGS[0] as (typeof FINDINGS)[0]),
      line: index + 1,
    }));
    const { annotations, output } = renderImports(
      aView({ kind: 'intake_rejected', reason: 'forbidden_import' }, { findings }),
    );
    expect(annotations?.map(({ startLine }) => startLine)).toEqual(findings.map(({ line }) => line));
    expect(output.summary).toContain('… and 123 more, in the annotations.');
  });

  it('say rule, message and advice at path and line', () => {
    expect(renderImports(CASES.forbidden_import as SubmissionView).annotations?.[0]).toEqual({
      path: 'fla/ops/quasar/chunk.py',
      startLine: 12,
      endLine: 12,
      level: 'failure',
      title: 'forbidden-import',
      message:
        '`from ..gla import chunk_gla` imports fla.ops.gla\nGLA kernels are absent from the judged tree: write the computation in your own file.',
    });
  });

  it('belong to the imports check alone', () => {
    for (const [, view] of cases)
      for (const check of [renderLogits(view), renderBenchmark(view)])
        expect(check.annotations).toBeUndefined();
  });
});

describe('hostile text', () => {
  it('is never markup, a link, a mention or a command in any check', () => {
    for (const name of ['hostile-findings', 'hostile-result', 'hostile-yml'])
      for (const { output } of checksOf(CASES[name] as SubmissionView)) {
        const rendered = output.summary.replace(/^(`{3,})\w*\n[\s\S]*?^\1$/gm, '').replace(/`[^`\n]*`/g, '');
        expect(rendered.replace(/<\/?(details|summary)>|<br>/g, '')).not.toMatch(/[<>]/);
        expect(rendered).not.toMatch(/@(?!&#8203;)/);
        expect(rendered.match(/\]\((?!https:\/\/(referee\.example|github\.com)\/)/g)).toBeNull();
        expect(output.summary).not.toMatch(/\$\(rm|; echo/);
        expect(output.summary).not.toMatch(/(?!\n)\p{Cc}|\p{Cf}/u);
      }
  });

  it('of a megabyte everywhere still makes a report that fits', () => {
    const huge = NASTY.repeat(2_000);
    const result = aResult('op_error');
    const many = Array.from({ length: 512 }, () => ({
      ...(result.gates[0] as (typeof result.gates)[0]),
      name: NASTY.slice(0, 80),
      pass: false,
    }));
    const views: SubmissionView[] = [
      aView(
        decidedState({
          ...result,
          gates: many,
          verdict: { ...result.verdict, detail: huge },
          untrusted: { log: huge, more: huge },
        }),
        {
          ignoredPaths: Array.from({ length: 1_000 }, () => huge),
          warnings: Array.from({ length: 50 }, () => ({ line: 1, why: huge, mend: huge })),
        },
      ),
      aView(
        { kind: 'intake_rejected', reason: 'bad_file' },
        {
          findings: Array.from({ length: 1_000 }, () => ({
            rule: huge,
            file: huge,
            line: 1,
            column: 1,
            message: huge,
            advice: huge,
          })),
        },
      ),
      aView({
        kind: 'unlinked',
        problems: Array.from({ length: 1_000 }, () => ({ line: 1, why: huge, mend: huge })),
      }),
      aView({ kind: 'other_branch', branch: huge, judgedBranch: huge }),
    ];
    for (const { output, annotations = [] } of views.flatMap(checksOf)) {
      expect(Buffer.byteLength(output.summary)).toBeLessThanOrEqual(60_000);
      expect(output.title.length).toBeLessThanOrEqual(255);
      for (const { message, title, path } of annotations)
        expect([Buffer.byteLength(message) < 65_536, title.length <= 255, path.length <= 255]).toEqual([
          true,
          true,
          true,
        ]);
    }
  });
});

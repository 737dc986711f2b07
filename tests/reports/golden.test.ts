import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { CheckRunState } from '../../app/github/github.ts';
import { renderBenchmark } from '../../app/reports/benchmark.ts';
import { renderImports } from '../../app/reports/imports.ts';
import { renderLogits } from '../../app/reports/logits.ts';
import { CHECK_TITLES } from '../../app/reports/output.ts';
import type { SubmissionView } from '../../app/reports/view.ts';
import { CASES } from './cases.ts';

const DIR = fileURLToPath(new URL('../golden/reports/', import.meta.url));

function page(view: SubmissionView): string {
  const checks: [string, CheckRunState][] = [
    [CHECK_TITLES.imports, renderImports(view)],
    [CHECK_TITLES.logits, renderLogits(view)],
    [CHECK_TITLES.benchmark, renderBenchmark(view)],
  ];
  return checks.map(([name, state]) => section(name, state)).join('\n');
}

function section(
  name: string,
  { status, conclusion, output, annotations, actions, detailsUrl }: CheckRunState,
): string {
  const facts = [
    `${status}${conclusion === undefined ? '' : ` · ${conclusion}`}`,
    `title: ${output.title}`,
    `details: ${detailsUrl}`,
    ...(actions ?? []).map(({ label, identifier }) => `button: ${label} (${identifier})`),
    ...(annotations ?? []).map((annotation) => `annotation: ${JSON.stringify(annotation)}`),
  ];
  return `# ${name}\n\n\`\`\`\`\`\`\`\`\`\`\`\`\n${facts.join('\n')}\n\`\`\`\`\`\`\`\`\`\`\`\`\n\n${output.summary}\n`;
}

describe('golden reports', () => {
  it.each(Object.keys(CASES))('%s reads as recorded (UPDATE_GOLDEN=1 records it anew)', (name) => {
    const file = path.join(DIR, `${name}.md`);
    const text = page(CASES[name] as SubmissionView);
    if (process.env.UPDATE_GOLDEN === '1') {
      mkdirSync(DIR, { recursive: true });
      writeFileSync(file, text);
    }
    expect(text).toBe(readFileSync(file, 'utf8'));
  });

  it('has no file without a case', () => {
    expect(readdirSync(DIR).sort()).toEqual(
      Object.keys(CASES)
        .map((name) => `${name}.md`)
        .sort(),
    );
  });
});

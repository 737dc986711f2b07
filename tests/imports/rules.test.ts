import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { IMPORT_REASONS, reasonOf } from '../../app/imports/findings.ts';
import { RULES, type RuleId } from '../../app/imports/rules.ts';

it('documents every rule, and no other', () => {
  const readme = readFileSync(new URL('../../app/imports/README.md', import.meta.url), 'utf8');
  const documented = [...readme.matchAll(/^\| `([a-z-]+)` *\| (\w+) *\| (.+?) *\|$/gm)].map(
    ([, ...cells]) => cells,
  );
  expect(documented).toEqual(Object.entries(RULES).map(([id, { reason, meaning }]) => [id, reason, meaning]));
});

it('names the submission by the first reason that was found', () => {
  const aFinding = (rule: RuleId) => ({ rule, file: 'a.py', line: 1, column: 1, message: '', advice: '' });
  expect(reasonOf([])).toBeNull();
  expect(
    reasonOf([
      aFinding('star-import'),
      aFinding('missing-import'),
      aFinding('syntax'),
      aFinding('file-mode'),
    ]),
  ).toBe('bad_file');
  expect(reasonOf([aFinding('star-import'), aFinding('missing-import')])).toBe('missing_import');
  expect(IMPORT_REASONS).toEqual(['bad_file', 'syntax_error', 'missing_import', 'forbidden_import']);
});

/** Inputs made to exhaust a parser, a rule or a reader: an answer always comes, and soon. */
import { describe, expect, it } from 'vitest';
import { MAX_FILE_BYTES } from '../../app/imports/files.ts';
import { reasonOf } from '../../app/imports/findings.ts';
import { judgeCode, judgeFiles, policy, REQUIRED, rulesOf, task } from './judging.ts';

const filled = (unit: string): string => unit.repeat(Math.floor((MAX_FILE_BYTES - 1000) / unit.length));

/** Generous, and of this process's own time: the machine that runs this may be busy with other things. */
const SOON_MS = 5000;

describe('a file of 256 KiB', () => {
  it.each<[string, string]>([
    ['imports that are refused', filled('import os\n')],
    ['imports that are allowed', filled('import torch\n')],
    ['statements', filled('a;')],
    ['closing brackets', filled(')')],
    ['opening brackets', filled('(')],
    ['balanced brackets', `${'('.repeat(130_000)}${')'.repeat(130_000)}`],
    ['syntax errors', filled('x = = 1\n')],
    ['strings in a row', filled('"a" ')],
    ['f-strings in a row', filled('f"{x:{y}}" ')],
    ['docstrings', filled('"""a"""\n')],
    ['one list', `x = [${filled('1,')}]`],
    ['one sum', `x = a${filled('+a')}`],
    ['one chain of attributes', `x = torch${filled('.a')}`],
    ['not', `x = ${filled('not ')}1`],
    ['lambdas', `x = ${filled('lambda:')}1`],
    ['elif', `if a: pass\n${filled('elif a: pass\n')}`],
    ['rebinding', filled('t = torch.a\nt.os\n')],
    [
      'aliases backwards',
      `${Array.from({ length: 9000 }, (_, at) => `a${at} = a${at + 1}\n`).join('')}a9000 = torch\n`,
    ],
    ['blanks', `${' '.repeat(MAX_FILE_BYTES - 1000)}x`],
    ['a name', `${'x'.repeat(MAX_FILE_BYTES - 1000)} = 1`],
    ['functions', filled('def f(): pass\n')],
    ['continued lines', filled('\\\n')],
    ['cases', `match x:\n${filled(' case 1: pass\n')}`],
    ['decorators', `${filled('@a\n')}def f(): pass\n`],
    ['modules passed on', filled('f(torch)\n')],
  ])('%s', (_, text) => {
    const started = process.cpuUsage();
    const findings = policy.judge([{ path: task.targetFiles[0] as string, text }], task);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1_000).toBeLessThan(SOON_MS);
    expect(findings.length).toBeLessThanOrEqual(1000);
  });
});

describe('many findings', () => {
  it('end with one that says so', () => {
    const findings = judgeCode('import os\n'.repeat(5000));
    expect(findings).toHaveLength(1000);
    expect(findings.at(-1)?.rule).toBe('too-many-findings');
  });

  it('keep the reason of the whole', () => {
    const findings = judgeFiles({ chunk: `${REQUIRED}${'import os\n'.repeat(5000)}`, gate: 'x = = 1' });
    expect(findings).toHaveLength(1000);
    expect(reasonOf(findings)).toBe('syntax_error');
  });
});

describe('what tools read differently', () => {
  it.each<[string, string, string]>([
    ['a homoglyph of a module', 'import t\u043erch', 'non-ascii-code'],
    ['a mathematical letter, which Python folds', '\ud835\udc52val("x")', 'non-ascii-code'],
    ['a letter that folds, in an f-string', 'f"{\u212fval(x)}"', 'non-ascii-code'],
    ['a no-break space', 'x\u00a0= 1', 'non-ascii-code'],
    ['another encoding', '# coding: utf-7', 'file-encoding'],
    ['noqa on an error', 'break  # noqa', 'syntax'],
    ['noqa for the file', '# ruff: noqa\nreturn 1', 'syntax'],
    ['tabs behind spaces', 'if x:\n       \ty = 1\n', 'unclear-layout'],
    ['split indentation', 'if x:\n  \\\n  y = 1\n', 'unclear-layout'],
    ['newer Python', 'type X = int', 'syntax'],
    ['type parameters', 'def f[T](x: T): pass', 'syntax'],
    ['nested quotes in an f-string', "f'{a['b']}'", 'syntax'],
    ['star-except', 'try: pass\nexcept* E: pass', 'syntax'],
    ['a changed grammar', 'x = 1', 'syntax'],
  ])('%s', (name, code, rule) => {
    const first = name === 'a changed grammar' ? 'from __future__ import barry_as_FLUFL\n' : '';
    const chunk = name === 'another encoding' ? `${code}\n${REQUIRED}` : `${first}${REQUIRED}${code}\n`;
    expect(rulesOf(judgeFiles({ chunk }))).toContain(rule);
  });
});

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { CommandError, UsageError } from '../../app/cli/io.ts';
import { verifyArguments } from '../../app/cli/verify.ts';
import { aFolder } from './io.ts';

function aRecord(content: string): { cwd: string; file: string } {
  const cwd = aFolder();
  const file = path.join(cwd, 'result.json');
  writeFileSync(file, content);
  return { cwd, file };
}

describe('verify', () => {
  it('makes paths absolute and passes everything else on', () => {
    const { cwd, file } = aRecord('{"task": {"name": "quasar"}}');
    expect(
      verifyArguments(['result.json', '--path', 'fork', '--device', 'cpu', '--json'], cwd, '/checkout'),
    ).toEqual([file, '--path', path.join(cwd, 'fork'), '--device', 'cpu', '--json']);
    expect(verifyArguments(['--device', 'cuda', 'result.json'], cwd, '/checkout')).toEqual([
      ...['--device', 'cuda', file],
    ]);
  });

  it("names the miniature upstream for a record of the demo's task, unless another is given", () => {
    const { cwd, file } = aRecord('{"task": {"name": "quasar_demo"}}');
    expect(verifyArguments(['result.json'], cwd, '/checkout')).toEqual([
      ...[file, '--upstream', '/checkout/tests/fixtures/upstream'],
    ]);
    expect(verifyArguments(['result.json', '--upstream=up'], cwd, '/checkout')).toEqual([
      ...[file, '--upstream', path.join(cwd, 'up')],
    ]);
  });

  it.each(['', '{', 'null', '[]', '{"task": 1}', '{"task": null}', '{"task": {"name": 7}}'])(
    'leaves it to the judge to say what is wrong with the record %j',
    (content) => {
      const { cwd, file } = aRecord(content);
      expect(verifyArguments(['result.json'], cwd, '/checkout')).toEqual([file]);
    },
  );

  it('asks for one record, which is there', () => {
    const { cwd } = aRecord('{}');
    mkdirSync(path.join(cwd, 'folder'));
    expect(() => verifyArguments([], cwd, '/checkout')).toThrow(UsageError);
    expect(() => verifyArguments(['--device', 'cpu'], cwd, '/checkout')).toThrow(UsageError);
    expect(() => verifyArguments(['result.json', 'other.json'], cwd, '/checkout')).toThrow(/one RESULT.json/);
    for (const absent of ['none.json', 'folder'])
      expect(() => verifyArguments([absent], cwd, '/checkout')).toThrow(CommandError);
  });
});

import { describe, expect, it } from 'vitest';
import { benchArguments, benchCommand } from '../../app/cli/bench.ts';
import { CommandError } from '../../app/cli/io.ts';
import { anIo } from './io.ts';

const args = (...argv: string[]) => benchArguments(argv, '/home/me', '/checkout');

describe('bench', () => {
  it('makes paths absolute and passes everything else on', () => {
    expect(args('--path', 'fork', '--seq-len', '512', '1024', '--device', 'cpu', '--json')).toEqual([
      ...['--path', '/home/me/fork', '--seq-len', '512', '1024', '--device', 'cpu', '--json'],
    ]);
  });

  it('takes --repo-path and the = form', () => {
    expect(args('--repo-path=fork')).toEqual(['--path', '/home/me/fork']);
  });

  it("names the miniature upstream for the demo's task, unless another is given", () => {
    expect(args('--path', '/x', '--task', 'quasar_demo')).toEqual([
      ...['--path', '/x', '--task', 'quasar_demo', '--upstream', '/checkout/tests/fixtures/upstream'],
    ]);
    expect(args('--path', '/x', '--task=quasar_demo', '--upstream', 'up')).toEqual([
      ...['--path', '/x', '--task', 'quasar_demo', '--upstream', '/home/me/up'],
    ]);
  });

  it('makes the folder of a profile and the file of a result absolute', () => {
    expect(args('--path', '/x', '--profile', 'p', '--out=r.json', '--no-sandbox')).toEqual([
      ...['--path', '/x', '--profile', '/home/me/p', '--out', '/home/me/r.json', '--no-sandbox'],
    ]);
  });

  it('asks for a path', () => {
    expect(() => args('--json')).toThrow(/--path DIR is needed/);
    expect(() => args('--path')).toThrow(/--path needs a value/);
  });

  it.each([
    [['--path', '/absent'], /no folder \/absent/],
    [['--path', '/', '--task', 'nope'], /no task nope here/],
  ])('refuses %j as wrong use, before Python is asked', async (argv, why) => {
    const error = await benchCommand(argv, anIo()).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(CommandError);
    expect([error.exitCode, error.message]).toEqual([2, expect.stringMatching(why)]);
  });
});

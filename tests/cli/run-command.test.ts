import { describe, expect, it } from 'vitest';
import { type Command, CommandError, UsageError } from '../../app/cli/io.ts';
import { program } from '../../app/cli/main.ts';
import { runCommand } from '../../app/cli/run-command.ts';
import { anIo } from './io.ts';

const withCommand = (command: Command) => ({
  name: 'prog',
  version: '1.2.3',
  commands: { go: { summary: 'goes', help: 'usage: go', load: async () => command } },
});
const run = async (argv: string[], command: Command = async () => 0) => {
  const io = anIo();
  const code = await runCommand(withCommand(command), argv, io);
  return { code, out: io.printed(), err: io.said() };
};

describe('the command line', () => {
  it('answers --version and --help', async () => {
    expect(await run(['--version'])).toEqual({ code: 0, out: '1.2.3\n', err: '' });
    expect((await run(['--help'])).out).toContain('go  goes');
    expect(await run(['go', '--help'])).toEqual({ code: 0, out: 'usage: go\n', err: '' });
  });

  it('exits 2 with help when no command or an unknown one is given', async () => {
    expect(await run([])).toMatchObject({ code: 2, out: '' });
    const unknown = await run(['toString']);
    expect(unknown).toMatchObject({ code: 2, out: '' });
    expect(unknown.err).toContain('there is no command "toString"');
  });

  it('passes the exit code of the command on', async () => {
    expect((await run(['go'], async () => 3)).code).toBe(3);
  });

  it('leaves --help behind -- to the command', async () => {
    const seen: (readonly string[])[] = [];
    await run(['go', '--', '--help'], async (argv) => seen.push(argv));
    expect(seen).toEqual([['--', '--help']]);
  });

  it('turns wrong use into exit 2 with the usage, and an obstacle into its message', async () => {
    const wrong: Command = async () => {
      throw new UsageError('say more');
    };
    const fails = async () => wrong;
    const usage = await run(['go'], wrong);
    expect(usage).toEqual({ code: 2, out: '', err: 'prog go: say more\n\nusage: go\n' });
    const long = { summary: 'goes', help: 'usage: go\n\nA page of it.\n', load: fails };
    const io = anIo();
    await runCommand({ name: 'prog', version: '1', commands: { go: long } }, ['go'], io);
    expect(io.said()).toBe('prog go: say more\n\nusage: go\n\nprog go --help says more.\n');
    const obstacle = await run(['go'], async () => {
      throw new CommandError('do this', 5);
    });
    expect(obstacle).toEqual({ code: 5, out: '', err: 'prog go: do this\n' });
  });

  it('shows what would steer the terminal, and cuts what is long', async () => {
    const { err } = await run(['go'], async () => {
      throw new CommandError(`it says \u001b[2J\u009b31m\u202e\nand ${'more '.repeat(2_000)}`);
    });
    expect(err).toContain('it says ␛[2J<U+009B>31m<U+202E>\nand more');
    expect(err.length).toBeLessThan(4_100);
  });

  it('does not swallow a fault of ours', async () => {
    const fault = run(['go'], async () => {
      throw new TypeError('bug');
    });
    await expect(fault).rejects.toThrow('bug');
  });

  it('every command of the checkout answers --help with its usage, and loads', async () => {
    for (const [name, entry] of Object.entries(program().commands)) {
      const io = anIo();
      expect(await runCommand(program(), [name, '--help'], io)).toBe(0);
      expect(io.printed()).toMatch(new RegExp(`^usage: .*\\b${name}\\b`, 'i'));
      expect(await entry.load()).toBeTypeOf('function');
    }
  });

  it('exits 2 for an unknown option of a real command', async () => {
    const io = anIo();
    expect(await runCommand(program(), ['link', '--nonsense'], io)).toBe(2);
    expect(io.said()).toContain('usage: link');
  });
});

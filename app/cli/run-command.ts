/** Finds the command that is meant, runs it, and turns what it throws into a message and an exit code. */
import { cap, visible } from '../reports/escape.ts';
import { type Command, CommandError, type Io, UsageError } from './io.ts';

export interface CommandEntry {
  /** One line for the list. */
  readonly summary: string;
  /** The whole help of the command. */
  readonly help: string;
  /** Loaded when it runs: `link` need not load the bundler. */
  readonly load: () => Promise<Command>;
}

export interface Program {
  /** As the person types it: `quasar-referee`, or `node cli.mjs`. */
  readonly name: string;
  readonly version: string;
  readonly commands: Readonly<Record<string, CommandEntry>>;
}

/** Never throws for wrong use or a known obstacle; returns the exit code. A fault of ours keeps its stack. */
export async function runCommand(program: Program, argv: readonly string[], io: Io): Promise<number> {
  const [first, ...rest] = argv;
  if (first === '--version' || first === '-V') {
    io.out(`${program.version}\n`);
    return 0;
  }
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') {
    const text = overview(program);
    if (first === undefined) io.err(text);
    else io.out(text);
    return first === undefined ? 2 : 0;
  }
  const entry = Object.hasOwn(program.commands, first) ? program.commands[first] : undefined;
  if (entry === undefined) {
    io.err(
      `${program.name}: there is no command ${JSON.stringify(first.slice(0, 40))}\n\n${overview(program)}`,
    );
    return 2;
  }
  const options = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (options.includes('--help') || options.includes('-h')) {
    io.out(`${entry.help.trimEnd()}\n`);
    return 0;
  }
  try {
    const command = await entry.load();
    return await command(rest, io);
  } catch (error) {
    if (isUsage(error)) {
      io.err(
        `${program.name} ${first}: ${said(error as Error)}\n${usageOf(entry, `${program.name} ${first}`)}`,
      );
      return 2;
    }
    if (error instanceof CommandError) {
      io.err(`${program.name} ${first}: ${said(error)}\n`);
      return error.exitCode;
    }
    throw error;
  }
}

/** The whole help would push the message out of the window. */
function usageOf({ help }: CommandEntry, command: string): string {
  const [usage = '', ...more] = help.trimEnd().split('\n\n');
  if (usage === '') return '';
  return more.length === 0 ? `\n${usage}\n` : `\n${usage}\n\n${command} --help says more.\n`;
}

/** A message may quote what was typed or what a server said, however long, and with sequences that steer a terminal. */
function said({ message }: Error): string {
  return visible(cap(message, 4_000));
}

/** Ours, and those of `node:util` parseArgs. */
function isUsage(error: unknown): boolean {
  return (
    error instanceof UsageError || String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS')
  );
}

function overview({ name, version, commands }: Program): string {
  const width = Math.max(...Object.keys(commands).map((command) => command.length));
  const list = Object.entries(commands).map(
    ([command, { summary }]) => `  ${command.padEnd(width)}  ${summary}`,
  );
  return `Quasar Referee ${version}\n\nusage: ${name} COMMAND [OPTION …]\n\n${list.join('\n')}\n\n${name} COMMAND --help says more.\n`;
}

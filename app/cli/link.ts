/** `link`: proves that a hotkey owns a fork, by a signature in its quasar.yml. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { stringToU8a, u8aToHex } from '@polkadot/util';
import { openKeyfile } from '../chain/keyfile.ts';
import { KeyfileError, type KeyfileErrorCode } from '../chain/keyfile-error.ts';
import type { HotkeyPair } from '../chain/keyfile-pair.ts';
import { linkMessage, parseHotkey, verifyLink } from '../miners/link.ts';
import { parseQuasarYml } from '../miners/quasar-yml.ts';
import { CommandError, type Io, UsageError } from './io.ts';
import { fetchRepository } from './referee.ts';
import { updateYml } from './update-yml.ts';

export const LINK_HELP = `usage: link --repo OWNER/NAME --referee URL
            (--hotkey-file FILE [--password-file FILE] | --hotkey SS58 [--signature HEX|-])
            (--print | --write [--path DIR] [--task NAME] [--target-length N] [--branch NAME] [--claim N])

Links your hotkey to your fork: signs one line of text and writes quasar.yml, which you then commit and push.

  --hotkey-file FILE    your hotkey's file (~/.bittensor/wallets/NAME/hotkeys/HOTKEY); it is read, and sent nowhere
  --password-file FILE  the password of an encrypted hotkey file; opening one takes seconds and 512 MiB
  --hotkey SS58         your hotkey's address, when the signature is made elsewhere
  --signature HEX       that signature (64 bytes, sr25519); - reads it from standard input
  --repo OWNER/NAME     your fork on GitHub; the App must be installed on it
  --referee URL         address of the Referee
  --print               print the exact text to sign, and nothing else
  --write               write or update quasar.yml; comments and other lines stay
  --path DIR            checkout that holds quasar.yml (default: this directory)
  --task NAME           task to enter (default: what quasar.yml says, else the Referee's first)
  --target-length N     sequence length to be ranked at; needed unless quasar.yml says it
  --branch NAME         branch that is judged (default: the repository's default branch)
  --claim N             tokens per second that you claim (optional: a claim missed by 10 % scores 0)

Without the key on this machine:
  link --print --hotkey SS58 --repo … --referee …      then sign that text where the key is, for example with
  btcli wallet sign --use-hotkey --message 'TEXT'      and bring the signature back, which is no secret:
  link --write --hotkey SS58 --signature HEX --repo … --referee … --target-length N
`;

export async function linkCommand(argv: readonly string[], io: Io): Promise<number> {
  const { values: options } = parseArgs({
    args: [...argv],
    options: {
      'hotkey-file': { type: 'string' },
      'password-file': { type: 'string' },
      hotkey: { type: 'string' },
      signature: { type: 'string' },
      repo: { type: 'string' },
      referee: { type: 'string' },
      'target-length': { type: 'string' },
      task: { type: 'string' },
      branch: { type: 'string' },
      claim: { type: 'string' },
      path: { type: 'string' },
      print: { type: 'boolean' },
      write: { type: 'boolean' },
    },
  });
  if (options.print === options.write) throw new UsageError('give either --print or --write');
  if (!options.repo || !options.referee) throw new UsageError('--repo and --referee are needed');
  const signer = await readSigner(options, io);
  const repository = await fetchRepository(io, options.referee, options.repo);
  const subject = { ...repository, hotkey: signer.hotkey };
  if (options.print) {
    io.out(`${linkMessage(subject)}\n`);
    return 0;
  }

  const signature = signer.pair
    ? u8aToHex(signer.pair.sign(stringToU8a(linkMessage(subject))))
    : await readSignature(options.signature, io);
  const check = verifyLink({ ...subject, signature });
  if (!check.ok) throw new CommandError(`the signature is refused: ${check.why}; ${check.mend}`);

  const file = path.join(path.resolve(io.cwd, options.path ?? '.'), 'quasar.yml');
  const before = readIfThere(file);
  const saysTask = /^task\s*:/m.test(before ?? '');
  const updated = updateYml(before, {
    task: options.task ?? (saysTask ? undefined : repository.tasks[0]?.name),
    hotkey: signer.hotkey,
    branch: options.branch,
    target_sequence_length: options['target-length'],
    claimed_tokens_per_sec: options.claim,
    signature,
  });
  const tasks = new Map(repository.tasks.map((task) => [task.name, task]));
  const parsed = parseQuasarYml(updated, tasks);
  if (!parsed.ok) {
    const problems = parsed.problems.map(
      ({ key, line, why, mend }) =>
        `  ${OPTION_OF[key ?? ''] ?? `line ${line} of quasar.yml`}: ${why}; ${mend}`,
    );
    throw new CommandError(`quasar.yml was not written, it would be wrong:\n${problems.join('\n')}`, 2);
  }
  writeWhole(file, updated);
  io.err(
    `${file}: hotkey ${signer.hotkey} linked to ${options.repo} (repository ${repository.repoId}, owner ${repository.ownerId}) ` +
      `on ${repository.network}, netuid ${repository.netuid}\n` +
      `Commit and push it to ${parsed.value.branch ?? repository.defaultBranch}.\n`,
  );
  return 0;
}

/** The option that sets a key of quasar.yml. */
const OPTION_OF: Readonly<Record<string, string>> = {
  task: '--task',
  branch: '--branch',
  target_sequence_length: '--target-length',
  claimed_tokens_per_sec: '--claim',
};

interface SignerOptions {
  readonly 'hotkey-file'?: string;
  readonly 'password-file'?: string;
  readonly hotkey?: string;
}

async function readSigner(options: SignerOptions, io: Io): Promise<{ hotkey: string; pair?: HotkeyPair }> {
  const { 'hotkey-file': file, 'password-file': passwordFile, hotkey } = options;
  if ((file === undefined) === (hotkey === undefined))
    throw new UsageError('give either --hotkey-file or --hotkey');
  if (file !== undefined) {
    const pair = await openHotkey(path.resolve(io.cwd, file), passwordFile, io);
    return { hotkey: pair.hotkey, pair };
  }
  if (passwordFile !== undefined) throw new UsageError('--password-file belongs to --hotkey-file');
  const parsed = parseHotkey(hotkey ?? '');
  if (!parsed.ok) throw new UsageError(`--hotkey: ${parsed.why}`);
  return { hotkey: parsed.hotkey };
}

/** What is wrong with the file may have another way out than to mend it. */
const WITHOUT_THE_FILE: readonly KeyfileErrorCode[] = [
  'password_missing',
  'unsupported_encryption',
  'no_secret',
];
const ELSEWHERE =
  'run `link --print --hotkey SS58 …`, sign that text with your wallet, and give the signature with --signature';

async function openHotkey(file: string, passwordFile: string | undefined, io: Io): Promise<HotkeyPair> {
  try {
    return await openKeyfile(file, passwordFile === undefined ? null : path.resolve(io.cwd, passwordFile));
  } catch (error) {
    if (!(error instanceof KeyfileError)) throw error;
    const more = WITHOUT_THE_FILE.includes(error.code) ? `; or ${ELSEWHERE}` : '';
    throw new CommandError(`${error.userMessage}${more}`, 2);
  }
}

async function readSignature(option: string | undefined, io: Io): Promise<string> {
  if (option === undefined)
    throw new UsageError('--write needs --hotkey-file, or --signature over the text that --print shows');
  return option === '-' ? (await text(io.stdin)).trim() : option;
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new CommandError(`cannot read ${file}: ${(error as Error).message}`, 2);
  }
}

function writeWhole(file: string, content: string): void {
  try {
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw new CommandError(`cannot write ${file}: ${(error as Error).message}`, 2);
  }
}

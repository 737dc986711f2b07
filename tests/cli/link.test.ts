import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringToU8a, u8aToHex } from '@polkadot/util';
import { mnemonicToMiniSecret } from '@polkadot/util-crypto/mnemonic';
import { sr25519PairFromSeed, sr25519Sign } from '@polkadot/util-crypto/sr25519';
import { describe, expect, it } from 'vitest';
import { linkCommand } from '../../app/cli/link.ts';
import { hotkeyOf, linkMessage, signLink, verifyLink } from '../../app/miners/link.ts';
import { parseQuasarYml } from '../../app/miners/quasar-yml.ts';
import { LOCKED, PASSWORD } from '../chain/keyfile-vectors.ts';
import { aFolder, anIo } from './io.ts';

const phrase = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk';
const miniSecret = mnemonicToMiniSecret(phrase);
const { hotkey, publicKey } = hotkeyOf(miniSecret);
const repository = {
  network: 'finney',
  netuid: 24,
  repoId: 1001,
  ownerId: 2002,
  defaultBranch: 'main',
  tasks: [
    { name: 'quasar', targetLengths: { min: 100_000, max: 1_048_576 } },
    { name: 'other', targetLengths: { min: 512, max: 1_024 } },
  ],
  more: 1,
};
const subject = { network: 'finney', netuid: 24, repoId: 1001, ownerId: 2002, hotkey };
const REPO = ['--repo', 'alice/fork', '--referee', 'https://referee.example'];

const answering = (status: number, body: unknown) => {
  const asked: string[] = [];
  const fetch = async (url: string | URL | Request) => {
    asked.push(String(url));
    return new Response(JSON.stringify(body), { status });
  };
  return { asked, fetch: fetch as typeof globalThis.fetch };
};
const aSecretFile = (content: string | Uint8Array, mode = 0o600): string => {
  const file = path.join(aFolder(), 'secret');
  writeFileSync(file, content, { mode });
  return file;
};
const aHotkeyFile = (): string => {
  const [key, secretSeed] = [u8aToHex(publicKey), u8aToHex(miniSecret)];
  const content = { accountId: key, publicKey: key, secretPhrase: phrase, secretSeed, ss58Address: hotkey };
  return aSecretFile(JSON.stringify(content));
};
const ymlOf = (folder: string) => readFileSync(path.join(folder, 'quasar.yml'), 'utf8');

describe('link --print', () => {
  it('prints exactly the message to sign, for a key that is elsewhere', async () => {
    const app = answering(200, repository);
    const io = anIo({ fetch: app.fetch });
    expect(await linkCommand(['--print', '--hotkey', hotkey, ...REPO], io)).toBe(0);
    expect(io.printed()).toBe(`${linkMessage(subject)}\n`);
    expect(app.asked).toEqual(['https://referee.example/api/v1/repos/alice/fork']);
  });
});

describe('link --write', () => {
  it('signs with the hotkey file and writes a quasar.yml that the App accepts', async () => {
    const folder = aFolder();
    const io = anIo({ cwd: folder, fetch: answering(200, repository).fetch });
    const args = [
      '--write',
      '--hotkey-file',
      aHotkeyFile(),
      '--target-length',
      '100000',
      '--claim',
      '1234.5',
      ...REPO,
    ];
    expect(await linkCommand(args, io)).toBe(0);
    const parsed = parseQuasarYml(ymlOf(folder));
    if (!parsed.ok) throw new Error('refused');
    expect(parsed.value).toMatchObject({
      task: 'quasar',
      hotkey,
      targetSequenceLength: 100_000,
      claimedTokensPerSec: 1234.5,
    });
    expect(verifyLink({ ...subject, signature: parsed.value.signature })).toMatchObject({ ok: true });
    expect(readdirSync(folder)).toEqual(['quasar.yml']);
    expect(io.printed() + io.said() + ymlOf(folder)).not.toMatch(
      new RegExp(`bottom|${u8aToHex(miniSecret).slice(2)}`),
    );
  });

  it('takes a signature from elsewhere on stdin, wrapped as wallets do', async () => {
    const signature = u8aToHex(
      sr25519Sign(stringToU8a(`<Bytes>${linkMessage(subject)}</Bytes>`), sr25519PairFromSeed(miniSecret)),
    );
    const folder = aFolder();
    const io = anIo({ cwd: folder, fetch: answering(200, repository).fetch, stdinText: `${signature}\n` });
    const args = ['--write', '--hotkey', hotkey, '--signature', '-', '--target-length', '100000', ...REPO];
    expect(await linkCommand(args, io)).toBe(0);
    expect(ymlOf(folder)).toContain(`signature: ${signature}`);
  });

  it('updates a file in place: comments, other keys and old values stay', async () => {
    const folder = aFolder();
    writeFileSync(
      path.join(folder, 'quasar.yml'),
      '# my fork\nhotkey: old # cold key is elsewhere\n\n# the long league\ntarget_sequence_length: 500000\nmine: yes\nsignature: "0x00"\n',
    );
    const io = anIo({ cwd: folder, fetch: answering(200, repository).fetch });
    expect(
      await linkCommand(['--write', '--hotkey-file', aHotkeyFile(), '--branch', 'fast', ...REPO], io),
    ).toBe(0);
    const text = ymlOf(folder);
    expect(text).toContain('# my fork\n');
    expect(text).toContain(`hotkey: ${hotkey} # cold key is elsewhere\n`);
    expect(text).toContain('# the long league\ntarget_sequence_length: 500000\nmine: yes\nsignature: 0x');
    expect(text).toContain('branch: fast\n');
    expect(io.said()).toContain('push it to fast');
  });

  it.each([
    ['no target length anywhere', [], /--target-length: the key target_sequence_length is missing/],
    ['a task that the Referee lacks', ['--task', 'quasr', '--target-length', '100000'], /no task quasr/],
    ["a length outside the task's", ['--target-length', '1024'], /--target-length: 1024 is outside/],
    ['a wrong length', ['--target-length', 'many'], /not a number in plain digits/],
    ['a wrong branch', ['--target-length', '100000', '--branch', 'a..b'], /name of a branch/],
  ])('writes nothing with %s', async (_name, more, why) => {
    const folder = aFolder();
    const io = anIo({ cwd: folder, fetch: answering(200, repository).fetch });
    await expect(
      linkCommand(['--write', '--hotkey-file', aHotkeyFile(), ...more, ...REPO], io),
    ).rejects.toThrow(why);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses a signature made for another repository', async () => {
    const signature = signLink({ ...subject, repoId: 9 }, miniSecret);
    const io = anIo({ fetch: answering(200, repository).fetch });
    const args = [
      '--write',
      '--hotkey',
      hotkey,
      '--signature',
      signature,
      '--target-length',
      '100000',
      ...REPO,
    ];
    await expect(linkCommand(args, io)).rejects.toThrow(/another repository/);
  });

  it('leaves a quasar.yml alone that it cannot read', async () => {
    const folder = aFolder();
    writeFileSync(path.join(folder, 'quasar.yml'), 'a: [\n');
    const io = anIo({ cwd: folder, fetch: answering(200, repository).fetch });
    const args = ['--write', '--hotkey-file', aHotkeyFile(), '--target-length', '100000', ...REPO];
    await expect(linkCommand(args, io)).rejects.toThrow(/not valid YAML/);
    expect(ymlOf(folder)).toBe('a: [\n');
  });
});

describe('the task', () => {
  const write = async (before: string, ...more: string[]) => {
    const folder = aFolder();
    if (before !== '') writeFileSync(path.join(folder, 'quasar.yml'), before);
    const [quasar, other] = repository.tasks;
    const fetch = answering(200, { ...repository, tasks: [other, quasar] }).fetch;
    const args = ['--write', '--hotkey-file', aHotkeyFile(), ...more, ...REPO];
    await linkCommand(args, anIo({ cwd: folder, fetch }));
    return ymlOf(folder);
  };

  it("is the Referee's first where nobody says another", async () => {
    expect(await write('', '--target-length', '1024')).toContain('task: other\n');
  });

  it('stays what quasar.yml says', async () => {
    expect(await write('task: quasar\n', '--target-length', '100000')).toContain('task: quasar\n');
  });
});

describe('the Referee behind --referee', () => {
  it.each([
    [404, { error: { code: 'not_installed', message: 'install the App' } }, /404: install the App/],
    [502, 'bad gateway', /502: no reason given/],
    [200, { network: 'finney' }, /does not answer like a Quasar Referee/],
  ])('answering %s is told to the person', async (status, body, why) => {
    const io = anIo({ fetch: answering(status, body).fetch });
    await expect(linkCommand(['--print', '--hotkey', hotkey, ...REPO], io)).rejects.toThrow(why);
  });

  it('must be https: what to sign comes from there', async () => {
    const args = ['--print', '--hotkey', hotkey, '--repo', 'a/b', '--referee', 'http://referee.example'];
    await expect(linkCommand(args, anIo())).rejects.toThrow(/https is wanted/);
  });
});

describe('wrong use of link', () => {
  it.each([
    [['--print', '--write', '--hotkey', hotkey, ...REPO], /either --print or --write/],
    [['--hotkey', hotkey, ...REPO], /either --print or --write/],
    [['--print', '--hotkey', hotkey], /--repo and --referee/],
    [['--print', ...REPO], /either --hotkey-file or --hotkey/],
    [['--print', '--hotkey', '0x12', ...REPO], /public key in hex/],
    [
      ['--print', '--hotkey', hotkey, '--repo', 'a/b/c', '--referee', 'https://x.example'],
      /write owner\/name/,
    ],
  ])('%j is refused', async (args, why) => {
    await expect(linkCommand(args, anIo())).rejects.toThrow(why);
  });

  it('needs a signature to write without the key', async () => {
    const io = anIo({ fetch: answering(200, repository).fetch });
    await expect(linkCommand(['--write', '--hotkey', hotkey, ...REPO], io)).rejects.toThrow(/--signature/);
  });
});

describe('the hotkey file of link', () => {
  const printing = (...argv: string[]) => {
    const io = anIo({ fetch: answering(200, repository).fetch });
    return { io, code: linkCommand(['--print', ...REPO, ...argv], io) };
  };

  it('may be encrypted', async () => {
    const folder = aFolder();
    const io = anIo({ cwd: folder, fetch: answering(200, repository).fetch });
    const file = ['--hotkey-file', aSecretFile(LOCKED), '--password-file', aSecretFile(`${PASSWORD}\n`)];
    expect(await linkCommand(['--write', '--target-length', '100000', ...file, ...REPO], io)).toBe(0);
    const parsed = parseQuasarYml(ymlOf(folder));
    if (!parsed.ok) throw new Error('refused');
    expect(verifyLink({ ...subject, signature: parsed.value.signature })).toMatchObject({ ok: true });
  });

  it.each<[string, string[], RegExp]>([
    ['encrypted, without a password', [aSecretFile(LOCKED)], /--password-file; or run `link --print/],
    [
      'a public part',
      [aSecretFile(JSON.stringify({ ss58Address: hotkey }))],
      /no secret.*; or run `link --print/,
    ],
    ['open to others', [aSecretFile('{}', 0o644)], /chmod 600/],
    ['not JSON', [aSecretFile('{')], /not a Bittensor hotkey file/],
    ['with an empty password', [aSecretFile(LOCKED), '--password-file', aSecretFile('')], /is empty/],
  ])('is refused when it is %s', async (_, argv, message) => {
    const refused = expect(printing('--hotkey-file', ...argv).code).rejects;
    await refused.toMatchObject({
      name: 'CommandError',
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  it('is what a password is for', async () => {
    const { code } = printing('--hotkey', hotkey, '--password-file', aSecretFile(PASSWORD));
    await expect(code).rejects.toThrow(/--password-file belongs to --hotkey-file/);
  });
});

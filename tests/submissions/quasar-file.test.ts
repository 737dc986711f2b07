import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Miner, TASK, World } from './world.ts';

let world: World;
let miner: Miner;
beforeEach(async () => {
  world = await World.open();
  miner = world.miner(1);
});
afterEach(() => world.close());

const UNLINKED = { imports: 'action_required', logits: 'action_required', benchmark: 'action_required' };
const OTHER = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty';

const pushed = async (yml: string, branch = 'main') => {
  const push = world.commit(miner, 'fast = 1\n', { yml, branch });
  const outcome = await world.takeIn(push);
  await world.settle();
  return { ...push, outcome };
};
const said = (sha: string) =>
  world.github.checkRuns.find(({ headSha, name }) => headSha === sha && name === 'Quasar / imports')?.state
    .output;

/** The good file with one line replaced; what is wrong, and the line that the check-run has to name. */
const line = (key: string, text: string | null) => {
  const lines = miner.quasarYml.trimEnd().split('\n');
  const at = lines.findIndex((one) => one.startsWith(`${key}:`));
  return [...lines.slice(0, at), ...(text === null ? [] : [text]), ...lines.slice(at + 1), ''].join('\n');
};
const BROKEN: readonly [what: string, yml: () => string, line: number][] = [
  ['an unknown task', () => line('task', 'task: chess'), 1],
  ['a task that is no name', () => line('task', 'task: "../../etc"'), 1],
  ['a task that is not enabled', () => line('task', 'task: quasar'), 1],
  ['no hotkey', () => line('hotkey', null), 3],
  ['an empty hotkey', () => line('hotkey', 'hotkey:'), 2],
  ['a hotkey that is no address', () => line('hotkey', 'hotkey: mine'), 2],
  ['a hotkey with a wrong checksum', () => line('hotkey', `hotkey: ${miner.hotkey.slice(0, -1)}z`), 2],
  ["somebody else's hotkey", () => line('hotkey', `hotkey: ${OTHER}`), 4],
  ['no target length', () => line('target_sequence_length', null), 3],
  ['a target length of words', () => line('target_sequence_length', 'target_sequence_length: long'), 3],
  [
    'a target length that is a fraction',
    () => line('target_sequence_length', 'target_sequence_length: 1.5'),
    3,
  ],
  ['a target length below the limits', () => line('target_sequence_length', 'target_sequence_length: 1'), 3],
  [
    'a target length above the limits',
    () => line('target_sequence_length', 'target_sequence_length: 99999999'),
    3,
  ],
  ['a negative target length', () => line('target_sequence_length', 'target_sequence_length: -1024'), 3],
  ['a claim that is no number', () => `${miner.quasarYml}claimed_tokens_per_sec: fast\n`, 5],
  ['a claim of nothing', () => `${miner.quasarYml}claimed_tokens_per_sec: 0\n`, 5],
  ['an infinite claim', () => `${miner.quasarYml}claimed_tokens_per_sec: .inf\n`, 5],
  ['no signature', () => line('signature', null), 3],
  ['a signature that is no hex', () => line('signature', 'signature: yes'), 4],
  ['a signature that is too short', () => line('signature', 'signature: "0x1234"'), 4],
  ['a signature of something else', () => line('signature', `signature: "0x${'ab'.repeat(64)}"`), 4],
  ['a key twice', () => `${miner.quasarYml}hotkey: ${OTHER}\n`, 5],
  ['YAML that does not parse', () => `${miner.quasarYml}: [ ]]\n`, 5],
  ['a list', () => '- task\n', 1],
  ['a branch that is no branch', () => `${miner.quasarYml}branch: "a..b"\n`, 5],
  ['nothing in it', () => '', 1],
];

describe('a quasar.yml', () => {
  it.each(BROKEN)('with %s is answered with its line, and nothing is dispatched', async (_, yml, at) => {
    const { head } = await pushed(yml());
    expect(world.shown(head)).toEqual(UNLINKED);
    expect(said(head)?.title).toMatch(new RegExp(`quasar\\.yml line ${at}:`));
    expect(said(head)?.summary).toContain(`**Line ${at}:**`);
    expect(said(head)?.summary).toContain('To mend it:');
    expect(world.github.runs).toEqual([]);
    expect(await world.db('links')).toEqual([]);
  });

  it('that is 64 KiB and a byte long is not read', async () => {
    const { head } = await pushed(`${miner.quasarYml}# ${'x'.repeat(64 * 1024)}\n`);
    expect(world.shown(head)).toEqual(UNLINKED);
    expect(said(head)?.summary).toContain('larger than 64 KiB');
  });

  it.each([
    ['a symlink', '120000', 'blob'],
    ['a submodule', '160000', 'commit'],
    ['a folder', '040000', 'tree'],
  ] as const)('that is %s is not followed', async (_, mode, type) => {
    const push = world.commit(miner, 'fast = 1\n');
    const commit = world.github.commits.get(push.head);
    const bytes = new TextEncoder().encode(miner.quasarYml);
    world.github.commits.set(push.head, {
      message: 'kernel',
      files: { ...commit?.files, 'quasar.yml': { mode, type, bytes } },
    });
    await world.takeIn(push);
    await world.settle();
    expect(world.shown(push.head)).toEqual(UNLINKED);
    expect(said(push.head)?.summary).toContain('not a plain file');
  });

  it('that is not UTF-8 is refused', async () => {
    const push = world.commit(miner, 'fast = 1\n');
    const commit = world.github.commits.get(push.head);
    const bytes = new Uint8Array([...new TextEncoder().encode(miner.quasarYml), 0xff]);
    const files = { ...commit?.files, 'quasar.yml': { mode: '100644', type: 'blob' as const, bytes } };
    world.github.commits.set(push.head, { message: 'kernel', files });
    await world.takeIn(push);
    await world.settle();
    expect(world.shown(push.head)).toEqual(UNLINKED);
  });

  it('with an unknown key only warns', async () => {
    const { head } = await pushed(`${miner.quasarYml}colour: blue\n`);
    expect(world.shown(head).benchmark).toBe('success');
    expect(said(head)?.summary).toContain('colour');
  });

  it('names the branch that is judged', async () => {
    const { head } = await pushed(`${miner.quasarYml}branch: race\n`, 'race');
    expect(world.shown(head).benchmark).toBe('success');
  });

  it('that breaks on the branch that was judged is answered there, and satisfies no required check', async () => {
    await pushed(`${miner.quasarYml}branch: race\n`, 'race');
    const { head } = await pushed(line('hotkey', 'hotkey: mine'), 'race');
    expect(world.shown(head)).toEqual(UNLINKED);
    expect(said(head)?.title).toMatch(/line 2:/);
  });

  it('that breaks leaves the link as it was', async () => {
    await pushed(miner.quasarYml);
    await pushed(line('hotkey', 'hotkey: mine'));
    expect(await world.db('links').whereNull('endedAt')).toMatchObject([{ hotkey: miner.hotkey }]);
  });

  it('that is mended on the same commit message is judged', async () => {
    await pushed(line('signature', null));
    const { head } = await pushed(miner.quasarYml);
    expect(world.shown(head).benchmark).toBe('success');
    expect((await world.db('submissions').where({ headSha: head }).first()).task).toBe(TASK.name);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hotkeyOf } from '../../app/miners/link.ts';
import { type KnownTasks, parseQuasarYml } from '../../app/miners/quasar-yml.ts';

const { hotkey } = hotkeyOf(new Uint8Array(32).fill(7));
const signature = `0x${'ab'.repeat(64)}`;
const tasks: KnownTasks = new Map([['quasar', { targetLengths: { min: 100_000, max: 1_048_576 } }]]);

const lines = (overrides: Record<string, string | null> = {}): string => {
  const all: Record<string, string | null> = {
    hotkey,
    target_sequence_length: '100000',
    signature,
    ...overrides,
  };
  return Object.entries(all)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key}: ${value}\n`)
    .join('');
};
const problemsOf = (text: string | Uint8Array) => {
  const outcome = parseQuasarYml(text, tasks);
  if (outcome.ok) throw new Error('it was accepted');
  return outcome.problems;
};

describe('a good quasar.yml', () => {
  it('gives its values, the task being quasar by default', () => {
    const outcome = parseQuasarYml(`# mine\n${lines()}`, tasks);
    expect(outcome).toMatchObject({
      ok: true,
      value: { task: 'quasar', hotkey, targetSequenceLength: 100_000, signature },
      warnings: [],
      lines: { hotkey: 2, target_sequence_length: 3, signature: 4 },
    });
  });

  it('takes branch, claim, CRLF, quotes and a byte order mark', () => {
    const text = lines({ branch: '"feature/fast"', claimed_tokens_per_sec: '1234.5' }).replaceAll(
      '\n',
      '\r\n',
    );
    expect(parseQuasarYml(`\uFEFF${text}`, tasks)).toMatchObject({
      ok: true,
      value: { branch: 'feature/fast', claimedTokensPerSec: 1234.5 },
    });
  });

  it.each([
    '1234567890'.repeat(13).slice(0, 128),
    `0x${'1'.repeat(128)}`,
    `${'1'.repeat(64)}e${'1'.repeat(63)}`,
  ])('keeps a signature that YAML would read as a number: %s', (text) => {
    expect(parseQuasarYml(lines({ signature: text }), tasks)).toMatchObject({ value: { signature: text } });
  });

  it('warns of unknown keys with their line, and no more than ten', () => {
    const outcome = parseQuasarYml(`${lines()}hotkeys: x\n`, tasks);
    expect(outcome).toMatchObject({ ok: true, warnings: [{ line: 4, column: 1, key: 'hotkeys' }] });
    const many = Array.from({ length: 500 }, (_, i) => `k${i}: 1\n`).join('');
    expect(parseQuasarYml(lines() + many, tasks).warnings).toHaveLength(10);
  });
});

describe('a wrong quasar.yml', () => {
  it('has every problem reported at once, each at its line and with the way to mend it', () => {
    const problems = problemsOf(
      'hotkey: 5abc\ntarget_sequence_length: 1e6\nbranch: refs/heads/main\nclaimed_tokens_per_sec: .inf\nsignature: 12\ntask: Q\n',
    );
    expect(problems.map(({ line, column, key }) => [line, column, key])).toEqual([
      [1, 9, 'hotkey'],
      [2, 25, 'target_sequence_length'],
      [3, 9, 'branch'],
      [4, 25, 'claimed_tokens_per_sec'],
      [5, 12, 'signature'],
      [6, 7, 'task'],
    ]);
    expect(problems.every(({ why, mend }) => why !== '' && mend !== '')).toBe(true);
  });

  it.each(['hotkey', 'target_sequence_length', 'signature'])('without %s names the key', (key) => {
    expect(problemsOf(lines({ [key]: null }))).toMatchObject([{ key, why: `the key ${key} is missing` }]);
    expect(problemsOf(lines({ [key]: '' }))).toMatchObject([{ key, why: `${key} has no value` }]);
  });

  it.each([
    ['-5', /not positive/],
    ['0', /not positive/],
    ['1.5', /not a whole number/],
    ['100_000', /plain digits/],
    ['0x10', /plain digits/],
    ['NaN', /plain digits/],
    ['9'.repeat(30), /too large/],
    ['99999', /outside/],
    ['1048577', /outside/],
    ['[1]', /not a plain value/],
    ['{a: 1}', /not a plain value/],
  ])('target length %s is refused', (text, why) => {
    const problems = problemsOf(lines({ target_sequence_length: text }));
    expect(problems).toMatchObject([{ line: 2, key: 'target_sequence_length' }]);
    expect(problems[0]?.why).toMatch(why);
  });

  it.each(['-x', 'a..b', 'a b', 'a~1', 'a.lock', 'x/.y', '"a\\u202eb"', `b${'x'.repeat(300)}`, '@'])(
    'branch %s is refused',
    (branch) => {
      expect(problemsOf(lines({ branch: branch === '@' ? '"@"' : branch }))).toMatchObject([
        { key: 'branch' },
      ]);
    },
  );

  it('names the tasks there are when the task is unknown', () => {
    expect(problemsOf(lines({ task: 'other' }))).toMatchObject([
      { key: 'task', mend: 'write one of: quasar' },
    ]);
  });

  it('refuses a key that stands twice, a second document and aliases', () => {
    expect(problemsOf(`${lines()}hotkey: 5x\n`)).toMatchObject([{ line: 4, key: 'hotkey' }]);
    expect(problemsOf(`${lines()}---\n${lines()}`)).toMatchObject([{ line: 4, key: null }]);
    expect(problemsOf(`${lines({ hotkey: null })}x: &a ${hotkey}\nhotkey: *a\n`)).toMatchObject([
      { line: 4, key: 'hotkey' },
    ]);
  });

  it.each([
    ['an empty file', ''],
    ['a list', '- a'],
    ['too many bytes', `# ${'x'.repeat(70_000)}`],
    ['bytes that are no text', new Uint8Array([0xff, 0xfe, 0x00])],
    ['brackets nested 60,000 deep', '['.repeat(60_000)],
    ['mappings nested 30,000 deep', '? '.repeat(30_000)],
    ['blocks nested 300 deep', Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
    ['60,000 anchors', '&a '.repeat(20_000)],
    ['12,000 keys', Array.from({ length: 9_000 }, (_, i) => `k${i}:`).join('\n')],
  ])('%s is a few problems, found quickly', (_name, text) => {
    // this process's own time: other suites want the machine too
    const before = process.cpuUsage();
    const problems = problemsOf(text);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.length).toBeLessThanOrEqual(13);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(2_000);
  });

  it('never throws and never says ok without its three required keys', () => {
    const word = fc.constantFrom(
      ...['hotkey', 'signature', ': ', ' ', '\n', '- ', '[', '{', '}', ']', '&a', '*a', '!t', '|', '>', '"'],
      ...["'", '#', '?', '---', '%', '\t', '\u0000', 'task', '<<', '0x1', '\u202e', '😀'],
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 60 }), (words) => {
        const outcome = parseQuasarYml(words.join(''), tasks);
        expect(outcome.ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });
});

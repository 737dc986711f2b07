/** Differential test: whatever a CPython from 3.10 to 3.13 refuses to compile, the policy refuses. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { reasonOf } from '../../app/imports/findings.ts';
import { compileAll, findInterpreters, type Interpreter } from './interpreters.ts';
import { policy, task } from './judging.ts';
import { mutate, randomFrom } from './mutations.ts';
import { HAND_WRITTEN } from './python-corpus.ts';

const interpreters = findInterpreters();
const oldest = interpreters[0];
const names = interpreters.map(({ version }) => `Python ${version}`).join(', ');
console.log(
  interpreters.length > 0
    ? `compared with ${names}`
    : 'skipped: no Python from 3.10 to 3.13 on the PATH or in ~/.pyenv/versions',
);

/** Control characters are refused before anything is parsed (`checkFile`). */
const REFUSED_EARLIER = /(?![\t\n\f\r])[\p{Cc}\p{Bidi_Control}\ufeff]/u;

const findingsOf = (text: string) => policy.judge([{ path: 'fla/ops/quasar/gate.py', text }], task);
const refuses = (text: string): boolean => {
  const reason = REFUSED_EARLIER.test(text) ? 'bad_file' : reasonOf(findingsOf(text));
  return reason === 'syntax_error' || reason === 'bad_file';
};

/** Sources that the interpreter refuses and we do not, with its reason. */
function missed(interpreter: Interpreter, sources: readonly string[]): string[] {
  return compileAll(interpreter, sources).flatMap((error, at) => {
    const source = sources[at] as string;
    return error !== null && !refuses(source) ? [`${error}\n${source.slice(0, 4000)}`] : [];
  });
}

/** Modules of the interpreter's own library, a sample that is always the same. */
function library({ library: directory }: Interpreter, count: number, maxBytes: number): string[] {
  const files = readdirSync(directory)
    .filter((name) => name.endsWith('.py'))
    .map((name) => path.join(directory, name))
    .map((file) => readFileSync(file, 'latin1'))
    // biome-ignore lint/suspicious/noControlCharactersInRegex: plain ASCII files only
    .filter((text) => text.length > 500 && text.length <= maxBytes && /^[\u0000-\u007f]*$/.test(text));
  const step = Math.max(1, Math.floor(files.length / count));
  return files.filter((_, at) => at % step === 0).slice(0, count);
}

it('finds an interpreter where nothing may be skipped', () => {
  if (process.env.REQUIRE_ALL === '1') expect(interpreters).not.toEqual([]);
});

describe.skipIf(interpreters.length === 0)('against CPython', () => {
  it.each(interpreters)('refuses what $version refuses, by hand', (interpreter) => {
    expect(missed(interpreter, HAND_WRITTEN)).toEqual([]);
  });

  it.each(interpreters)(
    'refuses what $version refuses, in mutations of its library',
    (interpreter) => {
      const random = randomFrom(20_261_121);
      const sources = library(interpreter, 12, 12_000).flatMap((source) =>
        Array.from({ length: 12 }, () => mutate(source, random)),
      );
      expect(sources.length).toBeGreaterThan(100);
      expect(missed(interpreter, sources)).toEqual([]);
    },
    60_000,
  );

  it.each(interpreters)(
    'refuses what $version refuses, in mutations of small sources',
    (interpreter) => {
      const random = randomFrom(7);
      const small = HAND_WRITTEN.filter((source) => source.length < 200);
      const sources = small.flatMap((source) =>
        Array.from({ length: 3 }, () =>
          mutate(`${source}\n${small[Math.floor(random() * small.length)]}`, random),
        ),
      );
      expect(missed(interpreter, sources)).toEqual([]);
    },
    60_000,
  );

  it('reads what the oldest one compiles', () => {
    const sources = library(oldest as Interpreter, 40, 60_000);
    const errors = compileAll(oldest as Interpreter, sources);
    const valid = sources.filter((_, at) => errors[at] === null);
    const refused = valid.filter((source) => refuses(source)).map((source) => source.slice(0, 200));
    // One module of forty may hold the nested f-string that tree-sitter cannot read; more would be a defect of ours.
    expect(refused.slice(1)).toEqual([]);
  });
});

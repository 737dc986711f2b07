/** Who may import whom: the rooms of the App, read from the imports that its files really have. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');
interface Import {
  readonly file: string;
  /** A path from the root of the repository, or the name of a package. */
  readonly target: string;
  readonly typeOnly: boolean;
}

const FILES = ['app', 'db', 'actions']
  .flatMap((folder) =>
    readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      path.posix.join(folder, name.replaceAll(path.sep, '/')),
    ),
  )
  .filter((name) => /\.(ts|mjs)$/.test(name) && !name.includes('node_modules/') && !name.includes('/dist/'));
const source = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const IMPORTS = FILES.flatMap((file) => importsOf(file, source(file)));

function importsOf(file: string, text: string): Import[] {
  const statement =
    /^(?:import|export)\s+(?<what>[\w\s{},*$]*?)\s*from\s*'(?<from>[^']+)'|^import\s*'(?<bare>[^']+)'|\bimport\(\s*'(?<dynamic>[^']+)'/gm;
  return [...text.matchAll(statement)].map(({ groups = {} }) => {
    const { what = '', from, bare, dynamic } = groups;
    const target = from ?? bare ?? dynamic ?? '';
    const named = /^\{(.*)\}$/s.exec(what)?.[1];
    const names = named?.split(',').map((name) => name.trim()) ?? [];
    const typeOnly =
      /^type\s/.test(what) ||
      (named !== undefined && names.every((name) => name === '' || name.startsWith('type ')));
    return {
      file,
      target: target.startsWith('.') ? path.posix.join(path.posix.dirname(file), target) : target,
      typeOnly,
    };
  });
}

const isPackage = (target: string) => !/^(app|db|actions|tests|kernels)\//.test(target);
const inRoom =
  (...rooms: string[]) =>
  (file: string) =>
    rooms.some((room) => (room.endsWith('.ts') ? file === room : file.startsWith(`${room}/`)));

const isPure = inRoom(
  'app/imports',
  'app/scoring',
  'app/reports',
  'app/submissions/plan.ts',
  'app/submissions/phase.ts',
  'app/evaluations/decide.ts',
  'app/evaluations/seats.ts',
  'app/evaluations/reasons.ts',
  'app/chain/normalise.ts',
  'app/chain/normalise-carry-over.ts',
  'app/chain/epoch.ts',
  'app/chain/epoch-window.ts',
  'app/chain/chain.ts',
  'app/chain/calls.ts',
  'app/chain/calls-scale.ts',
  'app/chain/calls-bytes.ts',
  'app/chain/calls-metadata.ts',
  'app/chain/timelock-payload.ts',
  'app/chain/setter/draft-weights.ts',
  'app/chain/setter/plan-weights.ts',
  'app/chain/setter/signing-gate.ts',
  'app/chain/setter/snapshot.ts',
  'app/chain/setter/overdue.ts',
  'app/chain/connection/unsigned-part.ts',
  'app/chain/setter/failure-alerts.ts',
  'app/chain/setter/not-alone.ts',
  'app/chain/setter/weight-set.ts',
  'app/chain/setter/moves.ts',
  'app/chain/standing/recompute.ts',
  'app/canonical-json.ts',
  'app/ids.ts',
);
/** Reads the parsers' wasm files from the disk and hands them to the rest of its room. */
const LOADER = 'app/imports/installed-parsers.ts';
const isConfig = inRoom('app/config', 'app/config.ts');
/** What is in no room puts the rooms together: `bot`, `main`, `referee` and what they are made of. */
const isTop = (file: string) =>
  inRoom('app/http', 'app/cli')(file) ||
  (path.posix.dirname(file) === 'app' && !isPure(file) && !isConfig(file));

const wrong = (of: (file: string) => boolean, allowed: (found: Import) => boolean) =>
  IMPORTS.filter((found) => of(found.file) && !allowed(found)).map(
    ({ file, target }) => `${file} imports ${target}`,
  );

describe('the reader of imports', () => {
  it('sees every form of them', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { b } from '../b.ts';",
      "import {\n  type C,\n  type D,\n} from 'c';",
      "import { type E, f } from '../../db/e.ts';",
      "import './g.ts';",
      "const h = await import('node:fs');",
      "export { i } from './i.ts';",
      "import * as j from 'j';",
    ].join('\n');
    expect(importsOf('app/room/x.ts', text).map(({ target, typeOnly }) => [target, typeOnly])).toEqual([
      ['app/room/a.ts', false],
      ['app/b.ts', true],
      ['c', true],
      ['db/e.ts', false],
      ['app/room/g.ts', false],
      ['node:fs', false],
      ['app/room/i.ts', false],
      ['j', false],
    ]);
  });

  it('finds the rooms that the rules speak of', () => {
    for (const room of [
      'app/imports/',
      'app/scoring/',
      'app/reports/',
      'app/miners/',
      'app/chain/',
      'app/github/',
      'db/',
      'actions/',
    ])
      expect(FILES.filter((file) => file.startsWith(room)).length, room).toBeGreaterThan(2);
    expect(IMPORTS.length).toBeGreaterThan(500);
    const ours = IMPORTS.filter(({ target }) => /^(app|db|actions)\/.*\.ts$/.test(target));
    expect(ours.filter(({ target }) => !FILES.includes(target))).toEqual([]);
  });
});

describe('the pure rooms', () => {
  const pureFiles = FILES.filter((file) => isPure(file) && file !== LOADER);

  it('import types, each other and what computes digests', () => {
    const parsers = ['web-tree-sitter'];
    expect(
      wrong(
        (file) => pureFiles.includes(file),
        ({ file, target, typeOnly }) =>
          typeOnly ||
          (isPure(target) && target !== LOADER) ||
          target === 'node:crypto' ||
          (file.startsWith('app/imports/') && parsers.includes(target)),
      ),
    ).toEqual([]);
  });

  it.each([
    [
      'clock',
      /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bprocess\.hrtime\b|\bset(Timeout|Interval)\(/,
    ],
    ['chance', /\bMath\.random\b|\brandom(Bytes|UUID|Int)\b|\bgetRandomValues\b/],
    ['network', /\bfetch\(|\bnew (WebSocket|XMLHttpRequest)\b/],
    ['environment', /\bprocess\.(env|argv|cwd|platform)\b/],
  ])('know no %s', (_, pattern) => {
    expect(pureFiles.filter((file) => pattern.test(source(file)))).toEqual([]);
  });
});

describe('the rooms', () => {
  it('db and github import no room', () => {
    for (const room of ['db', 'app/github'])
      expect(
        wrong(inRoom(room), ({ target }) => isPackage(target) || inRoom(room, 'app/ids.ts')(target)),
      ).toEqual([]);
  });

  it.each([
    ['miners', []],
    ['evaluations', []],
    ['chain', []],
    ['submissions', ['app/miners', 'app/evaluations', 'app/chain']],
  ])('%s imports pure rooms, db and github, and the rooms below it', (room, below) => {
    const allowed = inRoom(`app/${room}`, 'db', 'app/github', ...below);
    expect(
      wrong(inRoom(`app/${room}`), ({ target }) => isPackage(target) || isPure(target) || allowed(target)),
    ).toEqual([]);
  });

  it('nobody imports bot, http, cli, main and what puts them together but these', () => {
    expect(
      wrong(
        (file) => !isTop(file),
        ({ target }) => !isTop(target),
      ),
    ).toEqual([]);
  });

  it('only these and the configuration itself know the configuration', () => {
    expect(
      wrong(
        (file) => !isTop(file) && !isConfig(file),
        ({ target }) => !isConfig(target),
      ),
    ).toEqual([]);
  });

  it('the Action imports the shapes it speaks and nothing else of the App', () => {
    const shapes = inRoom(
      'app/evaluations/schema.ts',
      'app/evaluations/reasons.ts',
      'app/evaluations/task.ts',
      'actions',
    );
    expect(wrong(inRoom('actions'), ({ target }) => isPackage(target) || shapes(target))).toEqual([]);
  });

  it('nothing of the product imports tests', () => {
    expect(
      wrong(
        () => true,
        ({ target }) => !target.startsWith('tests/'),
      ),
    ).toEqual([]);
  });
});

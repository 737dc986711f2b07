/** What the import scan says of every case of the cheat corpus: tests/corpus/README.md. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { checkFile } from '../../app/imports/files.ts';
import { IMPORT_REASONS, inOrder, reasonOf } from '../../app/imports/findings.ts';
import { MINIATURE_DIR } from '../fixtures/miniature.ts';
import { policy, task } from './judging.ts';

const CORPUS = fileURLToPath(new URL('../corpus/', import.meta.url));
const CHUNK = 'fla/ops/quasar/chunk.py';

const Expectation = z.object({
  scan: z.strictObject({ reason: z.enum(IMPORT_REASONS) }).nullable(),
  append: z.boolean().optional(),
  devices: z.array(z.enum(['cpu', 'cuda'])),
});

/** The cases that are submissions; the others are judged by tests that their expect.json names. */
const cases = ['cheats', 'honest']
  .flatMap((kind) => readdirSync(path.join(CORPUS, kind)).map((name) => path.join(CORPUS, kind, name)))
  .filter((folder) => existsSync(path.join(folder, 'expect.json')))
  .map((folder) => ({
    name: path.basename(folder),
    folder,
    expected: Expectation.parse(JSON.parse(readFileSync(path.join(folder, 'expect.json'), 'utf8'))),
  }))
  .filter(({ expected }) => expected.devices.length > 0);

/** A target file of a case, laid over the base's as the judge's runner does: the miniature with a faster chunk.py. */
function bytesOf(folder: string, file: string, append: boolean): Buffer {
  const own = path.join(folder, file);
  const faster = path.join(MINIATURE_DIR, '../forks/faster');
  const base = readFileSync(path.join(file === CHUNK ? faster : MINIATURE_DIR, file));
  if (!existsSync(own)) return base;
  const over = readFileSync(own);
  return append && file === CHUNK ? Buffer.concat([base, Buffer.from('\n\n'), over]) : over;
}

it.each(cases)('$name', ({ folder, expected }) => {
  const files = task.targetFiles.map((file) => ({
    path: file,
    bytes: bytesOf(folder, file, expected.append === true),
  }));
  const bad = files.flatMap((file) => checkFile({ ...file, type: 'blob', mode: '100644' }));
  const texts = files.map((file) => ({ path: file.path, text: file.bytes.toString('utf8') }));
  const findings = bad.length > 0 ? inOrder(bad) : policy.judge(texts, task);
  const found = findings.map(({ file, line, message }) => `${file}:${line}: ${message}`).join('\n');
  expect(reasonOf(findings), found).toBe(expected.scan?.reason ?? null);
});

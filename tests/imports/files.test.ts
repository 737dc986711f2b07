/** A target file before anybody reads it as Python. */
import { describe, expect, it } from 'vitest';
import { checkFile, MAX_FILE_BYTES, type TreeFile } from '../../app/imports/files.ts';
import { reasonOf } from '../../app/imports/findings.ts';

const path = 'fla/ops/quasar/gate.py';
const aFile = (content: string | Uint8Array, more: Partial<TreeFile> = {}): TreeFile => {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return { path, type: 'blob', mode: '100644', size: bytes.byteLength, bytes, ...more };
};
const rules = (file: TreeFile) =>
  checkFile(file).map(({ rule, line, column }) => `${rule} ${line}:${column}`);

describe('a file that is taken', () => {
  it.each([
    ['empty', ''],
    ['with tab, form feed and both line ends', 'x\t= 1\r\n\fy = 2\n'],
    ['in other scripts', '# Größe 大きさ 🚀 العربية\n'],
    ['of exactly the largest size', 'x'.repeat(MAX_FILE_BYTES)],
    ['that mentions LFS', '# version https://git-lfs.github.com/spec/v1\n'],
  ])('%s', (_, content) => expect(rules(aFile(content))).toEqual([]));

  it('needs no size from git', () => expect(rules(aFile('x', { size: undefined }))).toEqual([]));
});

describe('a file that is refused', () => {
  it.each<[string, TreeFile, string]>([
    ['absent', { path, bytes: null }, 'file-missing'],
    ['executable', aFile('x', { mode: '100755' }), 'file-mode'],
    ['group-writable', aFile('x', { mode: '100664' }), 'file-mode'],
    ['a symbolic link', aFile('x', { mode: '120000' }), 'file-kind'],
    ['a submodule', { path, type: 'commit', mode: '160000', bytes: null }, 'file-kind'],
    ['a directory', { path, type: 'tree', mode: '040000', bytes: null }, 'file-kind'],
    ['a pipe', { path, type: 'blob', mode: '000000', bytes: null }, 'file-kind'],
    ['too large', aFile('x'.repeat(MAX_FILE_BYTES + 1)), 'file-size'],
    ['too large and not read', { path, type: 'blob', mode: '100644', size: 1e9, bytes: null }, 'file-size'],
    ['larger than git said', aFile('x'.repeat(MAX_FILE_BYTES + 1), { size: 1 }), 'file-size'],
    [
      'an LFS pointer',
      aFile('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n'),
      'lfs-pointer',
    ],
    ['Latin-1', aFile(new Uint8Array([0x78, 0xe9])), 'file-encoding'],
    ['UTF-16', aFile(new Uint8Array([0xff, 0xfe, 0x78, 0])), 'file-encoding'],
    ['an encoded surrogate', aFile(new Uint8Array([0xed, 0xa0, 0x80])), 'file-encoding'],
    ['an overlong form', aFile(new Uint8Array([0xc0, 0x80])), 'file-encoding'],
  ])('%s', (_, file, rule) => {
    expect(rules(file)).toEqual([`${rule} 1:1`]);
    expect(reasonOf(checkFile(file))).toBe('bad_file');
  });

  it.each([
    '\0',
    '\x08',
    '\x0b',
    '\x1b',
    '\x7f',
    '\x85',
    '\x9b',
    '\u061c',
    '\u200e',
    '\u200f',
    '\u202a',
    '\u202e',
    '\u2066',
    '\u2069',
    '\ufeff',
  ])('has %j', (character) => {
    expect(rules(aFile(`x = 1\r\n# 🚀 ${character}`))).toEqual(['file-characters 2:5']);
  });

  it('lists many characters, but not all', () => {
    expect(checkFile(aFile('\u202e'.repeat(80_000)))).toHaveLength(50);
  });

  it('is never judged unread', () => {
    expect(() => checkFile({ path, type: 'blob', mode: '100644', size: 3, bytes: null })).toThrow(
      'was not read',
    );
  });
});

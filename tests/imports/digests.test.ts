/** Content digest and code digest. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { codeDigest, contentDigest } from '../../app/imports/digests.ts';

const file = (text: string, path = 'a.py') => ({ path, bytes: new TextEncoder().encode(text) });
const code = (text: string) => codeDigest([file(text)]);
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const KERNEL = `"""Kernel."""
import torch  # the library


@jit
def f(a, b=1):
    """Doc."""
    if a:
        x = [a,
             b]
        return x
    class C:
        'doc'
        y = 1
    return "text" + a
`;

describe('content digest', () => {
  it('is sha256 over path, NUL, sha256 of the content, LF, in byte order of path', () => {
    const expected = sha256(`a.py\0${sha256('x')}\nb.py\0${sha256('y')}\n`);
    expect(contentDigest([file('y', 'b.py'), file('x', 'a.py')])).toBe(expected);
  });

  it('changes with every byte', () => {
    expect(contentDigest([file('x')])).not.toBe(contentDigest([file('x ')]));
  });
});

describe('code digest', () => {
  it.each([
    ['comments', KERNEL.replace('  # the library', '').replace('@jit', '# new\n@jit # more')],
    [
      'docstrings',
      KERNEL.replace('"""Kernel."""\n', '')
        .replace('    """Doc."""\n', '    "other" r"doc"\n')
        .replace("'doc'", 'u"""longer\ndoc"""'),
    ],
    ['indentation', KERNEL.replace(/^( +)/gm, '$1$1')],
    ['tabs', KERNEL.replace(/ {4}/g, '\t')],
    ['blank lines', KERNEL.replaceAll('\n', '\n\n\t\n').replace('"""Kernel."""', '\n\n"""Kernel."""')],
    ['line ends', KERNEL.replaceAll('\n', '\r\n')],
    ['blanks between tokens', KERNEL.replaceAll(' = ', '=').replace('f(a', 'f ( a')],
    [
      'line continuation',
      KERNEL.replace('"text" + a', '"text" \\\n + a').replace('import torch', 'import \\\n  torch'),
    ],
    ['line breaks in brackets', KERNEL.replace('[a,\n             b]', '[ a, b ]')],
    ['a missing last line end', KERNEL.trimEnd()],
    ['semicolons', KERNEL.replace('return x\n', 'return x;\n').replace('y = 1', 'y = 1 ;')],
    [
      'a body behind its colon',
      KERNEL.replace("class C:\n        'doc'\n        y = 1", 'class C: "doc"; y = 1'),
    ],
    ['form feeds', KERNEL.replace('@jit', '\f\n@jit')],
  ])('ignores %s', (_, text) => {
    expect(text).not.toBe(KERNEL);
    expect(code(text)).toBe(code(KERNEL));
  });

  it.each([
    ['a name', KERNEL.replace('x = [', 'z = [')],
    ['a number', KERNEL.replace('b=1', 'b=2')],
    ['quotes', KERNEL.replace('"text"', "'text'")],
    ['a string', KERNEL.replace('"text"', '"text "')],
    ['a trailing comma', KERNEL.replace('b]', 'b,]')],
    ['what is in a block', KERNEL.replace('        return x\n', '    return x\n')],
    ['a block moved out', KERNEL.replace('    return "text"', 'return_ = "text"')],
    ['a string that is no docstring', KERNEL.replace('y = 1', 'y = 1; "doc"')],
    ['bytes in its place', KERNEL.replace("'doc'", "b'doc'")],
    ['an f-string in its place', KERNEL.replace("'doc'", "f'doc'")],
    ['blanks inside a string', KERNEL.replace('"text"', '"te xt"')],
    ['tokens grown together', KERNEL.replace('return x', 'returnx')],
    ['order', KERNEL.replace('[a,', '[b,').replace(' b]', ' a]')],
  ])('sees %s', (_, text) => {
    expect(text).not.toBe(KERNEL);
    expect(code(text)).not.toBe(code(KERNEL));
  });

  it('keeps files apart', () => {
    expect(codeDigest([file('x = 1', 'a.py'), file('', 'b.py')])).not.toBe(
      codeDigest([file('', 'a.py'), file('x = 1', 'b.py')]),
    );
  });

  it.each([
    ['broken Python', '((( """ \\\n  x ] def :::\n\t\t  $'],
    ['deep nesting', '('.repeat(100_000)],
    ['nothing', ''],
  ])('is defined for %s', (_, text) => {
    expect(code(text)).toMatch(/^[0-9a-f]{64}$/);
    expect(code(text)).toBe(code(text));
  });

  it('is defined for what is not UTF-8', () => {
    const digest = (byte: number) => codeDigest([{ path: 'a.py', bytes: new Uint8Array([0xff, byte]) }]);
    expect(digest(1)).toMatch(/^[0-9a-f]{64}$/);
    expect(digest(1)).not.toBe(digest(2));
  });

  it('does not take an async loop for a function', () => {
    const loop = (text: string) => code(`async def f():\n  async for x in y:\n    ${text}\n    pass\n`);
    expect(loop('"a"')).not.toBe(loop('"b"'));
  });
});

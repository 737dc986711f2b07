/** The required imports: by meaning, at module scope, and left alone afterwards. */
import { describe, expect, it } from 'vitest';
import { judgeFiles, REQUIRED, task } from './judging.ts';

const of = (chunk: string): string[] =>
  judgeFiles({ chunk })
    .filter(({ rule }) => rule === 'missing-import' || rule === 'rebound-import')
    .map(({ rule, message }) => `${rule} ${/required import: (\S+)/.exec(message)?.[1]}`);

/** The required imports with upstream's line for fla.utils replaced. */
const withUtils = (line: string): string => `${REQUIRED.replace(/from fla\.utils import .*\n/, '')}${line}\n`;
const OTHERS =
  'from fla.utils import autocast_custom_bwd, autocast_custom_fwd, autotune_cache_kwargs, check_shared_mem, input_guard';

describe('spellings that count', () => {
  it.each([
    ['aliases', withUtils(`${OTHERS}\nfrom fla.utils import IS_AMD as AMD`)],
    [
      'parentheses over lines, with comments',
      withUtils(`from fla.utils import (\n    IS_AMD,  # AMD\n    ${OTHERS.split('import ')[1]},\n)`),
    ],
    ['one by one', withUtils(`${OTHERS}; from fla.utils import IS_AMD`)],
    ['relative', withUtils(`${OTHERS.replace('fla.utils', '...utils')}, IS_AMD`)],
    ['line continuation', withUtils(`${OTHERS}, \\\n  IS_AMD`)],
    [
      'relative names of the package',
      REQUIRED.replace('from fla.ops.quasar.forward_substitution', 'from .forward_substitution').replace(
        'from fla.ops.utils.index',
        'from ..utils.index',
      ),
    ],
    [
      'modules from their packages',
      REQUIRED.replace('import torch.nn.functional as F', 'from torch.nn import functional').replace(
        'import triton.language as tl',
        'from triton import language as tl',
      ),
    ],
    [
      'one statement for several modules',
      REQUIRED.replace(/^import .*\n/gm, '').replace(/^/, 'import torch.nn.functional, triton.language\n'),
    ],
    ['imported twice', `${REQUIRED}${REQUIRED}`],
    ['rebound inside a function', `${REQUIRED}def f(F):\n    tl = 1\n    return F, tl\n`],
    ['bound before', `F = 1\n${REQUIRED}`],
    ['lost under one name, kept under another', `${REQUIRED}import triton as t\ndel triton\n`],
  ])('%s', (_, chunk) => {
    expect(of(chunk)).toEqual([]);
  });
});

describe('what does not count', () => {
  it('says every name that an empty file lacks', () => {
    expect(of('')).toEqual([...task.imports.required.names].sort().map((name) => `missing-import ${name}`));
  });

  it.each([
    ['a comment', '# from fla.utils import IS_AMD'],
    ['a docstring', '"""\nfrom fla.utils import IS_AMD\n"""'],
    ['a tuple of names', 'x = ("from fla.utils import IS_AMD", "IS_AMD")'],
    ['a function', 'def f():\n    from fla.utils import IS_AMD'],
    ['a function that makes it global', 'def f():\n    global IS_AMD\n    from fla.utils import IS_AMD'],
    ['a class', 'class C:\n    from fla.utils import IS_AMD'],
    ['a dead branch', 'if False:\n    from fla.utils import IS_AMD'],
    ['a branch', 'if torch:\n    from fla.utils import IS_AMD'],
    [
      'TYPE_CHECKING',
      'from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from fla.utils import IS_AMD',
    ],
    ['a try block', 'try:\n    1 / 0\n    from fla.utils import IS_AMD\nexcept Exception:\n    pass'],
    ['a loop that never runs', 'for _ in ():\n    from fla.utils import IS_AMD'],
    ['the module alone', 'import fla.utils'],
    ['another module of that name', 'from .gate import IS_AMD'],
    ['a star', 'from fla.utils import *'],
    ['an assignment', 'IS_AMD = False'],
  ])('%s', (_, line) => {
    expect(of(withUtils(`${OTHERS}\n${line}`))).toEqual(['missing-import fla.utils.IS_AMD']);
  });

  it.each([
    ['assigned', 'F = None'],
    ['assigned with others', 'a, (F, *b) = c'],
    ['annotated', 'F: int = 1'],
    ['augmented', 'F += 1'],
    ['deleted', 'del F'],
    ['a function', 'def F(): pass'],
    ['a class', 'class F: pass'],
    ['a loop', 'for F in x: pass'],
    ['with', 'with x as F: pass'],
    ['except', 'try: pass\nexcept E as F: pass'],
    ['a walrus', '(F := 1)'],
    ['a walrus in a comprehension', '[(F := x) for x in y]'],
    ['a capture', 'match x:\n    case [F, *_]: pass'],
    ['a star capture', 'match x:\n    case {**F}: pass'],
    ['another import', 'import math as F'],
    ['a branch', 'if False:\n    F = 1'],
    ['global', 'def f():\n    global F\n    F = 1'],
    ['global import', 'def f():\n    global F\n    import math as F'],
  ])('rebound: %s', (_, line) => {
    expect(of(`${REQUIRED}${line}\n`)).toEqual(['rebound-import torch.nn.functional']);
  });
});

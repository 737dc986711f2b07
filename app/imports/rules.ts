/** Every rule of the import policy: stable ids, the reason each gives, and what it means in one line. */

interface Rule {
  readonly reason: 'bad_file' | 'syntax_error' | 'missing_import' | 'forbidden_import';
  readonly meaning: string;
}

export const RULES = {
  'file-missing': rule('bad_file', 'a target file is absent'),
  'file-kind': rule(
    'bad_file',
    'a target file is a symbolic link, a submodule, a directory or another odd thing',
  ),
  'file-mode': rule('bad_file', 'a target file is not mode 100644'),
  'file-size': rule('bad_file', 'a target file is larger than 256 KiB'),
  'lfs-pointer': rule('bad_file', 'a target file is a Git LFS pointer instead of the code'),
  'file-encoding': rule('bad_file', 'a target file is not UTF-8, or declares another encoding'),
  'file-characters': rule('bad_file', 'a target file has control, bidirectional or byte-order characters'),
  'non-ascii-code': rule(
    'bad_file',
    'a character outside ASCII in code (comments and strings may have them)',
  ),
  syntax: rule('syntax_error', "not valid in the task's Python"),
  'too-deep': rule('syntax_error', 'nested deeper, or a number longer, than Python compiles'),
  'too-large': rule(
    'syntax_error',
    'more statements, tokens or adjoining strings than the policy reads in time',
  ),
  'unclear-layout': rule('syntax_error', 'indentation that Python tools read differently'),
  'unreadable-code': rule('syntax_error', 'code that the policy cannot read with certainty'),
  'missing-import': rule('missing_import', 'a required name is not imported at module scope'),
  'rebound-import': rule('missing_import', 'a required name is imported, then bound again or deleted'),
  'star-import': rule('forbidden_import', '`from ... import *`'),
  'forbidden-package': rule('forbidden_import', 'a package that the task forbids, in any spelling'),
  'module-not-allowed': rule('forbidden_import', 'a module that is not on the list of the task'),
  'relative-beyond-package': rule('forbidden_import', 'a relative import that leaves the top package'),
  'reach-through': rule(
    'forbidden_import',
    'a module, loader or private name reached through an imported module',
  ),
  'module-escape': rule('forbidden_import', 'a module used as a value, where no rule could follow it'),
  'monkey-patch': rule('forbidden_import', 'an attribute of something imported is set or deleted'),
  'dynamic-code': rule('forbidden_import', 'exec, eval, compile, `__import__` and their like'),
  'forbidden-builtin': rule(
    'forbidden_import',
    'a builtin that opens files, stops the run or exposes namespaces',
  ),
  'dynamic-attribute': rule(
    'forbidden_import',
    'getattr passed on or not called with a plain string literal, or a format string that takes attributes',
  ),
  'dunder-access': rule(
    'forbidden_import',
    'a double-underscore or frame attribute that exposes the interpreter',
  ),
  'dunder-definition': rule(
    'forbidden_import',
    'a double-underscore name is defined that Python would use by itself',
  ),
  'dynamic-class': rule(
    'forbidden_import',
    'a class made with a metaclass, with several bases, or by `type`',
  ),
  'late-code': rule(
    'forbidden_import',
    'code that runs when an object is thrown away: `yield` inside `try` or `with`, `yield from`, `await`',
  ),
  'attribute-store': rule(
    'forbidden_import',
    "an attribute is set that is not a method's own object's, or a method that sets some is named",
  ),
  'private-attribute': rule('forbidden_import', 'a private attribute of an object that is not `self`'),
  'too-many-findings': rule('forbidden_import', 'there are more findings than are listed'),
} as const satisfies Record<string, Rule>;

export type RuleId = keyof typeof RULES;

function rule(reason: Rule['reason'], meaning: string): Rule {
  return { reason, meaning };
}

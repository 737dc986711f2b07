/** Whether a file is valid in the task's Python: ruff's parser and those of its rules that CPython's compiler has too. */
import type { Diagnostic, Workspace } from '@astral-sh/ruff-wasm-nodejs';
import type { ParserSources } from './parsers.ts';
import type { Source } from './source.ts';

/** The rules that stand for errors of CPython's compiler. */
const COMPILER_RULES = ['E9', 'F404', 'F406', 'F407', 'F621', 'F622', 'F70', 'PLE0117', 'PLE0118', 'PLE1142'];
const INVALID = 'invalid-syntax';
const UTF16 = 1;
/** Enough to mend a file by; broken files can have one error for every character. */
const MAX_SHOWN = 50;

/** Reports syntax errors in the source; true when there are none. */
export type CheckSyntax = (source: Source, python: string) => boolean;

export function createSyntaxCheck(ruff: ParserSources['ruff']): CheckSyntax {
  const workspaces = new Map<string, Workspace>();
  const workspace = (python: string): Workspace => {
    const known = workspaces.get(python);
    if (known !== undefined) return known;
    const options = { 'target-version': `py${python.replace('.', '')}`, lint: { select: COMPILER_RULES } };
    const fresh = new (ruff().Workspace)(options, UTF16);
    workspaces.set(python, fresh);
    return fresh;
  };
  return (source, python) => {
    let errors: Diagnostic[];
    try {
      // `# noqa` hides every rule but syntax errors, and to find comments safely the text has to be valid first.
      errors = (workspace(python).check(source.text) as Diagnostic[]).filter(({ code }) => code === INVALID);
      if (errors.length === 0) errors = workspace(python).check(source.withoutComments()) as Diagnostic[];
    } catch (error) {
      workspaces.clear();
      source.report(
        'unreadable-code',
        0,
        `The Python parser gave up on this file (${(error as Error).message.slice(0, 80)}).`,
        'Write the code in a simpler shape, with less nesting.',
      );
      return false;
    }
    for (const error of errors.slice(0, MAX_SHOWN)) {
      const at = source.offsetOf(error.start_location.row, error.start_location.column);
      source.report(
        'syntax',
        at,
        error.code === INVALID ? error.message : `${error.message} (${error.code})`,
        `Check with: python${python} -m py_compile ${source.path}`,
      );
    }
    return errors.length === 0;
  };
}

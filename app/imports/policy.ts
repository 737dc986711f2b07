/** The import policy: frozen files in, findings out. Pure once its parsers are loaded. */
import type { Task } from '../evaluations/task.ts';
import { judgeAttributes } from './attribute-rules.ts';
import { judgeDefinitions } from './definition-rules.ts';
import { type Finding, inOrder } from './findings.ts';
import { readImports } from './import-statements.ts';
import { withinLimits } from './limits.ts';
import { type ModulePolicy, moduleName, modulePolicy } from './module-policy.ts';
import type { ParserSources } from './parsers.ts';
import { judgeRequired } from './required-imports.ts';
import { analyseScopes } from './scope-reader.ts';
import { type FileText, Source } from './source.ts';
import { judgeSpecialFunctions } from './special-functions.ts';
import { checkStatements } from './statement-rules.ts';
import { createSyntaxCheck } from './syntax.ts';
import { checkCharacters, checkCodingCookie } from './text-rules.ts';
import { createTreeReader } from './tree.ts';
import { judgeUses } from './use-rules.ts';
import { type JudgedFile, Values } from './values.ts';

/** The parts of a task that the policy reads. */
export type ImportTask = Pick<Task, 'imports' | 'python' | 'targetFiles'>;

export interface ImportPolicy {
  /**
   * Findings of target files that `checkFile` found nothing wrong with, ordered by file and place and capped. Never
   * throws: what a parser or a rule cannot bear is a finding. The same input gives the same findings.
   */
  judge(files: readonly FileText[], task: ImportTask): Finding[];
}

/**
 * Loads the parsers once; judging is synchronous from then on. Throws when the wasm cannot be loaded. The first judging
 * compiles most of the wasm and takes half a second, so it is done here, on lines of its own.
 */
export async function createImportPolicy(parsers: ParserSources): Promise<ImportPolicy> {
  const isValid = createSyntaxCheck(parsers.ruff);
  const readTree = await createTreeReader(parsers);

  function read(source: Source, task: ImportTask, modules: ModulePolicy): JudgedFile | null {
    checkCodingCookie(source);
    checkCharacters(source);
    if (!withinLimits(source) || !isValid(source, task.python)) return null;
    const root = readTree(source);
    if (root === null) return null;
    checkStatements(source, root);
    const scopes = analyseScopes(source, root, (statement) => readImports(statement, source, modules));
    return { source, root, scopes };
  }

  const policy: ImportPolicy = {
    judge(files, task) {
      const modules = modulePolicy(task);
      const sources = files.map((file) => new Source(file));
      const judged = new Map<string, JudgedFile>();
      let values: Values | null = null;
      for (const source of sources)
        guard(source, () => {
          const file = read(source, task, modules);
          if (file !== null) judged.set(moduleName(source.path), file);
        });
      for (const source of sources) {
        const file = judged.get(moduleName(source.path));
        if (file === undefined) continue;
        guard(source, () => {
          values ??= new Values(modules, judged);
          judgeMeaning(file, values, task);
        });
      }
      return inOrder(sources.flatMap(({ findings }) => findings));
    },
  };
  policy.judge([{ path: 'warm.py', text: WARM_UP }], WARM_UP_TASK);
  return policy;
}

const WARM_UP =
  'import math as m\n\n@m.f\ndef f(a, *b: int, c=1):\n    return [x for x in f"{a}" if not x][0] + m.pi\n';
const WARM_UP_TASK: ImportTask = {
  python: '3.10',
  targetFiles: ['warm.py'],
  imports: { required: { file: 'warm.py', names: ['math'] }, allowed: ['math'], forbidden: [] },
};

function judgeMeaning(file: JudgedFile, values: Values, task: ImportTask): void {
  if (!values.settled)
    file.source.report(
      'unreadable-code',
      0,
      'Names are aliases of each other in a way that cannot be followed.',
      'Use imported modules under one name each.',
    );
  judgeUses(file, values);
  judgeDefinitions(file);
  judgeSpecialFunctions(file, values);
  judgeAttributes(file, values);
  if (file.source.path === task.imports.required.file) judgeRequired(file, task.imports.required);
}

/** A file that breaks a rule's own code (too deep for its stack, say) is refused, never let through. */
function guard(source: Source, work: () => void): void {
  try {
    work();
  } catch (error) {
    source.report(
      'unreadable-code',
      0,
      `The policy gave up on this file (${(error as Error).message.slice(0, 80)}).`,
      'Write the code in a simpler shape, with less nesting.',
    );
  }
}

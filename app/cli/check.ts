/** `check`: the import policy on a checkout of a fork, with the findings that the App would report. */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { checkFile } from '../imports/files.ts';
import { type Finding, inOrder } from '../imports/findings.ts';
import { installedParsers } from '../imports/installed-parsers.ts';
import { createImportPolicy, type ImportTask } from '../imports/policy.ts';
import { importTask } from './check-task.ts';
import { CommandError, type Io, UsageError } from './io.ts';
import { readTargetFile } from './target-file.ts';

/**
 * Prints the findings and gives 0 when there are none, else 1. Wrong use is a `UsageError`; a task that does not exist
 * and what cannot be read are a `CommandError` with exit code 2.
 */
export async function checkCommand(argv: readonly string[], io: Pick<Io, 'out' | 'cwd'>): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      path: { type: 'string' },
      task: { type: 'string', default: 'quasar' },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.path === undefined) throw new UsageError('--path DIR is needed: the checkout of your fork');
  let task: ImportTask;
  let findings: Finding[];
  try {
    task = importTask(values.task);
    findings = await judgeCheckout(path.resolve(io.cwd, values.path), task);
  } catch (error) {
    throw new CommandError((error as Error).message, 2);
  }
  io.out(values.json ? asJson(findings) : asText(findings, task));
  return findings.length === 0 ? 0 : 1;
}

/** As the App does it: what is wrong with a file as such first, and only good files are read as Python. */
async function judgeCheckout(root: string, task: ImportTask): Promise<Finding[]> {
  const files = task.targetFiles.map((file) => readTargetFile(root, file));
  const bad = files.flatMap((file) => checkFile(file));
  if (bad.length > 0) return inOrder(bad);
  const decoder = new TextDecoder();
  const texts = files.map((file) => ({ path: file.path, text: decoder.decode(file.bytes ?? undefined) }));
  return (await createImportPolicy(installedParsers())).judge(texts, task);
}

function asJson(findings: readonly Finding[]): string {
  const shown = findings.map(({ rule, file, line, column, message }) => ({
    rule,
    file,
    line,
    column,
    message,
  }));
  return `${JSON.stringify({ ok: findings.length === 0, findings: shown })}\n`;
}

function asText(findings: readonly Finding[], task: ImportTask): string {
  const lines = findings.map(
    ({ file, line, column, rule, message, advice }) =>
      `${file}:${line}:${column}: ${rule}\n    ${message}\n    ${advice}\n`,
  );
  return printable(`${lines.join('')}${summary(findings, task.targetFiles.length)}\n`);
}

function summary(findings: readonly Finding[], files: number): string {
  if (findings.length === 0) return `All ${files} target files pass.`;
  const affected = new Set(findings.map(({ file }) => file)).size;
  return `${findings.length} finding${findings.length === 1 ? '' : 's'} in ${affected} of ${files} target files.`;
}

/** Messages quote the miner's code, which may hold what a terminal obeys. */
function printable(text: string): string {
  return text.replace(/(?!\n)[\p{Cc}\p{Bidi_Control}]/gu, '?');
}

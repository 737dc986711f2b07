/** `quasar.yml`: what a miner declares at the root of the fork, every problem found at once. Attacker input. Pure. */
import type { Hotkey } from '../ids.ts';
import { parseHotkey, parseSignature } from './link.ts';
import {
  decodeYml,
  LINK_COMMAND,
  type QUASAR_YML_KEYS,
  readEntries,
  type YmlFinding,
} from './yml-entries.ts';
import { branchProblem, parsePositive, parseWhole } from './yml-values.ts';

export interface QuasarYml {
  readonly task: string;
  readonly hotkey: Hotkey;
  /** Absent: the repository's default branch. */
  readonly branch?: string;
  readonly targetSequenceLength: number;
  readonly claimedTokensPerSec?: number;
  /** Well-formed (64 bytes of hex); whether it verifies is `verifyLink`'s to say. */
  readonly signature: string;
}

export type QuasarYmlOutcome =
  | {
      readonly ok: true;
      readonly value: QuasarYml;
      readonly warnings: readonly YmlFinding[];
      readonly lines: KeyLines;
    }
  | {
      readonly ok: false;
      readonly problems: readonly YmlFinding[];
      readonly warnings: readonly YmlFinding[];
    };

/** The line of each key that the file holds, so that a later check (a signature that does not verify) can point at it. */
export type KeyLines = Readonly<Record<string, number>>;

/** The tasks that the App runs, by name. */
export type KnownTasks = ReadonlyMap<
  string,
  { readonly targetLengths: { readonly min: number; readonly max: number } }
>;

type Key = (typeof QUASAR_YML_KEYS)[number];

/**
 * Reads `quasar.yml`, reporting every problem at once. Unknown keys warn. With `tasks`, the task must be one of them and
 * the target length within its limits. Never throws, whatever the bytes are.
 */
export function parseQuasarYml(content: string | Uint8Array, tasks?: KnownTasks): QuasarYmlOutcome {
  const problems: YmlFinding[] = [];
  const warnings: YmlFinding[] = [];
  const text = decodeYml(content);
  if (typeof text !== 'string') return { ok: false, problems: [text], warnings };
  const entries = readEntries(text, problems, warnings);
  if (entries === null) return { ok: false, problems, warnings };

  const lastLine = Math.max(1, text.trimEnd().split('\n').length);
  const bad = (key: Key, why: string, mend: string): undefined => {
    const at = entries.get(key) ?? { line: lastLine, column: 1 };
    problems.push({ line: at.line, column: at.column, key, why, mend });
  };
  const required = (key: Key, mend: string): string | undefined => {
    const entry = entries.get(key);
    if (entry === undefined && problems.some((problem) => problem.key === key)) return undefined;
    if (entry === undefined) return bad(key, `the key ${key} is missing`, mend);
    return entry.text === '' ? bad(key, `${key} has no value`, mend) : entry.text;
  };

  const task = readTask(entries.get('task')?.text, tasks, (why, mend) => bad('task', why, mend));
  const hotkey = required('hotkey', LINK_COMMAND);
  const parsedHotkey = hotkey === undefined ? undefined : parseHotkey(hotkey);
  if (parsedHotkey?.ok === false) bad('hotkey', parsedHotkey.why, 'write the SS58 address of your hotkey');

  const branch = entries.get('branch')?.text;
  const wrongBranch = branch === undefined ? null : branchProblem(branch);
  if (wrongBranch !== null) bad('branch', wrongBranch.why, wrongBranch.mend);

  const limits = task === undefined ? undefined : tasks?.get(task)?.targetLengths;
  const example = `write a whole number of tokens${limits ? ` from ${limits.min} to ${limits.max}` : ''}, e.g. target_sequence_length: ${limits?.min ?? 100000}`;
  const lengthText = required('target_sequence_length', example);
  const length = lengthText === undefined ? undefined : parseWhole(lengthText);
  if (length?.ok === false) bad('target_sequence_length', length.why, example);
  else if (length && limits && (length.value < limits.min || length.value > limits.max))
    bad('target_sequence_length', `${length.value} is outside the task's limits`, example);

  const claimText = entries.get('claimed_tokens_per_sec')?.text;
  const claim = claimText === undefined ? undefined : parsePositive(claimText);
  if (claim?.ok === false)
    bad(
      'claimed_tokens_per_sec',
      claim.why,
      'write the tokens per second that you measured, or remove the line',
    );

  const signature = required('signature', LINK_COMMAND);
  const parsedSignature = signature === undefined ? undefined : parseSignature(signature);
  if (parsedSignature && 'code' in parsedSignature)
    bad('signature', parsedSignature.why, parsedSignature.mend);

  if (
    problems.length > 0 ||
    task === undefined ||
    !parsedHotkey?.ok ||
    !length?.ok ||
    signature === undefined
  )
    return { ok: false, problems: problems.sort((a, b) => a.line - b.line), warnings };
  return {
    ok: true,
    value: {
      task,
      hotkey: parsedHotkey.hotkey,
      ...(branch === undefined ? {} : { branch }),
      targetSequenceLength: length.value,
      ...(claim?.ok ? { claimedTokensPerSec: claim.value } : {}),
      signature,
    },
    warnings,
    lines: Object.fromEntries([...entries].map(([key, entry]) => [key, entry.line])),
  };
}

function readTask(
  text: string | undefined,
  tasks: KnownTasks | undefined,
  bad: (why: string, mend: string) => undefined,
): string | undefined {
  const task = text ?? 'quasar';
  const known = tasks && `write one of: ${[...tasks.keys()].join(', ')}`;
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(task))
    return bad('this is not the name of a task', known ?? 'write task: quasar');
  if (tasks && !tasks.has(task)) return bad(`there is no task ${task} here`, known ?? '');
  return task;
}

/**
 * `quasar.yml` as text: its top-level keys with their places. Values are plain text scalars (YAML's failsafe schema), without
 * aliases or numbers of YAML's own, so that a signature in hex is never read as a number. Pure.
 */
import { type Document, isMap, isScalar, LineCounter, type Node, type Pair, parseDocument } from 'yaml';

export const QUASAR_YML_MAX_BYTES = 64 * 1024;

export const QUASAR_YML_KEYS = [
  'task',
  'hotkey',
  'branch',
  'target_sequence_length',
  'claimed_tokens_per_sec',
  'signature',
] as const;

/** Of each kind: a hostile file could give thousands, and ten mend as well. */
const MAX_FINDINGS = 10;

export const LINK_COMMAND = 'run the `link` command with --write, which fills it in';

/** A finding at a place in the file; lines and columns from 1. `key` is null where the finding is about the whole file. */
export interface YmlFinding {
  readonly line: number;
  readonly column: number;
  readonly key: string | null;
  readonly why: string;
  readonly mend: string;
}

export interface Entry {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/** The file as text, or the one finding that stops reading it. */
export function decodeYml(content: string | Uint8Array): string | YmlFinding {
  const wholeFile = (why: string, mend: string): YmlFinding => ({ line: 1, column: 1, key: null, why, mend });
  const size = typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength;
  if (size > QUASAR_YML_MAX_BYTES)
    return wholeFile(
      `quasar.yml has ${size} bytes, at most ${QUASAR_YML_MAX_BYTES} are read`,
      'keep only the keys of the Referee in it',
    );
  if (typeof content === 'string') return content;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    return wholeFile('quasar.yml is not valid UTF-8', 'save the file as UTF-8 text');
  }
}

/** The top-level scalars by key, or null when the file has another shape; the findings say why. */
export function readEntries(
  text: string,
  problems: YmlFinding[],
  warnings: YmlFinding[],
): Map<string, Entry> | null {
  const counter = new LineCounter();
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const bad = (offset: number, key: string | null, why: string, mend: string): void => {
    if (problems.length < MAX_FINDINGS) problems.push({ ...place(offset), key, why, mend });
  };
  if (nestsTooDeep(text)) {
    problems.push({
      line: 1,
      column: 1,
      key: null,
      why: 'quasar.yml nests brackets',
      mend: 'write plain `key: value` lines',
    });
    return null;
  }
  const document = parsed(text, counter);
  if (document === null) {
    bad(0, null, 'this is not valid YAML', 'write plain `key: value` lines');
    return null;
  }
  for (const error of document.errors)
    bad(
      error.pos[0],
      null,
      `this is not valid YAML: ${oneLine(error.message)}`,
      'write plain `key: value` lines',
    );
  if (problems.length > 0) return null;
  const root: Node | null = document.contents;
  if (!isMap(root)) {
    const empty = root === null || (isScalar(root) && root.value === '');
    bad(
      root?.range?.[0] ?? 0,
      null,
      empty ? 'quasar.yml is empty' : 'quasar.yml is not a list of `key: value` lines',
      LINK_COMMAND,
    );
    return null;
  }
  const entries = new Map<string, Entry>();
  for (const pair of root.items) readPair(pair, entries, { place, bad, warnings });
  return entries;
}

function parsed(text: string, lineCounter: LineCounter): Document.Parsed | null {
  try {
    return parseDocument(text, {
      schema: 'failsafe',
      lineCounter,
      prettyErrors: false,
      uniqueKeys: false, // its check is quadratic; `readPair` finds the duplicates that matter
      logLevel: 'error', // 'silent' would let a second document pass
    });
  } catch {
    return null; // a stack overflow of the parser, on input that nobody writes in good faith
  }
}

function readPair(
  pair: Pair,
  entries: Map<string, Entry>,
  to: {
    place: (offset: number) => { line: number; column: number };
    bad: (offset: number, key: string | null, why: string, mend: string) => void;
    warnings: YmlFinding[];
  },
): void {
  const { key, value } = pair;
  if (!isScalar(key) || typeof key.value !== 'string') {
    const at = (key as Node | null)?.range?.[0] ?? 0;
    to.bad(at, null, 'a key is not a plain word', 'remove this line');
    return;
  }
  const offset = key.range?.[0] ?? 0;
  const name = key.value;
  const known = (QUASAR_YML_KEYS as readonly string[]).includes(name);
  if (!known) {
    const shown = oneLine(name).slice(0, 60);
    const mend = `the keys are: ${QUASAR_YML_KEYS.join(', ')}`;
    if (to.warnings.length < MAX_FINDINGS)
      to.warnings.push({
        ...to.place(offset),
        key: shown,
        why: `the key ${shown} is not known and is ignored`,
        mend,
      });
    return;
  }
  const text =
    value === null ? '' : isScalar(value) && typeof value.value === 'string' ? value.value.trim() : null;
  if (text === null) {
    to.bad(offset, name, `${name} is not a plain value`, `write ${name}: and one value`);
    return;
  }
  if (entries.has(name)) {
    to.bad(offset, name, `${name} stands here a second time`, 'keep one of the two lines');
    return;
  }
  const valueOffset = (value as Node | null)?.range?.[0];
  entries.set(name, { text, ...to.place(text === '' || valueOffset === undefined ? offset : valueOffset) });
}

/** The parser recurses into flow collections; nothing that we read has any, so a few levels are already too many. */
function nestsTooDeep(text: string): boolean {
  return (text.match(/[[{]/g)?.length ?? 0) > 100 || /^ *(?:[-?] ){20}/m.test(text);
}

/** One printable line of what the parser or the miner said. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ').slice(0, 200);
}

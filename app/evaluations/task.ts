/** `kernels/<task>/task.json`: everything about a competition that is data. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { canonicalJson } from '../canonical-json.ts';

const Int = z.number().int();
const Sha = z.string().regex(/^[0-9a-f]{40}$/);

/** How long and how often a length is timed on one kind of device; times in seconds, `ownNs` in nanoseconds. */
const Timing = z.strictObject({
  minRoundsPerClass: Int.positive(),
  minRounds: Int.positive(),
  maxSeconds: z.number().positive(),
  /** The judge's own copy and snapshot per length, taken off every clocked call; 0 on the CPU. */
  ownNs: z.record(z.string().regex(/^\d+$/), Int.nonnegative()),
});

const Gate = z.strictObject({
  name: z.string(),
  input: z.string(),
  length: Int.positive(),
  limit: z.number().positive(),
});

export const Task = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
  version: Int.positive(),
  extends: z.string().optional(),
  /** `github:owner/name` is resolved against the GitHub server that runs the evaluation. */
  upstream: z.strictObject({
    url: z.string(),
    commit: Sha,
    tree: Sha,
    /** Code digest of its own target files: it belongs to nobody, so submitting upstream is no copy. */
    codeDigest: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  device: z.enum(['cuda', 'cpu']),
  /** `module:function` that every timed call goes through. */
  entry: z.string().regex(/^[\w.]+:\w+$/),
  /** The oldest Python whose syntax is accepted, e.g. `3.10`. */
  python: z.string().regex(/^3\.\d+$/),
  exactness: z.enum(['upstream', 'strict']).optional(),
  requireLockedClocks: z.boolean().optional(),
  targetFiles: z.array(z.string()).length(5),
  imports: z.strictObject({
    /** Names that `file` must import at module scope, by meaning: `a.b.c` is module `a.b.c`, or name `c` of `a.b`. */
    required: z.strictObject({ file: z.string(), names: z.array(z.string()) }),
    /** Exact module names; a trailing `.*` admits the direct children of a package. */
    allowed: z.array(z.string()),
    /** Packages refused in every spelling, each with what to do instead. */
    forbidden: z.array(z.strictObject({ module: z.string(), advice: z.string() })),
  }),
  lengths: z.array(Int.positive()).min(1),
  targetLengths: z.strictObject({ min: Int.positive(), max: Int.positive() }),
  timing: z.strictObject({ cuda: Timing, cpu: Timing }),
  gates: z.array(Gate),
  /** The language model that the logit gates run on a GPU: `small` without an entry. */
  logits: z.strictObject({ preset: z.enum(['small', 'qwen']) }).optional(),
  /** What the op cannot do without: bytes of memory traffic per token. A faster op is `implausible`. */
  roofline: z.strictObject({ bytesPerToken: Int.positive() }).optional(),
  worker: z.strictObject({
    env: z.record(z.string(), z.string()),
    limits: z.strictObject({
      addressSpaceBytes: Int.positive(),
      /** Memory of the host that a worker on a GPU may use; there the address space says nothing. */
      memoryBytes: Int.positive().optional(),
      /** Memory of the GPU that a worker may hold. */
      gpuBytes: Int.positive().optional(),
      processes: Int.positive(),
      scratchBytes: Int.positive(),
      logBytes: Int.positive(),
      importSeconds: z.number().positive(),
      prepareSeconds: z.number().positive(),
      callSeconds: z.number().positive(),
      /** Wall time of one whole evaluation, prepare phases included. */
      totalSeconds: z.number().positive(),
    }),
  }),
});
export type Task = z.infer<typeof Task>;

/** Where `kernels/` lies in this checkout. */
export const KERNELS_DIR = fileURLToPath(new URL('../../kernels/', import.meta.url));

/**
 * Reads a task and what it extends: keys of the extending task replace those of its base, whole.
 * Throws an error that names the file when it is absent or malformed.
 */
export function loadTask(name: string, kernelsDir = KERNELS_DIR): Task {
  const raw = readRaw(name, kernelsDir, []);
  const parsed = Task.safeParse(raw);
  if (!parsed.success) throw new Error(`kernels/${name}/task.json: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

function readRaw(name: string, kernelsDir: string, seen: string[]): Record<string, unknown> {
  if (!/^[a-z][a-z0-9_]{0,63}$/.test(name))
    throw new Error(`no task is named ${JSON.stringify(name.slice(0, 80))}`);
  if (seen.includes(name)) throw new Error(`task ${name} extends itself: ${[...seen, name].join(' -> ')}`);
  const file = path.join(kernelsDir, name, 'task.json');
  let own: Record<string, unknown>;
  try {
    own = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (cause) {
    throw new Error(`cannot read task ${name} at ${file}: ${(cause as Error).message}`, { cause });
  }
  if (typeof own.extends !== 'string') return own;
  return { ...readRaw(own.extends, kernelsDir, [...seen, name]), ...own };
}

/** sha256 over the resolved task as canonical JSON: two verdicts compare only when this is equal. */
export function taskDigest(task: Task): string {
  return createHash('sha256').update(canonicalJson(task)).digest('hex');
}

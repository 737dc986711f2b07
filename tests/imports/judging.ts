/** Builders for the tests of the import policy: five files that pass, one of them changed. */
import { loadTask } from '../../app/evaluations/task.ts';
import type { Finding } from '../../app/imports/findings.ts';
import { installedParsers } from '../../app/imports/installed-parsers.ts';
import { createImportPolicy } from '../../app/imports/policy.ts';

export const task = loadTask('quasar');
export const policy = await createImportPolicy(installedParsers());

/** The required imports, as upstream spells them. */
export const REQUIRED = `import torch
import torch.nn.functional as F
import triton
import triton.language as tl

from fla.ops.utils.index import prepare_chunk_indices
from fla.ops.quasar.forward_substitution import forward_substitution_kernel
from fla.utils import IS_AMD, autocast_custom_bwd, autocast_custom_fwd, autotune_cache_kwargs, check_shared_mem, input_guard
`;

export type Texts = Partial<
  Record<'chunk' | 'chunk_intra_token_parallel' | 'forward_substitution' | 'fused_recurrent' | 'gate', string>
>;

/** Judges five files of which those not given are plain and good. */
export function judgeFiles(texts: Texts): Finding[] {
  const files = task.targetFiles.map((path) => {
    const name = path.slice('fla/ops/quasar/'.length, -'.py'.length) as keyof Texts;
    return { path, text: texts[name] ?? (name === 'chunk' ? REQUIRED : 'import torch\n') };
  });
  return policy.judge(files, task);
}

/** Judges chunk.py made of the required imports and then `code`. */
export const judgeCode = (code: string): Finding[] => judgeFiles({ chunk: `${REQUIRED}\n${code}\n` });

/** Rule ids found, each once. */
export const rulesOf = (findings: readonly Finding[]): string[] =>
  [...new Set(findings.map(({ rule }) => rule))].sort();

/** The result that is posted when the judge gave none: `infra`, so that the App tries again and the miner is not blamed. Pure. */
import { createHash } from 'node:crypto';
import type { Claim, Result } from '../../../app/evaluations/schema.ts';

const NO_KEY = '00'.repeat(32);

/**
 * A valid result without figures. `keySha256` is what the judge committed itself to before it failed, if it did: the App
 * holds the result to it. The key itself died with the judge, so its value is all zeros.
 */
export function infraResult(
  claim: Claim,
  facts: { readonly commit: string; readonly detail: string; readonly keySha256: string | null },
): Result {
  return {
    schema: 1,
    evaluation: claim.evaluation,
    nonce: claim.nonce,
    task: claim.task,
    judge: { commit: facts.commit.slice(0, 80) },
    upstream: { tree: claim.upstream.tree },
    digest: contentDigest(claim.files),
    device: { kind: 'cpu', name: 'not reported', uuid: '', driver: '', memoryBytes: 0, powerLimitW: 0 },
    sandbox: { active: [], missing: [] },
    key: { sha256: facts.keySha256 ?? sha256(Buffer.from(NO_KEY, 'hex')), value: NO_KEY },
    verdict: { status: 'inconclusive', reason: 'infra', detail: facts.detail.slice(0, 4000) },
    gates: [],
    measurements: [],
    conditions: { yardstick: [], locked: false, samples: [], versions: {} },
    flags: ['judge_gave_no_result'],
    outputs: [],
    untrusted: { log: '' },
  };
}

/** contracts.md, Identity of things: sha256 over `path \0 sha256hex(content) \n` in byte order of path. */
function contentDigest(files: Claim['files']): string {
  const byPath = [...files].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return sha256(Buffer.from(byPath.map((file) => `${file.path}\0${file.sha256}\n`).join('')));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Builders of what a judge posts. */
import { REQUIRED_PROTECTIONS } from '../../app/evaluations/result-audit.ts';
import type { Measurement, Result } from '../../app/evaluations/schema.ts';
import { anEvaluation, sha256 } from './memory-store.ts';

export const KEY = '17'.repeat(32);
export const KEY_SHA256 = sha256(Buffer.from(KEY, 'hex'));
const ORDER = anEvaluation().order;

const floor = (tokens: number, ns: number) => Math.floor((tokens * 1e12) / ns) / 1000;

/** Times as given, rates as the judge works them out. */
export function aMeasurement(
  length: number,
  mediansNs = [2_000_000, 2_100_000],
  fixedNs = 1_000_000,
): Measurement {
  const slowest = Math.max(...mediansNs);
  return {
    length,
    classes: mediansNs.map((medianNs, i) => ({
      input: `class_${i}`,
      rounds: 15,
      medianNs,
      ciLowNs: medianNs - 50_000,
      ciHighNs: medianNs + 50_000,
      p90Ns: medianNs + 90_000,
    })),
    fixedNs,
    tokensPerSec: floor(length, fixedNs + slowest),
    tokensPerSecLow: floor(length, fixedNs + slowest + 50_000),
    opTokensPerSec: floor(length, slowest),
    peakBytes: 1_000_000,
  };
}

/** An accepted result of the evaluation that `anEvaluation` orders. */
export function aResult(changes: Partial<Result> = {}): Result {
  const { id: evaluation, nonce } = anEvaluation();
  return {
    schema: 1,
    evaluation,
    nonce,
    task: ORDER.task,
    judge: { commit: 'c'.repeat(40) },
    upstream: { tree: ORDER.upstream.tree },
    digest: ORDER.contentDigest,
    device: { kind: 'cpu', name: 'a cpu', uuid: '', driver: '', memoryBytes: 1, powerLimitW: 0 },
    sandbox: { active: [...REQUIRED_PROTECTIONS], missing: ['cgroup_memory'] },
    key: { sha256: KEY_SHA256, value: KEY },
    verdict: { status: 'accepted', reason: 'accepted', detail: 'every gate passed' },
    gates: [{ name: 'op_rel_rms', length: 512, input: 'mixed', value: 0.004, limit: 0.015, pass: true }],
    measurements: [aMeasurement(512), aMeasurement(1024)],
    conditions: { yardstick: [], locked: false, samples: [], versions: { torch: '2.13' } },
    flags: [],
    outputs: [],
    untrusted: { log: '' },
    ...changes,
  };
}

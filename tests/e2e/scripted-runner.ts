/**
 * A runner that plays by a script instead of judging: it claims, reports and posts as the Action does, with the OIDC
 * token of its run, in a fraction of a second, and misbehaves where a test says so.
 */
import { createHash, randomBytes } from 'node:crypto';
import { REQUIRED_PROTECTIONS } from '../../app/evaluations/result-audit.ts';
import { Claim, type Measurement, type Result } from '../../app/evaluations/schema.ts';
import { contentDigest } from '../../app/imports/digests.ts';
import type { JobResult, RunContext } from '../doubles/github/actions/executor.ts';

const AGAIN_MS = 300;
/** Two minutes and more: an App that was killed takes its time to start on a busy machine. */
const AGAIN_TIMES = 400;
const FIXED_NS = 1_000_000;
const ROUNDS = 15;
const SPREAD = 0.01;

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked at by tests, in many shapes
  readonly body: any;
}

export type Play = (job: Job) => Promise<JobResult>;

/** What happens to a job that no test wrote a script for: accepted, at an unremarkable speed. */
export const accept =
  (tokensPerSec = 20_000): Play =>
  async (job) => {
    await job.judge((claim) => job.result(claim, { tokensPerSec }));
    return 'success';
  };

/** Rejected by the judge: an output of the public run was wrong. */
export const reject: Play = async (job) => {
  await job.judge((claim) => ({
    ...job.result(claim),
    verdict: { status: 'rejected', reason: 'op_error', detail: 'mixed is outside its limit' },
    measurements: [],
  }));
  return 'success';
};

/** Hands every job to the script of its fork. */
export class ScriptedRunner {
  readonly jobs: Job[] = [];
  readonly #plays = new Map<number, Play>();

  /** `repoOf` tells which fork an evaluation is for. */
  constructor(private readonly repoOf: (evaluation: number) => Promise<number>) {}

  /** From now on jobs of this fork are played so. */
  plays(repoId: number, play: Play): void {
    this.#plays.set(repoId, play);
  }

  readonly run = async (context: RunContext): Promise<JobResult> => {
    const evaluation = Number(context.inputs.evaluation);
    const job = new Job(context, evaluation, await this.repoOf(evaluation));
    this.jobs.push(job);
    return (this.#plays.get(job.repoId) ?? accept())(job);
  };

  jobsOf(repoId: number): Job[] {
    return this.jobs.filter((job) => job.repoId === repoId);
  }
}

export class Job {
  readonly runId: number;
  readonly appUrl: string;
  readonly #key = randomBytes(32);

  constructor(
    readonly context: RunContext,
    readonly evaluation: number,
    readonly repoId: number,
  ) {
    this.runId = context.runId;
    this.appUrl = context.inputs.app_url ?? '';
  }

  /** As `getIDToken` of @actions/core asks for one; without an answer when the run is over. */
  async token(audience = this.appUrl): Promise<string> {
    const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = this.context.env;
    const answer = await fetch(`${url}&audience=${encodeURIComponent(audience)}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return ((await answer.json()) as { value: string }).value;
  }

  async post(endpoint: 'claim' | 'progress' | 'result', body: unknown, token?: string): Promise<Answer> {
    const response = await fetch(`${this.appUrl}/runner/${endpoint}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token ?? (await this.token())}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  /** Repeats what the Action repeats: broken connections, 5xx, 425 and 429. */
  async insist(endpoint: 'claim' | 'progress' | 'result', body: unknown): Promise<Answer> {
    let last: Answer | null = null;
    for (let time = 0; time < AGAIN_TIMES && !this.context.signal.aborted; time += 1) {
      last = await this.post(endpoint, body).catch(() => null);
      if (last !== null && last.status < 500 && last.status !== 425 && last.status !== 429) return last;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
    throw new Error(`${endpoint} of evaluation ${this.evaluation}: ${last?.status ?? 'no answer'}`);
  }

  async claim(): Promise<Claim> {
    const answer = await this.insist('claim', { evaluation: this.evaluation });
    if (answer.status !== 200)
      throw new Error(
        `claim of evaluation ${this.evaluation}: ${answer.status} ${JSON.stringify(answer.body)}`,
      );
    return Claim.parse(answer.body);
  }

  /** Commits to the key, as a judge does before the timed calls. */
  commit({ nonce, evaluation }: Claim): Promise<Answer> {
    const keySha256 = sha256(this.#key);
    return this.insist('progress', {
      evaluation,
      nonce,
      seq: 1,
      stage: 'secret',
      done: 1,
      total: 2,
      keySha256,
    });
  }

  /** The whole way of a well-behaved run; `result` may lie. */
  async judge(result: (claim: Claim) => Result | Promise<Result>): Promise<Answer> {
    const claim = await this.claim();
    await this.commit(claim);
    return this.insist('result', await result(claim));
  }

  /** Reports progress until it is told to stop, as a run whose cancellation got lost. */
  async untilRefused({ evaluation, nonce }: Claim): Promise<number> {
    for (let seq = 1; ; seq += 1) {
      const progress = { evaluation, nonce, seq, stage: 'public', done: seq, total: 1_000_000 };
      const { status } = await this.insist('progress', progress);
      if (status !== 200) return status;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  /** A result that holds together and is accepted. */
  result(claim: Claim, { tokensPerSec = 20_000 }: { readonly tokensPerSec?: number } = {}): Result {
    const { evaluation, nonce, task } = claim;
    const files = claim.files.map(({ path, base64 }) => ({ path, bytes: Buffer.from(base64, 'base64') }));
    return {
      schema: 1,
      evaluation,
      nonce,
      task,
      judge: { commit: this.context.env.GITHUB_SHA ?? '' },
      upstream: { tree: claim.upstream.tree },
      digest: contentDigest(files),
      device: {
        kind: 'cpu',
        name: 'scripted',
        uuid: 'none',
        driver: '1.0',
        memoryBytes: 2 ** 33,
        powerLimitW: 0,
      },
      sandbox: { active: [...REQUIRED_PROTECTIONS], missing: [] },
      key: { sha256: sha256(this.#key), value: this.#key.toString('hex') },
      verdict: { status: 'accepted', reason: 'accepted', detail: '' },
      gates: [{ name: 'op_rel_rms', length: 512, input: 'mixed', value: 0.001, limit: 0.015, pass: true }],
      measurements: claim.lengths.map((length) => measured(length, tokensPerSec)),
      conditions: { yardstick: [], locked: false, samples: [], versions: { python: '3.11' } },
      flags: [],
      outputs: [],
      untrusted: { log: '' },
    };
  }

  /** Resolves when the run is cancelled or its runner dies. */
  aborted(): Promise<void> {
    const { signal } = this.context;
    return new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

function measured(length: number, tokensPerSec: number): Measurement {
  const medianNs = Math.round((length * 1e9) / tokensPerSec) - FIXED_NS;
  const ciHighNs = Math.round(medianNs * (1 + SPREAD));
  const rate = (ns: number) => (length * 1e9) / ns;
  return {
    length,
    classes: [
      {
        input: 'mixed',
        rounds: ROUNDS,
        medianNs,
        ciLowNs: Math.round(medianNs * (1 - SPREAD)),
        ciHighNs,
        p90Ns: ciHighNs,
      },
    ],
    fixedNs: FIXED_NS,
    tokensPerSec: rate(FIXED_NS + medianNs),
    tokensPerSecLow: rate(FIXED_NS + ciHighNs),
    opTokensPerSec: rate(medianNs),
    peakBytes: 2 ** 20,
  };
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

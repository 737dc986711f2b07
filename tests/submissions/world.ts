/** A small world around the room: a real database, GitHub in memory, one or more Apps, and runners that obey a test. */
import pino from 'pino';
import { createEvaluationStore } from '../../app/evaluations/database-store.ts';
import type { JudgeReason } from '../../app/evaluations/reasons.ts';
import { JUDGE_RULES } from '../../app/evaluations/reasons.ts';
import type { Result } from '../../app/evaluations/schema.ts';
import { loadTask, taskDigest } from '../../app/evaluations/task.ts';
import type { InstallationId, OwnerId, RepoId, Sha } from '../../app/ids.ts';
import { hotkeyOf, signLink } from '../../app/miners/link.ts';
import { handleDelivery } from '../../app/submissions/deliveries/handle.ts';
import { drive } from '../../app/submissions/drive.ts';
import { type IntakeOutcome, takeIn } from '../../app/submissions/intake.ts';
import { DEFAULT_POLICY } from '../../app/submissions/plan.ts';
import type { Push } from '../../app/submissions/push.ts';
import type { Services } from '../../app/submissions/services.ts';
import { type Database, openDatabase } from '../../db/connection.ts';
import { type EvaluationRow, findEvaluation } from '../../db/evaluations.ts';
import { migrate } from '../../db/migrate.ts';
import { INSTALLATION, MemoryGitHub } from '../doubles/memory-github.ts';

export const TASK = loadTask('quasar_demo');
const NETWORK = { network: 'test', netuid: 24 };

export interface Miner {
  readonly repoId: number;
  readonly ownerId: number;
  readonly hotkey: string;
  readonly quasarYml: string;
}

export class World {
  clock = 1_800_000_000_000;
  readonly github = new MemoryGitHub(() => this.clock);
  private counter = 0;

  private constructor(readonly db: Database) {}

  /** `databaseUrl` is in memory unless a test needs more than one process. */
  static async open(databaseUrl = ':memory:'): Promise<World> {
    const db = openDatabase(databaseUrl);
    await migrate(db);
    return new World(db);
  }

  /** On a database that is there and migrated. */
  static on(db: Database): World {
    return new World(db);
  }

  async close(): Promise<void> {
    await this.db.destroy();
  }

  /** One App process; `owner` tells replicas apart. */
  services(owner = 'app-1'): Services {
    return {
      db: this.db,
      now: () => this.clock,
      log: pino({ level: 'silent' }),
      owner,
      nonce: () => (++this.counter).toString(16).padStart(32, '0'),
      watcher: this.github.watcher,
      operator: this.github.operator,
      apps: { watcher: this.github.app, operator: this.github.app },
      judgeImports: async (files) =>
        files.some(({ text }) => text.includes('fla.ops.gla')) ? [FORBIDDEN] : [],
      cliSha256: () => null,
      dispatches: { underWay: 0 },
      tasks: new Map([[TASK.name, { task: TASK, digest: taskDigest(TASK) }]]),
      settings: {
        publicUrl: 'https://referee.example',
        ...NETWORK,
        chain: null,
        watcherAppId: 4242,
        runnerLabels: ['self-hosted'],
        debounceMs: 15_000,
        leaseMs: 180_000,
        shares: [0.6, 0.25, 0.1, 0.05],
        tieMargin: 0.01,
        decide: { operatorRunnersSuffice: true },
        plan: DEFAULT_POLICY,
        githubUrl: 'https://github.example',
      },
    };
  }

  /** `key` is the number of the hotkey: another one for the same repository tells who is linked apart from who owns. */
  miner(number: number, key = number): Miner {
    const repoId = 100 + number;
    const ownerId = 500 + number;
    if (!this.github.repositories.has(repoId))
      this.github.addRepository({ repoId: repoId as RepoId, ownerId: ownerId as OwnerId });
    const seed = new Uint8Array(32).fill(key);
    const { hotkey } = hotkeyOf(seed);
    const signature = signLink({ ...NETWORK, repoId, ownerId, hotkey }, seed);
    const lines = [
      `task: ${TASK.name}`,
      `hotkey: ${hotkey}`,
      'target_sequence_length: 1024',
      `signature: "${signature}"`,
    ];
    return { repoId, ownerId, hotkey, quasarYml: `${lines.join('\n')}\n` };
  }

  /** Commits the five target files with `code` in the first of them; the same code and message give another commit. */
  commit(
    miner: Miner,
    code: string,
    more: { branch?: string; message?: string; yml?: string | null; force?: boolean } = {},
  ): Push {
    const sha = (++this.counter).toString(16).padStart(40, 'a');
    const files = Object.fromEntries(
      TASK.targetFiles.map((path, at) => [path, at === 0 ? code : `x = ${at}\n`]),
    );
    const yml = more.yml === undefined ? miner.quasarYml : more.yml;
    const branch = more.branch ?? 'main';
    const commit = {
      message: more.message ?? 'kernel',
      files: { ...files, ...(yml === null ? {} : { 'quasar.yml': yml }) },
    };
    this.github.push(miner.repoId, branch, sha, commit, more.force);
    return this.pushOf(miner, sha, branch);
  }

  pushOf(miner: Miner, sha: string, branch = 'main'): Push {
    const info = this.github.repositories.get(miner.repoId);
    if (info === undefined) throw new Error(`no repository ${miner.repoId}`);
    return {
      repoId: miner.repoId as RepoId,
      ownerId: miner.ownerId as OwnerId,
      installationId: INSTALLATION as InstallationId,
      owner: info.owner,
      name: info.name,
      defaultBranch: info.defaultBranch,
      private: info.private,
      branch,
      head: sha as Sha,
      before: null,
      receivedAt: this.clock,
      receiptSource: 'delivery',
      cause: 'push',
    };
  }

  takeIn(push: Push, services = this.services()): Promise<IntakeOutcome> {
    return takeIn(services, push);
  }

  /** Drives everything that is due, and lets time pass until nothing is. Runners finish what they are given. */
  async settle(
    runner: (evaluation: EvaluationRow) => JudgeReason | 'dies' = () => 'accepted',
    services = this.services(),
  ): Promise<void> {
    for (let round = 0; round < 400; round += 1) {
      const due = await this.db('submissions').where('nextLookAt', '<=', this.clock).select('id');
      for (const { id } of due) await drive(services, id);
      for (const run of this.github.runs.filter(({ status }) => status === 'queued'))
        await this.runJob(run.evaluation, runner);
      const next = await this.db('submissions').min('nextLookAt as at').first();
      if (next?.at == null) return;
      this.clock = Math.max(this.clock + 1, next.at);
    }
    throw new Error('the world does not settle');
  }

  /** Drives what is due, with no runner at work, until `reached`. Time goes on to the next look as in `settle`. */
  async driveUntil(reached: () => boolean | Promise<boolean>, services = this.services()): Promise<void> {
    for (let round = 0; round < 400; round += 1) {
      const due = await this.db('submissions').where('nextLookAt', '<=', this.clock).select('id');
      for (const { id } of due) await drive(services, id);
      if (await reached()) return;
      const next = await this.db('submissions').min('nextLookAt as at').first();
      if (next?.at == null) break;
      this.clock = Math.max(this.clock + 1, next.at);
    }
    throw new Error('that is never reached');
  }

  /** A runner takes a queued run: claims, and delivers a verdict or dies. */
  async runJob(
    evaluationId: number,
    runner: (evaluation: EvaluationRow) => JudgeReason | 'dies',
  ): Promise<void> {
    const store = this.store();
    const row = await findEvaluation(this.db, evaluationId);
    const run = this.github.runs.find(
      ({ evaluation, status }) => evaluation === evaluationId && status === 'queued',
    );
    if (row === null || run === undefined) return;
    run.status = 'in_progress';
    const key = { runId: run.id, runAttempt: 1 };
    if (row.state === 'dispatching')
      await store.adoptRun(row.id, { runId: run.id, url: '', atMs: this.clock });
    const reason = runner(row);
    if ((await this.claim(row, key)) && reason !== 'dies') await this.finish(row, key, reason);
    Object.assign(run, { status: 'completed', conclusion: reason === 'dies' ? 'failure' : 'success' });
    await this.deliver('workflow_run', 'completed', {
      repository: { id: 1 },
      workflow_run: { id: run.id, display_title: `quasar evaluation ${evaluationId}` },
    });
  }

  claim(row: EvaluationRow, run: { runId: number; runAttempt: number }): Promise<boolean> {
    return this.store().claimEvaluation(row.id, {
      ...run,
      bodySha256: 'b'.repeat(64),
      judgeCommit: 'c'.repeat(40) as Sha,
      checkRunId: 1,
      atMs: this.clock,
    });
  }

  finish(
    row: EvaluationRow,
    key: { runId: number; runAttempt: number },
    reason: JudgeReason,
    tokensPerSec = 10_000,
  ): Promise<boolean> {
    const verdict = {
      status: JUDGE_RULES[reason].status,
      reason,
      detail: `detail of ${reason}`,
      bodySha256: 'd'.repeat(64),
    };
    const result = aResult(row, reason, tokensPerSec);
    return this.store().finishEvaluation(row.id, key, {
      verdict,
      result,
      measurements: result.measurements,
      atMs: this.clock,
    });
  }

  private store() {
    return createEvaluationStore(this.db, this.services().tasks, () => {});
  }

  deliver(
    event: string,
    action: string | null,
    payload: object,
    services = this.services(),
  ): Promise<string> {
    return handleDelivery(services, {
      guid: `guid-${++this.counter}`,
      source: 'watcher',
      event,
      action,
      repoId: null,
      installationId: null,
      payload: JSON.stringify(payload),
      receivedAt: this.clock,
      attempts: 1,
    });
  }

  /** What GitHub shows on a commit: the newest check-run of each name. */
  shown(sha: string): Record<string, string> {
    const newest = new Map(
      this.github.checkRuns.filter(({ headSha }) => headSha === sha).map((run) => [run.name, run]),
    );
    return Object.fromEntries(
      [...newest.values()].map(({ name, state }) => [
        name.replace('Quasar / ', ''),
        state.conclusion ?? state.status,
      ]),
    );
  }
}

const FORBIDDEN = {
  rule: 'forbidden-package',
  file: 'fla/ops/quasar/chunk.py',
  line: 1,
  column: 1,
  message: 'fla.ops.gla is forbidden',
  advice: 'write it yourself',
} as const;

export function aResult(row: EvaluationRow, reason: JudgeReason, tokensPerSec: number): Result {
  const length = 1024;
  const medianNs = Math.round((length / tokensPerSec) * 1e9);
  const timing = {
    input: 'layer_like',
    rounds: 15,
    medianNs,
    ciLowNs: medianNs,
    ciHighNs: medianNs,
    p90Ns: medianNs,
  };
  const accepted = reason === 'accepted';
  return {
    schema: 1,
    evaluation: row.id,
    nonce: row.nonce,
    task: { name: TASK.name, version: row.taskVersion, digest: row.taskDigest },
    judge: { commit: 'c'.repeat(40) },
    upstream: { tree: TASK.upstream.tree },
    digest: 'e'.repeat(64),
    device: { kind: 'cpu', name: 'cpu', uuid: '', driver: '', memoryBytes: 1, powerLimitW: 0 },
    sandbox: { active: [], missing: [] },
    key: { sha256: 'f'.repeat(64), value: '0'.repeat(64) },
    verdict: { status: JUDGE_RULES[reason].status, reason, detail: `detail of ${reason}` },
    gates: [{ name: 'op_rel_rms', length, input: 'layer_like', value: 0.004, limit: 0.015, pass: accepted }],
    measurements: accepted
      ? [
          {
            length,
            classes: [timing],
            fixedNs: 0,
            tokensPerSec,
            tokensPerSecLow: tokensPerSec * 0.99,
            opTokensPerSec: tokensPerSec,
            peakBytes: 1,
          },
        ]
      : [],
    conditions: { yardstick: [], locked: false, samples: [], versions: {} },
    flags: [],
    outputs: [],
    untrusted: { log: '' },
  };
}

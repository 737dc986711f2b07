/**
 * GitHub in memory, behind the interfaces of app/github/github.ts: for tests of the rooms above it. Each call may be
 * made to fail before or after its effect, as a network does.
 */
import { createHash } from 'node:crypto';
import type {
  AppGitHub,
  CheckRunState,
  FailedDelivery,
  ForkRef,
  OperatorGitHub,
  RepositoryInfo,
  WatcherGitHub,
  WorkflowRun,
} from '../../app/github/github.ts';
import { GitHubError } from '../../app/github/github.ts';
import type { InstallationId, OwnerId, RepoId, Sha } from '../../app/ids.ts';

export interface MemoryCheckRun {
  readonly id: number;
  readonly repoId: number;
  readonly headSha: string;
  readonly name: string;
  readonly externalId: string;
  state: CheckRunState;
  annotations: number;
}

export interface MemoryRun {
  readonly id: number;
  readonly evaluation: number;
  readonly createdAt: number;
  status: 'queued' | 'in_progress' | 'completed';
  conclusion: string | null;
}

export interface MemoryCommit {
  readonly message: string;
  readonly files: Readonly<
    Record<string, string | { mode: string; type: 'blob' | 'tree' | 'commit'; bytes: Uint8Array }>
  >;
}

/** What a call does besides working: nothing, refuse, or fail with an unknown outcome before or after its effect. */
export type Fault = 'none' | 'refuse' | 'lost' | 'late';

export class MemoryGitHub {
  readonly checkRuns: MemoryCheckRun[] = [];
  readonly runs: MemoryRun[] = [];
  readonly repositories = new Map<
    number,
    RepositoryInfo & { branches: Map<string, string[]>; gone: boolean }
  >();
  readonly commits = new Map<string, MemoryCommit>();
  readonly redelivered: string[] = [];
  failed: FailedDelivery[] = [];
  writes = 0;
  runnersOnline = 1;
  /** Asked before every call. */
  fault: (call: string) => Fault = () => 'none';
  /** True for a call that is never answered, as when the process dies in it; asked before and after each effect. */
  hang: () => boolean = () => false;
  private nextId = 1000;

  constructor(private readonly now: () => number) {}

  addRepository(info: Partial<RepositoryInfo> & { repoId: number; ownerId: number }): void {
    this.repositories.set(info.repoId, {
      owner: `owner${info.ownerId}`,
      name: 'flash-linear-attention',
      defaultBranch: 'main',
      private: false,
      ...info,
      repoId: info.repoId as RepoId,
      ownerId: info.ownerId as OwnerId,
      branches: new Map(),
      gone: false,
    });
  }

  /** Puts a commit on a branch; with `force` it replaces the branch's history. */
  push(repoId: number, branch: string, sha: string, commit: MemoryCommit, force = false): void {
    const repository = this.repositories.get(repoId);
    if (repository === undefined) throw new Error(`no repository ${repoId}`);
    this.commits.set(sha, commit);
    repository.branches.set(branch, [...(force ? [] : (repository.branches.get(branch) ?? [])), sha]);
  }

  private async call<T>(name: string, write: boolean, effect: () => T): Promise<T> {
    if (this.hang()) await NEVER;
    const fault = this.fault(name);
    if (write) this.writes += 1;
    if (fault === 'refuse')
      throw new GitHubError('rate_limited', `${name} refused`, {
        status: 403,
        retryable: true,
        retryAfterMs: 1_000,
        outcomeUnknown: false,
      });
    if (fault === 'lost') throw unknownOutcome(name, write);
    const result = effect();
    if (this.hang()) await NEVER;
    if (fault === 'late') throw unknownOutcome(name, write);
    return result;
  }

  private alive(fork: ForkRef) {
    const repository = this.repositories.get(fork.repoId);
    if (repository === undefined || repository.gone)
      throw new GitHubError('not_found', 'no such repository', {
        status: 404,
        retryable: false,
        outcomeUnknown: false,
      });
    return repository;
  }

  readonly watcher: WatcherGitHub = {
    repository: (fork) =>
      this.call('repository', false, () => {
        const repository = this.repositories.get(fork.repoId);
        return repository === undefined || repository.gone ? null : repository;
      }),
    branchHead: (fork, branch) =>
      this.call(
        'branchHead',
        false,
        () => (this.alive(fork).branches.get(branch)?.at(-1) ?? null) as Sha | null,
      ),
    commit: (_fork, sha) =>
      this.call('commit', false, () => {
        const commit = this.commits.get(sha);
        return commit === undefined ? null : { message: commit.message, treeSha: sha };
      }),
    isReachable: (fork, sha, branch) =>
      this.call('isReachable', false, () => this.alive(fork).branches.get(branch)?.includes(sha) ?? false),
    entries: (fork, sha, paths) =>
      this.call('entries', false, () => {
        this.alive(fork);
        const files = this.commits.get(sha)?.files ?? {};
        return paths.flatMap((path) => {
          const file = files[path];
          if (file === undefined) return [];
          const { mode, type, bytes } = typeof file === 'string' ? plainFile(file) : file;
          return [{ path, mode, type, sha: blobId(sha, path), size: bytes.length }];
        });
      }),
    blob: (_fork, blob) =>
      this.call('blob', false, () => {
        const [sha, path] = this.blobs.get(blob) ?? ['', ''];
        const file = this.commits.get(sha)?.files[path];
        if (file === undefined) throw new Error(`no blob ${blob}`);
        return typeof file === 'string' ? plainFile(file).bytes : file.bytes;
      }),
    changedPaths: (_fork, base, head) =>
      this.call('changedPaths', false, () => {
        const [a, b] = [this.commits.get(base)?.files ?? {}, this.commits.get(head)?.files ?? {}];
        return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((path) => a[path] !== b[path]);
      }),
    createCheckRun: (fork, { name, headSha, externalId, ...state }) =>
      this.call('createCheckRun', true, () => {
        this.alive(fork);
        const id = this.nextId++;
        const annotations = state.annotations?.length ?? 0;
        this.checkRuns.push({ id, repoId: fork.repoId, headSha, name, externalId, state, annotations });
        return { id };
      }),
    updateCheckRun: (fork, id, state) =>
      this.call('updateCheckRun', true, () => {
        this.alive(fork);
        const run = this.checkRuns.find((candidate) => candidate.id === id);
        if (run === undefined) throw new Error(`no check-run ${id}`);
        run.state = state;
        run.annotations += state.annotations?.length ?? 0;
      }),
    findCheckRun: (_fork, headSha, name, externalId) =>
      this.call('findCheckRun', false, () => {
        const run = this.checkRuns.find(
          (candidate) =>
            candidate.headSha === headSha && candidate.name === name && candidate.externalId === externalId,
        );
        return run === undefined ? null : { id: run.id };
      }),
  };

  private readonly blobs = {
    get: (blob: string): [string, string] | undefined => {
      for (const [sha, { files }] of this.commits)
        for (const path of Object.keys(files)) if (blobId(sha, path) === blob) return [sha, path];
      return undefined;
    },
  };

  readonly operator: OperatorGitHub = {
    dispatch: ({ evaluation }) =>
      this.call('dispatch', true, () => {
        const id = this.nextId++;
        this.runs.push({ id, evaluation, createdAt: this.now(), status: 'queued', conclusion: null });
        return { runId: id, url: `https://github.example/runs/${id}` };
      }),
    run: (id) => this.call('run', false, () => asRun(this.runs.find((run) => run.id === id))),
    findRun: (title, since) =>
      this.call('findRun', false, () =>
        asRun(this.runs.find((run) => titleOf(run) === title && run.createdAt >= since)),
      ),
    cancelRun: (id) =>
      this.call('cancelRun', true, () => {
        const run = this.runs.find((candidate) => candidate.id === id);
        if (run !== undefined && run.status !== 'completed')
          Object.assign(run, { status: 'completed', conclusion: 'cancelled' });
      }),
    runners: () => this.call('runners', false, () => ({ online: this.runnersOnline, busy: 0 })),
    identity: async () => ({ repoId: 1 as RepoId, ownerId: 1 as OwnerId }),
  };

  readonly app: AppGitHub = {
    slug: async () => 'quasar-referee',
    installations: async () => [],
    repositories: () =>
      this.call('repositories', false, () => [...this.repositories.values()].filter(({ gone }) => !gone)),
    failedDeliveries: () => this.call('failedDeliveries', false, () => this.failed),
    redeliver: (id) =>
      this.call('redeliver', true, () => {
        this.redelivered.push(id);
      }),
  };
}

const NEVER = new Promise<never>(() => {});

export const INSTALLATION = 77 as InstallationId;

const titleOf = (run: MemoryRun) => `quasar evaluation ${run.evaluation}`;

function asRun(run: MemoryRun | undefined): WorkflowRun | null {
  if (run === undefined) return null;
  return {
    id: run.id,
    status: run.status,
    conclusion: run.conclusion,
    event: 'workflow_dispatch',
    path: '.github/workflows/evaluate.yml',
    title: titleOf(run),
    headSha: 'c'.repeat(40) as Sha,
    attempt: 1,
    url: `https://github.example/runs/${run.id}`,
  };
}

const plainFile = (text: string) => ({
  mode: '100644',
  type: 'blob' as const,
  bytes: new TextEncoder().encode(text),
});

function blobId(sha: string, path: string): Sha {
  return createHash('sha1').update(`${sha} ${path}`).digest('hex') as Sha;
}

function unknownOutcome(name: string, write: boolean): GitHubError {
  return new GitHubError('server', `${name}: 502`, { status: 502, retryable: true, outcomeUnknown: write });
}

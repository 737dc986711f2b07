/** The watcher App at work in the miners' forks: reads and check-runs. */
import { createHash } from 'node:crypto';
import type { Sha } from '../ids.ts';
import { type AppCredentials, createAppCaller } from './app-credentials.ts';
import { checkRunBody } from './check-run-body.ts';
import { refusedLocally } from './errors.ts';
import { createForkAccesses, type ForkAccess } from './fork-access.ts';
import { findEntries } from './fork-tree.ts';
import { type ForkRef, GitHubError, type GitHubErrorCode, type WatcherGitHub } from './github.ts';
import { eachPage, PER_PAGE } from './listing.ts';
import * as op from './operations.ts';
import { createTransport, type TransportOptions } from './transport.ts';

/** base64 with a line break every 60 characters, and the rest of the answer. */
const blobAnswerBytes = (contentBytes: number) => Math.ceil(contentBytes * 1.5) + 4096;
const MAX_CHANGED_PATHS = 300;

export interface WatcherOptions extends TransportOptions {
  readonly app: AppCredentials;
}

/** Writes of one installation leave at most once a second, in order; each is sent exactly once. */
export function createWatcherGitHub(options: WatcherOptions): WatcherGitHub {
  const { app, clock } = options;
  const transport = createTransport(options);
  const forks = createForkAccesses({ transport, clock, appCaller: createAppCaller(app, clock) });
  const { call } = transport;
  const at = ({ owner, name }: ForkAccess) => ({ owner, repo: name });

  const branchHead = (fork: ForkRef, branch: string): Promise<Sha | null> =>
    forks
      .use(fork, (to) => call(to.caller, op.getReference, { ...at(to), ref: `heads/${branch}` }))
      // older servers answer with the first reference that merely begins so
      .then(({ ref, object }) => (ref === `refs/heads/${branch}` ? (object.sha as Sha) : null))
      // 409: the repository is empty
      .catch(nullOn('not_found', 'conflict'));

  return {
    repository: (fork) => forks.info(fork).catch(nullOn('not_found')),
    branchHead,

    commit: (fork, sha) =>
      forks
        .use(fork, (to) => call(to.caller, op.getCommit, { ...at(to), commit_sha: sha }))
        .then(({ message, tree }) => ({ message, treeSha: tree.sha as Sha }))
        .catch(nullOn('not_found', 'conflict', 'invalid')),

    async isReachable(fork, sha, branch) {
      const head = await branchHead(fork, branch);
      if (head === null || head === sha) return head === sha;
      // the second page of a comparison carries its status without files and patches
      const basehead = `${head}...${sha}`;
      const comparison = await forks
        .use(fork, (to) => call(to.caller, op.compareCommits, { ...at(to), basehead, page: 2, per_page: 1 }))
        // no such commit, or no common ancestor
        .catch(nullOn('not_found'));
      return comparison?.status === 'identical' || comparison?.status === 'behind';
    },

    entries: (fork, sha, paths) =>
      forks.use(fork, (to) => {
        const list = (tree: string, recursive: boolean) =>
          call(to.caller, op.getTree, {
            ...at(to),
            tree_sha: tree,
            ...(recursive ? { recursive: '1' } : {}),
          });
        return findEntries(list, sha, paths);
      }),

    async blob(fork, sha, maxBytes) {
      const limits = { maxBytes: blobAnswerBytes(maxBytes) };
      const blob = await forks.use(fork, (to) =>
        call(to.caller, op.getBlob, { ...at(to), file_sha: sha }, limits),
      );
      const content = Buffer.from(blob.content, 'base64');
      if (content.length > maxBytes)
        throw refusedLocally('too_large', `blob ${sha} has ${content.length} bytes, at most ${maxBytes}`);
      if (gitBlobSha(content) !== sha)
        throw new GitHubError('server', `blob ${sha}: the content that came is not this blob's`, {
          retryable: true,
          outcomeUnknown: false,
        });
      return content;
    },

    async changedPaths(fork, base, head) {
      const basehead = `${base}...${head}`;
      const comparison = await forks
        .use(fork, (to) => call(to.caller, op.compareCommits, { ...at(to), basehead, per_page: 1 }))
        .catch(nullOn('not_found', 'invalid', 'too_large'));
      if (comparison === null) return null;
      const paths = comparison.files.flatMap(({ filename, previous_filename: previous }) =>
        previous === undefined ? [filename] : [filename, previous],
      );
      return [...new Set(paths)].slice(0, MAX_CHANGED_PATHS);
    },

    async createCheckRun(fork, { name, headSha, externalId, ...state }) {
      const body = { ...checkRunBody(state), name, head_sha: headSha, external_id: externalId };
      const { id } = await forks.use(fork, (to) =>
        call(to.caller, op.createCheckRun, { ...at(to), ...body }),
      );
      return { id };
    },

    async updateCheckRun(fork, id, state) {
      const body = checkRunBody(state);
      await forks.use(fork, (to) =>
        call(to.caller, op.updateCheckRun, { ...at(to), check_run_id: id, ...body }),
      );
    },

    findCheckRun: (fork, headSha, name, externalId) =>
      forks.use(fork, async (to) => {
        const query = { ref: headSha, check_name: name, app_id: app.appId, filter: 'all' as const };
        const pages = eachPage((page) =>
          transport.page(to.caller, op.listCheckRuns, { ...at(to), ...query, per_page: PER_PAGE, page }),
        );
        for await (const { check_runs: runs } of pages) {
          const ours = runs.find((run) => run.app?.id === app.appId && run.external_id === externalId);
          if (ours) return { id: ours.id };
        }
        return null;
      }),
  };
}

function nullOn(...codes: GitHubErrorCode[]): (error: unknown) => null {
  return (error) => {
    if (error instanceof GitHubError && codes.includes(error.code)) return null;
    throw error;
  };
}

function gitBlobSha(content: Uint8Array): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

/** The part of a push that intake needs, from a webhook or made up for a branch head that no webhook told us of. */
import { z } from 'zod';
import type { InstallationId, OwnerId, RepoId, Sha } from '../ids.ts';

const Sha40 = z.string().regex(/^[0-9a-f]{40}$/);
const Id = z.number().int().positive();
const NO_COMMIT = '0'.repeat(40);

const Repository = z.object({
  id: Id,
  name: z.string(),
  default_branch: z.string(),
  private: z.boolean(),
  owner: z.object({ id: Id, login: z.string() }),
});

const PushPayload = z.object({
  ref: z.string(),
  before: Sha40,
  after: Sha40,
  deleted: z.boolean().optional(),
  installation: z.object({ id: Id }),
  repository: Repository,
});

export interface Push {
  readonly repoId: RepoId;
  readonly ownerId: OwnerId;
  readonly installationId: InstallationId;
  readonly owner: string;
  readonly name: string;
  readonly defaultBranch: string;
  readonly private: boolean;
  readonly branch: string;
  readonly head: Sha;
  /** Head before the push; null when the branch is new or nobody told. */
  readonly before: Sha | null;
  /** Unix milliseconds. */
  readonly receivedAt: number;
  readonly receiptSource: 'delivery' | 'log';
  /** What brought it: a push notes its fork before it is read, an installation after. */
  readonly cause: 'push' | 'installation';
}

/** Null for pushes that have no head of a branch: deletions and tags. Throws ZodError on anything that is not a push. */
export function readPush(payload: unknown, receipt: Pick<Push, 'receivedAt' | 'receiptSource'>): Push | null {
  const push = PushPayload.parse(payload);
  if (push.deleted === true || push.after === NO_COMMIT || !push.ref.startsWith('refs/heads/')) return null;
  return {
    repoId: push.repository.id as RepoId,
    ownerId: push.repository.owner.id as OwnerId,
    installationId: push.installation.id as InstallationId,
    owner: push.repository.owner.login,
    name: push.repository.name,
    defaultBranch: push.repository.default_branch,
    private: push.repository.private,
    branch: push.ref.slice('refs/heads/'.length),
    head: push.after as Sha,
    before: push.before === NO_COMMIT ? null : (push.before as Sha),
    cause: 'push',
    ...receipt,
  };
}

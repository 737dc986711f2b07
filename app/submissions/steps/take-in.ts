/** Takes in a commit that was refused for something that is not in the commit. */
import { findSubmission } from '../../../db/submissions.ts';
import { stopWaiting } from '../../../db/unlinked-submissions.ts';
import type { InstallationId, OwnerId, RepoId, Sha } from '../../ids.ts';
import { takeIn } from '../intake.ts';
import type { Services } from '../services.ts';
import { isRegisteredSince, type Loaded } from '../snapshot.ts';

/** Everything is read anew, as of a push that comes now; only the receipt is the first one. Throws GitHubError. */
export async function takeInAgain(services: Services, { row, fork, details }: Loaded): Promise<void> {
  if (fork === null) throw new Error(`the fork of submission ${row.id} is gone`);
  const outcome = await takeIn(services, {
    repoId: fork.repoId as RepoId,
    ownerId: fork.ownerId as OwnerId,
    installationId: fork.installationId as InstallationId,
    owner: fork.owner,
    name: fork.name,
    defaultBranch: fork.defaultBranch,
    private: fork.private === 1,
    branch: row.branch,
    head: row.headSha as Sha,
    before: details.before as Sha | null,
    receivedAt: row.receivedAt,
    receiptSource: row.receiptSource,
    cause: 'push',
  });
  const after = await findSubmission(services.db, row.id);
  // not the head any more, or not of the judged branch: that does not pass by itself
  if (outcome.kind === 'ignored' || (after !== null && (await isRegisteredSince(services, after))))
    await stopWaiting(services.db, row.id);
}

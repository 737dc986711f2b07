/** A repository was renamed, transferred, deleted or changed its visibility. The numeric id stays what it was. */
import { z } from 'zod';
import { endLink, findFork, markForkGone, saveFork } from '../../../db/forks.ts';
import type { Services } from '../services.ts';

const Payload = z.object({
  repository: z.object({
    id: z.number().int().positive(),
    name: z.string(),
    default_branch: z.string(),
    private: z.boolean(),
    owner: z.object({ id: z.number().int().positive(), login: z.string() }),
  }),
  installation: z.object({ id: z.number().int().positive() }).optional(),
});

export async function onRepository(
  services: Services,
  action: string | null,
  payload: unknown,
): Promise<string> {
  const { repository, installation } = Payload.parse(payload);
  const { db, now } = services;
  const known = await findFork(db, repository.id);
  if (known === null) return 'not a known fork';
  if (action === 'deleted') {
    await endLink(db, repository.id, 'deleted', now());
    return (await markForkGone(db, repository.id, now())) ? 'fork gone' : 'fork was gone already';
  }
  if (known.ownerId !== repository.owner.id) await endLink(db, repository.id, 'transferred', now());
  if (known.state === 'gone') return 'fork is gone';
  await saveFork(
    db,
    {
      repoId: repository.id,
      ownerId: repository.owner.id,
      installationId: installation?.id ?? known.installationId,
      owner: repository.owner.login,
      name: repository.name,
      defaultBranch: repository.default_branch,
      private: repository.private ? 1 : 0,
    },
    now(),
  );
  return `fork is ${repository.owner.login}/${repository.name} now`;
}

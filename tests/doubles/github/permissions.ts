/** Which permission a repository endpoint needs (docs, Permissions required for GitHub Apps), and whether a caller has it. */
import type { Call, Caller } from './api.ts';
import { notFound, Refusal } from './api.ts';
import type { RepositoryRow } from './rows.ts';

/** First match of the path below `/repos/{owner}/{repo}` decides. */
const NEEDS: readonly (readonly [RegExp, string])[] = [
  [/^\/(commits\/.+\/)?check-(runs|suites)/, 'checks'],
  [/^\/actions\/runners/, 'administration'],
  [/^\/actions\//, 'actions'],
  [/^\/(contents|git|commits|compare|branches|readme|tags)(\/|$)/, 'contents'],
  [/^\/forks$/, 'contents'],
];

export function canSee(caller: Caller, repository: RepositoryRow): boolean {
  if (caller.kind === 'installation') {
    const { installation, repositoryIds } = caller;
    return (
      installation.account_id === repository.owner_id &&
      (installation.repository_selection === 'all' || installation.repository_ids.includes(repository.id)) &&
      (repositoryIds === null || repositoryIds.includes(repository.id))
    );
  }
  if (caller.kind === 'app') return true;
  return !repository.private || (caller.kind === 'user' && caller.account.id === repository.owner_id);
}

/** `anyToken`: as on GitHub, every installation token reads every public repository. `covered`: only its own ones. */
export type PublicReads = 'covered' | 'anyToken';

/** Throws 404 for what the caller may not see and 403 for what its permissions do not cover. */
export function authorise(
  call: Pick<Call, 'method' | 'path' | 'caller'>,
  repository: RepositoryRow,
  publicReads: PublicReads,
): void {
  const { caller, method, path } = call;
  const write = method !== 'GET' && method !== 'HEAD';
  if (!canSee(caller, repository)) {
    if (publicReads === 'covered' || repository.private || write) throw notFound();
    return;
  }
  const below = path.split('/').slice(4).join('/');
  const permission = NEEDS.find(([pattern]) => pattern.test(`/${below}`))?.[1] ?? 'metadata';
  if (caller.kind === 'app') {
    // An App's JWT opens only /app/… and the look-up of its own installation.
    if (below !== 'installation') throw new Refusal(403, 'Resource not accessible by integration');
  } else if (caller.kind === 'installation') {
    const granted = caller.permissions[permission];
    if (granted !== 'write' && (write || granted !== 'read'))
      throw new Refusal(403, 'Resource not accessible by integration');
  } else if (write) {
    if (permission === 'checks') throw new Refusal(403, 'You must authenticate via a GitHub App.');
    if (caller.kind === 'anonymous') throw new Refusal(401, 'Requires authentication');
    if (permission !== 'contents' && caller.account.id !== repository.owner_id)
      throw new Refusal(403, 'Must have admin rights to Repository.');
  }
}

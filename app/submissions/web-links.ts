/** Addresses of GitHub's pages about a fork. */

/**
 * What differs between two commits of a fork or of its network. Two dots compare the commits themselves and take full SHAs
 * of the parent too; three dots would start at the merge base and hide what a force-push took away.
 * Source: GitHub Docs, Comparing commits. In a mirror that is no fork, `from` must have been pushed to it.
 */
export function compareUrl(home: string, from: string, to: string): string {
  return `${home}/compare/${from}..${to}`;
}

/** Where the double is known to answer otherwise than GitHub describes, or GitHub's description is wrong; any other finding counts. */

export interface Deviation {
  /** Operation (`GET /repos/{owner}/{repo} 200`) or webhook (`fork`). */
  readonly subject: RegExp;
  readonly error: RegExp;
  readonly why: string;
}

export const DEVIATIONS: readonly Deviation[] = [
  {
    subject: /^GET \/repos\/\{owner\}\/\{repo\}\/actions\/(runs|workflows\/\{workflow_id\}\/runs)$/,
    error: /^query created: .*"date-time"/,
    why: 'described as a date-time, documented as a range of them',
  },
  {
    subject: /^GET \/app\/installations 200$/,
    error: /^\/\d+\/account must /,
    why: 'described as a user and an enterprise at once',
  },
  {
    subject: /^GET \/repos\/\{owner\}\/\{repo\} 200$/,
    error: /required property '(network_count|subscribers_count)'/,
    why: 'emulate counts neither',
  },
  {
    subject: /^GET \/repos\/\{owner\}\/\{repo\}\/branches\/\{branch\} 200$/,
    error:
      /required property '(_links|protection|node_id|html_url|comments_url|author|committer|parents|commit)'/,
    why: 'emulate answers with the short branch of a list',
  },
];

export function isKnown(subject: string, error: string): boolean {
  return DEVIATIONS.some((deviation) => deviation.subject.test(subject) && deviation.error.test(error));
}

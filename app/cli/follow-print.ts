/** What `weights --follow` tells: lines for people, or one object per look. Pure. */
import type { SetterReport } from '../chain/setter/report.ts';
import type { StandingPayload } from '../chain/standing/payload.ts';
import { plain } from '../reports/escape.ts';
import type { FollowOptions } from './follow-options.ts';
import type { Answer, Outage } from './follow-standing.ts';

export interface Look {
  readonly options: FollowOptions;
  readonly news: Answer | Outage;
  readonly report: SetterReport;
  /** Whose row it is; null in a dry run without one. */
  readonly account: string | null;
}

/** One line of JSON. */
export function lookAsJson({ options, news, report, account }: Look): string {
  const { row, block, path, shares, steps, alerts, againInBlocks } = report;
  const standing =
    news.kind === 'outage'
      ? { accepted: false, problem: { code: news.error.code, message: news.error.userMessage } }
      : {
          accepted: true,
          keyId: news.standing.keyId,
          round: news.standing.payload.round,
          issuedAt: news.standing.payload.issuedAt,
          rules: news.standing.payload.rules,
          submissions: news.standing.payload.submissions.length,
        };
  return `${JSON.stringify({
    at: new Date(report.at).toISOString(),
    referee: options.referee,
    network: options.network,
    netuid: options.netuid,
    dryRun: options.dryRun,
    account,
    standing,
    block: block?.number ?? null,
    path,
    uids: row?.uids ?? null,
    values: row?.values ?? null,
    shares: shares ?? [],
    steps,
    alerts,
    againInBlocks,
  })}\n`;
}

/** `shown` is what was told of the standing before: it is not repeated while it stays. */
export function standingAsText(
  news: Answer | Outage,
  shown: string | null,
): { text: string; shown: string | null } {
  if (news.kind === 'outage')
    return { text: `The standing cannot be used: ${plain(news.error.userMessage, 1_000)}\n`, shown: null };
  const { payload, keyId } = news.standing;
  const head = `Standing of ${payload.issuedAt}, round ${payload.round}, signed with key ${keyId}: `;
  const first = news.firstUse
    ? [
        `  This key was not seen before: compare it with what the Referee's operator says, or name it with --server-key ${keyId}`,
      ]
    : [];
  const paid = payload.submissions
    .filter(({ share }) => share > 0)
    .map(
      ({ place, share, hotkey, id, score }) =>
        `  ${place}.  ${percent(share)}  ${hotkey}  submission ${id}, score ${Math.round(score)}`,
    );
  const left = 1 - payload.shares.reduce((sum, { share }) => sum + share, 0);
  const owner = left > 1e-9 ? [`      ${percent(left)}  the subnet owner`] : [];
  const rules = [rulesOf(payload.rules)];
  const now = [...rules, ...paid, ...owner].join('\n');
  const same = `the shares follow from the decisions of ${payload.submissions.length} submissions`;
  if (now === shown) return { text: `${head}as before\n`, shown };
  return { text: `${[`${head}${same}`, ...first, ...rules, ...paid, ...owner].join('\n')}\n`, shown: now };
}

/** What the look at the chain came to. */
export function reportAsText({ options, report, account }: Look): string {
  const { block, path, row, steps, alerts, subnet, againInBlocks } = report;
  const names = new Map([...(subnet?.uidOf ?? [])].map(([hotkey, uid]) => [uid, hotkey]));
  const where = `netuid ${options.netuid} of ${options.network}`;
  const head =
    block === null
      ? `${new Date(report.at).toISOString()}  ${where}: no block could be read`
      : `${new Date(report.at).toISOString()}  ${where} at block ${block.number}${account === null ? '' : `, for ${account}`}; weights travel ${path}`;
  const values = row?.uids.map((uid, at) => {
    const owner = uid === subnet?.ownerUid ? ' (the subnet owner)' : '';
    return `  uid ${String(uid).padStart(5)}  ${String(row.values[at]).padStart(5)}  ${names.get(uid) ?? ''}${owner}`;
  });
  return `${[
    head,
    ...(values ?? []),
    ...steps.map(({ kind, message }) => `  ${kind.replace('_', ' ')}: ${plain(message, 1_000)}`),
    ...alerts.map(({ code, severity, message }) => `! ${severity} ${code}: ${plain(message, 1_000)}`),
    ...(options.once ? [] : [`  next look in ${againInBlocks} block${againInBlocks === 1 ? '' : 's'}`]),
  ].join('\n')}\n`;
}

/** They are the Referee's own word: nothing that it publishes proves them. */
function rulesOf({ shares, tieMargin, baseline }: StandingPayload['rules']): string {
  const fraction = (value: number) => `${Number((value * 100).toFixed(4))} %`;
  const beaten = baseline === null ? '' : `; the winner must beat a score of ${baseline}`;
  return `  Its rules: ${shares.map(fraction).join(', ')} for the places from the first; scores within ${fraction(tieMargin)} tie, and the earlier wins${beaten}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2).padStart(6)} %`;
}

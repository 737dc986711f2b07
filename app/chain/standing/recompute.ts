/** Computes a published standing again, from its own decisions, and says where it differs. Pure. */
import { leagueOf } from '../../scoring/league.ts';
import { type Entry, type Place, rank } from '../../scoring/rank.ts';
import { isOverClaim, scoreOf } from '../../scoring/score.ts';
import { type Share, sharesOf } from '../../scoring/shares.ts';
import type { RankedSubmission, StandingPayload } from './payload.ts';

interface Recomputed extends Entry {
  readonly published: RankedSubmission;
}

export type Recount =
  | { readonly kind: 'same'; readonly shares: readonly Share[] }
  | {
      readonly kind: 'differs';
      /** Null when no single submission is at fault. */
      readonly submission: number | null;
      readonly message: string;
    };

/**
 * `same` with the shares when places, scores and shares follow from the published decisions by the rules of this code;
 * otherwise the first submission, by place, for which they do not. Source: ranking rules 4 to 6.
 */
export function recount(payload: StandingPayload): Recount {
  const published = [...payload.submissions].sort((a, b) => a.place - b.place || a.id - b.id);
  for (const submission of published) {
    const problem = problemWith(submission, published);
    if (problem !== null) return differs(submission.id, problem);
  }
  let places: readonly Place<Recomputed>[];
  let shares: readonly Share[];
  try {
    const { tieMargin, baseline } = payload.rules;
    places = rank(published.map(recomputed), { tieMargin, baseline });
    shares = sharesOf(places, payload.rules.shares);
  } catch (error) {
    return differs(null, `its rules cannot be applied: ${(error as Error).message}`);
  }
  return differenceOfPlaces(places, published) ?? differenceOfShares(shares, places, payload);
}

/** What is wrong with a submission by itself; null when nothing is. */
function problemWith(submission: RankedSubmission, all: readonly RankedSubmission[]): string | null {
  const { id, decision, codeDigest, digestOwner, multiplier, targetLength } = submission;
  if (all.some((other) => other !== submission && other.id === id)) return 'it stands in the standing twice';
  if (decision.status !== 'accepted') return `it has a place, but its decision is ${decision.status}`;
  const first = all.find((other) => other.codeDigest === codeDigest && other.digestOwner !== null);
  if (digestOwner !== null && first !== undefined && first !== submission)
    return `it has the code of submission ${first.id}, and a copy has no place`;
  const league = leagueOf(targetLength);
  if (multiplier !== league.multiplier)
    return `its multiplier is published as ${multiplier}, and that of league ${league.name} is ${league.multiplier}`;
  const score = scoreAgain(submission);
  return score === submission.score
    ? null
    : `its score is published as ${submission.score}, and its figures give ${score}`;
}

/** Null for figures so large that they have no score. */
function scoreAgain({ tokensPerSec, claimedTokensPerSec, ...figure }: RankedSubmission): number | null {
  try {
    return isOverClaim(tokensPerSec, claimedTokensPerSec) ? 0 : scoreOf(figure);
  } catch {
    return null;
  }
}

function recomputed(published: RankedSubmission): Recomputed {
  const { id, hotkey, ownerId, digestOwner } = published;
  const receivedAt = Date.parse(published.receivedAt);
  return { id, hotkey, ownerId, digestOwner, receivedAt, score: scoreAgain(published), published };
}

function differenceOfPlaces(
  places: readonly Place<Recomputed>[],
  published: readonly RankedSubmission[],
): Recount | null {
  const placeOf = new Map(places.map(({ place, entry }) => [entry.id, place]));
  for (const { id, place } of published) {
    const again = placeOf.get(id);
    if (again === undefined)
      return differs(
        id,
        `its place is published as ${place}, and by the rules it has none (a better entry of its owner, a copy, or no score)`,
      );
    if (again !== place)
      return differs(id, `its place is published as ${place}, and by the rules it is ${again}`);
  }
  return null;
}

function differenceOfShares(
  shares: readonly Share[],
  places: readonly Place<Recomputed>[],
  payload: StandingPayload,
): Recount {
  const shareOf = (list: readonly Share[], hotkey: string) =>
    list.find((share) => share.hotkey === hotkey)?.share ?? 0;
  for (const { entry } of places) {
    const again = shareOf(shares, entry.hotkey);
    for (const said of [entry.published.share, shareOf(payload.shares, entry.hotkey)])
      if (said !== again)
        return differs(entry.id, `its share is published as ${said}, and its place pays ${again}`);
  }
  const odd = payload.shares.find(
    ({ hotkey }, index) =>
      shareOf(shares, hotkey) === 0 || payload.shares.findIndex((other) => other.hotkey === hotkey) !== index,
  );
  if (odd !== undefined)
    return differs(null, `${odd.hotkey} is given ${odd.share}, and no submission of it has a paid place`);
  return { kind: 'same', shares };
}

function differs(submission: number | null, problem: string): Recount {
  const which = submission === null ? 'the standing' : `submission ${submission}`;
  return { kind: 'differs', submission, message: `${which} differs: ${problem}` };
}

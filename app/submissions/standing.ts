/** The standing of a task: its ranked submissions now, and the dry-run weights row that follows from a change. */
import { createHash } from 'node:crypto';
import type { Queryable } from '../../db/connection.ts';
import { currentRound, lockRound } from '../../db/rounds.ts';
import { type Candidate, candidates, recordWeights } from '../../db/verdicts.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { Hotkey, OwnerId } from '../ids.ts';
import { type Entry, type Place, rank } from '../scoring/rank.ts';
import { type Share, sharesOf } from '../scoring/shares.ts';
import { defaultTask, type LoadedTask, type Services } from './services.ts';

/** A fork may be out of reach this long before its entry stops ranking: GitHub has bad days too. */
const GONE_GRACE_MS = 24 * 3_600_000;

export interface RankedEntry extends Entry {
  readonly candidate: Candidate;
}
export interface Standing {
  readonly places: readonly Place<RankedEntry>[];
  readonly shares: readonly Share[];
}

export async function standingOf(
  services: Pick<Services, 'settings' | 'now'>,
  db: Queryable,
  { task }: LoadedTask,
): Promise<Standing> {
  const { tieMargin, shares, network, netuid } = services.settings;
  const eligibility = { network, netuid, goneBefore: services.now() - GONE_GRACE_MS };
  const entries = (await candidates(db, task.name, task.version, eligibility)).map(
    (candidate): RankedEntry => ({
      id: candidate.submissionId,
      hotkey: candidate.hotkey as Hotkey,
      ownerId: candidate.ownerId as OwnerId,
      score: candidate.score,
      receivedAt: candidate.receivedAt,
      digestOwner:
        candidate.digestOwnerId === null || candidate.codeDigest === task.upstream.codeDigest
          ? null
          : { hotkey: candidate.digestHotkey as Hotkey | null, ownerId: candidate.digestOwnerId as OwnerId },
      candidate,
    }),
  );
  const places = rank(entries, { tieMargin });
  return { places, shares: sharesOf(places, shares) };
}

/** Stores a weights row when the standing of the paid task changed. Run it inside the transaction that changed it. */
export async function recordStanding(services: Services, trx: Queryable, at: number): Promise<void> {
  const roundId = await currentRound(trx, at);
  // Two replicas that decide at once follow each other here, so that the later one sees the earlier one's decision.
  await lockRound(trx, roundId);
  const { places, shares } = await standingOf(services, trx, defaultTask(services));
  const listed = places.map(({ place, entry }) => ({
    place,
    submissionId: entry.id,
    hotkey: entry.hotkey,
    score: entry.score,
  }));
  await recordWeights(trx, {
    roundId,
    dryRun: 1,
    shares: canonicalJson(shares),
    places: canonicalJson(listed),
    digest: createHash('sha256').update(canonicalJson({ shares, listed })).digest('hex'),
    createdAt: at,
  });
}

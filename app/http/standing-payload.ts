/** Reads the standing of the paid task as it is published. Names, commits and code of forks stay untold. */

import { currentRound } from '../../db/rounds.ts';
import { recordsOf, resultDigests } from '../../db/verdicts.ts';
import type { StandingPayload } from '../chain/standing/payload.ts';
import { readStoredResult } from '../evaluations/schema.ts';
import { leagueOf } from '../scoring/league.ts';
import { defaultTask, type Services } from '../submissions/services.ts';
import { type RankedEntry, standingOf } from '../submissions/standing.ts';

const MINUTE_MS = 60_000;

/** Reads as often as it is called, but for one thing: the interval of a record, which never changes, is read once. */
export function createStandingReader(services: Services): () => Promise<StandingPayload> {
  /** High ends of the intervals, by verdict. */
  const highs = new Map<number, number | null>();
  return async () => {
    const { db, settings, tasks } = services;
    const loaded = defaultTask(services);
    const now = services.now();
    const { places, shares } = await standingOf(services, db, loaded);
    const ids = places.map(({ entry }) => entry.id);
    const digests = await resultDigests(db, ids, loaded.task.version);
    await readHighs(
      services,
      places.map(({ entry }) => entry),
      highs,
    );
    return {
      kind: 'standing',
      version: 1,
      network: settings.network,
      netuid: settings.netuid,
      issuedAt: iso(now - (now % MINUTE_MS)),
      round: await currentRound(db, now),
      tasks: [...tasks.values()].map(({ task: { name, version }, digest }) => ({ name, version, digest })),
      rules: { shares: [...settings.shares], tieMargin: settings.tieMargin, baseline: null },
      submissions: places.map(({ place, entry }) => {
        const { candidate } = entry;
        return {
          place,
          id: entry.id,
          hotkey: entry.hotkey,
          ownerId: entry.ownerId,
          codeDigest: candidate.codeDigest,
          digestOwner: entry.digestOwner,
          targetLength: candidate.targetLength,
          multiplier: leagueOf(candidate.targetLength).multiplier,
          tokensPerSec: candidate.tokensPerSec,
          tokensPerSecLow: candidate.tokensPerSecLow,
          tokensPerSecHigh: highs.get(candidate.verdictId) ?? null,
          claimedTokensPerSec: candidate.claimedTokensPerSec,
          score: candidate.score,
          decision: {
            id: candidate.decisionId,
            status: 'accepted',
            reason: candidate.decisionReason,
            decidedAt: iso(candidate.decidedAt),
          },
          results: [...(digests.get(entry.id) ?? [])],
          receivedAt: iso(candidate.receivedAt),
          share: shares.find(({ hotkey }) => hotkey === entry.hotkey)?.share ?? 0,
        };
      }),
      shares: [...shares],
    };
  };
}

async function readHighs(
  { db }: Services,
  entries: readonly RankedEntry[],
  highs: Map<number, number | null>,
): Promise<void> {
  const wanted = entries.filter(({ candidate }) => !highs.has(candidate.verdictId));
  const records = await recordsOf(
    db,
    wanted.map(({ candidate }) => candidate.verdictId),
  );
  for (const { candidate } of wanted) {
    const record = records.find(({ id }) => id === candidate.verdictId);
    highs.set(
      candidate.verdictId,
      record === undefined ? null : highOf(record.result, candidate.targetLength),
    );
  }
}

/** As `tokensPerSecLow` of the record, with the other end of the slowest class's interval. */
function highOf(text: string, targetLength: number): number | null {
  const measured = readStoredResult(text)?.measurements.find(({ length }) => length === targetLength);
  if (measured === undefined) return null;
  const slowestNs = measured.fixedNs + Math.max(...measured.classes.map(({ ciLowNs }) => ciLowNs));
  return slowestNs > 0 ? (measured.length * 1e9) / slowestNs : null;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** A standing that follows from its own decisions, as builders. */
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { StandingPayload } from '../../../app/chain/standing/payload.ts';
import { leagueOf } from '../../../app/scoring/league.ts';
import { scoreOf } from '../../../app/scoring/score.ts';
import { DEFAULT_SHARES } from '../../../app/scoring/shares.ts';

export const HOTKEYS = [
  '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
  '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty',
  '5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y',
  '5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy',
  '5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw',
] as const;

/** 2026-11-21 14:00 UTC. */
export const ISSUED_AT = Date.UTC(2026, 10, 21, 14, 0, 0);
const hex = (text: string) => createHash('sha256').update(text).digest('hex');

/** What a test changes: any JSON, also one that is no standing. */
export type Loose = z.input<typeof StandingPayload>;

export function aRanked(
  place: number,
  more: Partial<Loose['submissions'][number]> = {},
): Loose['submissions'][number] {
  const tokensPerSecLow = more.tokensPerSecLow ?? 100_000 / place;
  const targetLength = more.targetLength ?? 1_000_000;
  const hotkey = HOTKEYS[place - 1] ?? HOTKEYS[0];
  return {
    place,
    id: 40 + place,
    hotkey,
    ownerId: 500 + place,
    codeDigest: hex(`code ${place}`),
    digestOwner: { hotkey, ownerId: 500 + place },
    targetLength,
    multiplier: leagueOf(targetLength).multiplier,
    tokensPerSec: tokensPerSecLow * 1.01,
    tokensPerSecLow,
    tokensPerSecHigh: tokensPerSecLow * 1.02,
    claimedTokensPerSec: null,
    score: scoreOf({ tokensPerSecLow, targetLength }),
    decision: { id: 70 + place, status: 'accepted', reason: 'accepted', decidedAt: iso(ISSUED_AT - 60_000) },
    results: [hex(`result ${place}`)],
    receivedAt: iso(ISSUED_AT - 600_000 + place),
    share: DEFAULT_SHARES[place - 1] ?? 0,
    ...more,
  };
}

/** Five places, four of them paid. */
export function aStanding(more: Partial<Loose> = {}): StandingPayload {
  const submissions = more.submissions ?? [1, 2, 3, 4, 5].map((place) => aRanked(place));
  return StandingPayload.parse({
    kind: 'standing',
    version: 1,
    network: 'test',
    netuid: 24,
    issuedAt: iso(ISSUED_AT),
    round: 3,
    tasks: [{ name: 'quasar', version: 1, digest: hex('task') }],
    rules: { shares: [...DEFAULT_SHARES], tieMargin: 0.01, baseline: null },
    submissions,
    shares: submissions.filter(({ share }) => share > 0).map(({ hotkey, share }) => ({ hotkey, share })),
    ...more,
  } satisfies Loose);
}

export const iso = (ms: number): string => new Date(ms).toISOString();

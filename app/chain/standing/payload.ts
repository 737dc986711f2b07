/** The standing as the App signs it: enough for anybody to compute the shares again. */
import { z } from 'zod';
import type { Hotkey as HotkeyAddress, OwnerId } from '../../ids.ts';
import { NetworkName } from './envelope.ts';

const Int = z.number().int();
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** A row's id: an int4 of PostgreSQL. */
const Id = Int.positive().max(2_147_483_647);
/** RFC 3339 in UTC with milliseconds, which decide ties. */
const Time = z.iso.datetime({ precision: 3 });
const Hotkey = z
  .string()
  .regex(/^[1-9A-HJ-NP-Za-km-z]{46,50}$/)
  .transform((text) => text as HotkeyAddress);
/** GitHub's number of an account. */
const Owner = Int.positive().transform((id) => id as OwnerId);
const Figure = z.number().positive();
const Share = z.number().min(0).max(1);

/** A submission that has a place. Names, commits and code of its repository are not told: it may be private. */
export const RankedSubmission = z.strictObject({
  place: Int.positive(),
  id: Id,
  hotkey: Hotkey,
  ownerId: Owner,
  codeDigest: Sha256,
  /** Who delivered this code first; null for the pinned upstream's own, which belongs to nobody. */
  digestOwner: z.strictObject({ hotkey: Hotkey.nullable(), ownerId: Owner }).nullable(),
  targetLength: Int.positive(),
  /** Multiplier of the league of that length. */
  multiplier: Figure,
  /** Of the median of the accepted verdicts, with the ends of its confidence interval; the low one scores. */
  tokensPerSec: Figure,
  tokensPerSecLow: Figure,
  /** Null where the record is of an older shape. */
  tokensPerSecHigh: Figure.nullable(),
  claimedTokensPerSec: Figure.nullable(),
  score: z.number().nonnegative(),
  decision: z.strictObject({
    id: Id,
    status: z.enum(['accepted', 'rejected', 'inconclusive']),
    reason: z.string().max(40),
    decidedAt: Time,
  }),
  /** sha256 of each result record behind the decision, as its runner posted it, oldest first. */
  results: z.array(Sha256).max(64),
  receivedAt: Time,
  /** Fraction of the reward; 0 below the paid places. */
  share: Share,
});
export type RankedSubmission = z.infer<typeof RankedSubmission>;

export const StandingPayload = z.strictObject({
  kind: z.literal('standing'),
  version: z.literal(1),
  network: NetworkName,
  netuid: Int.min(0).max(65_535),
  /** When the App read it, in whole minutes, so that it is signed anew at least that often. */
  issuedAt: Time,
  round: Id,
  /** Enabled tasks; the first is the one that is paid, and the submissions are those of it. */
  tasks: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
        version: Int.positive(),
        digest: Sha256,
      }),
    )
    .min(1)
    .max(64),
  rules: z.strictObject({
    /** Fractions of the reward for places 1, 2, … */
    shares: z.array(Share).max(256),
    /** Scores within this fraction of the best one left tie with it. Without a bound the earliest would win, whatever its score. */
    tieMargin: z.number().min(0).lt(1),
    /** What the winner's score must exceed; null where everybody ranks. */
    baseline: z.number().nonnegative().nullable(),
  }),
  submissions: z.array(RankedSubmission).max(4096),
  shares: z.array(z.strictObject({ hotkey: Hotkey, share: Share.positive() })).max(256),
});
export type StandingPayload = z.infer<typeof StandingPayload>;

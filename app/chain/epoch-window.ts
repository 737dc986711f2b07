/** Whether weights should be sent now, or after how many blocks. Pure. */

import { type EpochSchedule, guardBlocks, nextEpochBlock } from './epoch.ts';

/** Late enough that the standing is fresh, early enough that there is time to try again. */
const FROM_BLOCKS_BEFORE = 60;

/** What holds a uid back, read at the block of the schedule. */
export interface RateLimit {
  /** `LastUpdate` of our uid; 0 when it never sent any. */
  readonly lastUpdate: number;
  /** `WeightsSetRateLimit`. */
  readonly rateLimitBlocks: number;
}

export type SendTime =
  | { readonly kind: 'now' }
  | {
      readonly kind: 'wait';
      /** Ask again, with what is read then, when the head is this many blocks further; at least 1. */
      readonly blocks: number;
      readonly why: 'rate_limit' | 'too_early' | 'boundary';
      readonly message: string;
    };

/**
 * Blocks that must go by before the chain takes weights of this uid in its next block; 0 when it takes them now.
 * Source: subtensor `check_rate_limit`, which passes from `LastUpdate` + limit on, and always while `LastUpdate` is 0.
 */
export function rateLimitWait(head: number, { lastUpdate, rateLimitBlocks }: RateLimit): number {
  return lastUpdate === 0 ? 0 : Math.max(0, lastUpdate + rateLimitBlocks - (head + 1));
}

/**
 * Weights are sent once per epoch, in the last 60 blocks before it runs but for the very last (`guardBlocks`), when the
 * rate limit lets them pass. Whether this epoch's were sent already is for the caller to know. Throws `EpochError`.
 */
export function whenToSend(schedule: EpochSchedule, rateLimit: RateLimit): SendTime {
  const left = nextEpochBlock(schedule) - schedule.head;
  const limited = rateLimitWait(schedule.head, rateLimit);
  const early = left - FROM_BLOCKS_BEFORE;
  if (limited > 0 && limited >= early)
    return wait(limited, 'rate_limit', `the rate limit of the subnet lets weights pass in ${said(limited)}`);
  if (early > 0)
    return wait(
      early,
      'too_early',
      `the epoch runs in ${said(left)}: weights are sent in its last ${FROM_BLOCKS_BEFORE}`,
    );
  if (left <= guardBlocks(schedule))
    return wait(left, 'boundary', `the epoch runs in ${said(left)}: too late to be sure to be in it`);
  return { kind: 'now' };
}

/** False where the tempo is so short that no block of an epoch is early enough (`guardBlocks`): nothing is ever sent there. */
export function leavesTime(schedule: EpochSchedule): boolean {
  // on the old chain an epoch lasts a block more
  const longest = schedule.tempo + (schedule.form === 'modulo' ? 1 : 0);
  return longest > guardBlocks(schedule);
}

function wait(blocks: number, why: 'rate_limit' | 'too_early' | 'boundary', message: string): SendTime {
  return { kind: 'wait', blocks, why, message };
}

function said(blocks: number): string {
  return `${blocks} block${blocks === 1 ? '' : 's'}`;
}

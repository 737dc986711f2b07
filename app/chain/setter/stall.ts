/** A chain that finalizes nothing, or an endpoint that does not hear of it: it still answers, and every reading is old. */
import type { ChainAlert } from './report.ts';

/** 50 blocks of Bittensor: bytes that are signed at a block of then are refused by a chain that goes on. */
const STALLED_MS = 600_000;

/** One for each setter; told of every finalized block that it reads, it answers with what is worth an alert. */
export function stallWatch(now: () => number): (block: number) => readonly ChainAlert[] {
  let highest = -1;
  let since = now();
  return (block) => {
    if (block > highest) {
      highest = block;
      since = now();
    }
    const ms = now() - since;
    if (ms < STALLED_MS) return [];
    return [
      {
        code: 'stalled',
        severity: 'page',
        message: `block ${highest} has been the last finalized one for ${Math.floor(ms / 60_000)} minutes: the chain finalizes nothing, or the endpoint does not hear of it; put another one first`,
      },
    ];
  };
}

/** The newest finalized block, which never goes back, on a connection whose polkadot-js was made for its runtime. */
import { ChainError, type ChainView } from '../chain.ts';
import { finalizedHead } from './blocks.ts';
import type { Connection } from './open.ts';
import { runtimeVersion } from './runtime.ts';
import { viewOf } from './view.ts';

/** Blocks that an endpoint may be behind what was seen before another one is tried. */
const TOLERATED_LAG = 20;

/** Answers below it, one after the other, after which a height was a lie or its chain is gone. A quarter of an hour of looks. */
const DISBELIEF = 100;

/** Remembers the highest finalized block over all connections. `renew` replaces a connection after an upgrade. */
export function newestView(
  renew: (connection: Connection) => void,
): (connection: Connection) => Promise<ChainView> {
  let highest = 0;
  let seenBy: Connection | null = null;
  let below = 0;
  return async (connection) => {
    const head = await finalizedHead(connection);
    // two requests over one connection may overtake each other, and that is all
    if (head.number < highest && connection !== seenBy && ++below < DISBELIEF) {
      const behind = new ChainError(
        'unreachable',
        `${connection.endpoint} has finalized block ${head.number}, and ${highest} was seen before: it is behind, look again later`,
      );
      if (highest - head.number > TOLERATED_LAG) connection.end(behind);
      throw behind;
    }
    const view = await viewOf(connection, head);
    if (view.specVersion !== connection.specVersion) {
      // not where the newest block is the one that is ahead: the connection was made for that
      const { specVersion } = await runtimeVersion(connection);
      if (specVersion !== connection.specVersion) {
        renew(connection);
        throw connection.ended();
      }
    }
    if (head.number >= highest || below >= DISBELIEF) {
      below = 0;
      highest = head.number;
      seenBy = connection;
    }
    return view;
  };
}

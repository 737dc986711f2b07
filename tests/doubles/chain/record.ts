/** Everything that reached the double, for tests to look at. */
import type { WeightCall } from './pallet/weight-call.ts';

export interface Submission {
  readonly hash: string;
  readonly bytes: string;
  readonly signer: string;
  /** `accepted`, or the refusal as `code: message: data`. */
  readonly answer: string;
}

export interface Inclusion {
  readonly hash: string;
  readonly block: number;
  readonly index: number;
  readonly signer: string;
  readonly nonce: number;
  /** The account whose weights these are: the signer, or behind a proxy the real one. */
  readonly hotkey: string;
  /** Null for a call that sets no weights. */
  readonly call: WeightCall | null;
  /** The epoch of the subnet that it counts to; null for a call that sets no weights. */
  readonly epoch: number | null;
  /** `Pallet.Error`; null when it succeeded. Behind a proxy, the inner one. */
  readonly error: string | null;
}

export interface Reveal {
  readonly block: number;
  readonly hotkey: string;
  readonly netuid: number;
  readonly mecid: number;
  readonly epoch: number;
  /** Why nothing was stored, which on a real chain only the node's log knows; null when the row was. */
  readonly problem: string | null;
}

export class ChainRecord {
  /** JSON-RPC methods in the order in which they came, with their parameters. */
  readonly requests: { readonly method: string; readonly params: readonly unknown[] }[] = [];
  readonly submissions: Submission[] = [];
  /** Connections that were cut as they came, because of a fault. */
  refusedConnections = 0;
  inclusions: Inclusion[] = [];
  reveals: Reveal[] = [];

  /** Forgets what was in blocks after that one, for they are none any more. */
  rewind(block: number): void {
    this.inclusions = this.inclusions.filter((each) => each.block <= block);
    this.reveals = this.reveals.filter((each) => each.block <= block);
  }

  /** How often a method was called. */
  count(method: string): number {
    return this.requests.filter((request) => request.method === method).length;
  }

  /** Weight calls of a hotkey that are in blocks, also failed ones. */
  inclusionsOf(hotkey: string, netuid: number): Inclusion[] {
    return this.inclusions.filter((each) => each.hotkey === hotkey && each.call?.netuid === netuid);
  }

  /** The same by epoch: `[[epoch, how many], …]`, in order, of those that succeeded. */
  inclusionsByEpoch(hotkey: string, netuid: number): [epoch: number, count: number][] {
    const counts = new Map<number, number>();
    for (const { epoch, error } of this.inclusionsOf(hotkey, netuid))
      if (epoch !== null && error === null) counts.set(epoch, (counts.get(epoch) ?? 0) + 1);
    return [...counts].sort(([a], [b]) => a - b);
  }
}

/** Looks for what became of an attempt in the finalized chain. Reads only. */
import { decodeAddress } from '@polkadot/util-crypto/address';
import { type Chain, ChainError, type ChainView } from '../chain.ts';
import { commitEpoch, EpochError } from '../epoch.ts';
import type { PendingCommit, SubnetState } from '../subnet.ts';
import { revealWindow } from './draft-weights.ts';
import type { Sighting } from './snapshot.ts';
import type { WeightSet } from './weight-set.ts';

export type ReadSubnet = (
  view: ChainView,
  of: { readonly netuid: number; readonly hotkey: string | null },
) => Promise<SubnetState>;

/**
 * Remembers, for speed alone, up to which block it has searched: a new process searches again from where the attempt can
 * be. One for each setter.
 */
export class Lookout {
  /** The last block that was searched for a signed one, or in which the commit of an included one still waited. */
  readonly #searched = new Map<number, number>();
  readonly #chain: Chain;
  readonly #readSubnet: ReadSubnet;
  constructor(chain: Chain, readSubnet: ReadSubnet) {
    this.#chain = chain;
    this.#readSubnet = readSubnet;
  }

  /** Rejects with `ChainError` while the chain gives no answer. */
  async sight(set: WeightSet, head: SubnetState): Promise<Sighting> {
    if (set.state === 'signed') return this.#find(set, head.block.number);
    if (set.state !== 'included' || set.includedBlock === null) return { kind: 'unknown' };
    // another replica may have seen a newer block than this one
    if (head.block.number < set.includedBlock) return { kind: 'unknown' };
    return set.kind === 'plain' ? this.#readBack(set, set.includedBlock, head) : this.#watchCommit(set, head);
  }

  async #find({ id, extrinsic, kind, netuid }: WeightSet, head: number): Promise<Sighting> {
    if (extrinsic === null) return { kind: 'unknown' };
    const { bytes, birthBlock, deathBlock } = extrinsic;
    const to = Math.min(head, deathBlock - 1);
    const from = Math.max(birthBlock, (this.#searched.get(id) ?? 0) + 1);
    if (from > to) return { kind: 'absent' };
    const outcome = await unlessPruned(() => this.#chain.find(bytes, from, to));
    if (outcome === 'pruned') return { kind: 'out_of_sight' };
    if (outcome !== null)
      return { kind: 'found', outcome, counts: await this.#countsTo(outcome.block.number, kind, netuid) };
    this.#searched.set(id, to);
    return { kind: 'absent' };
  }

  /** What a call in that block counts to follows from the block before it. */
  async #countsTo(block: number, kind: WeightSet['kind'], netuid: number) {
    const before = await unlessPruned(() => this.#stateAt(block - 1, netuid, null));
    if (before === 'pruned') return null;
    try {
      const epoch = commitEpoch(before.schedule);
      const reveal = kind === 'plain' ? null : revealWindow(before.schedule, before.revealPeriodEpochs);
      return { epoch, reveal };
    } catch (error) {
      if (error instanceof EpochError) return null;
      throw error;
    }
  }

  async #readBack(set: WeightSet, block: number, head: SubnetState): Promise<Sighting> {
    const then = await unlessPruned(() => this.#stateAt(block, set.netuid, set.hotkey));
    const state = then === 'pruned' ? head : then;
    return { kind: 'read_back', block: state.block.number, row: state.own?.row ?? [], by: 'row' };
  }

  /**
   * The chain takes a commit away in the block in which it opens or drops it, whenever the owner of the subnet makes that
   * be. An opened one leaves an event there; a dropped one leaves nothing.
   */
  async #watchCommit(set: WeightSet, head: SubnetState): Promise<Sighting> {
    const waiting = commitOf(set, head);
    if (waiting !== undefined) {
      this.#searched.set(set.id, head.block.number);
      return { kind: 'sealed', epoch: waiting.epoch };
    }
    const { gone, sure } = await this.#goneSince(set, head.block.number);
    const events = await unlessPruned(() => this.#chain.initializationEvents(gone));
    const isOpened = events !== 'pruned' && events.some((event) => isReveal(event, set));
    const back = await this.#readBack(set, gone, head);
    if (isOpened && back.kind === 'read_back') return { ...back, by: 'event' };
    // where the block of the opening is forgotten, only an equal row proves it
    if (!sure || events === 'pruned') return back;
    return {
      kind: 'never_opened',
      message: `the chain dropped the commit in block ${gone} without opening it, which leaves no error: see whether it had the pulse of drand round ${set.revealRound}`,
    };
  }

  /** The first block without the commit; `sure` unless blocks before it are forgotten. */
  async #goneSince(set: WeightSet, head: number): Promise<{ gone: number; sure: boolean }> {
    let sealed = Math.max(set.includedBlock ?? 0, this.#searched.get(set.id) ?? 0);
    let gone = head;
    let sure = true;
    while (gone - sealed > 1) {
      const middle = Math.floor((sealed + gone) / 2);
      const state = await unlessPruned(() => this.#stateAt(middle, set.netuid, set.hotkey));
      if (state === 'pruned') sure = false;
      else if (commitOf(set, state) !== undefined) sure = true;
      if (state === 'pruned' || commitOf(set, state) !== undefined) sealed = middle;
      else gone = middle;
    }
    return { gone, sure };
  }

  async #stateAt(block: number, netuid: number, hotkey: string | null): Promise<SubnetState> {
    return this.#readSubnet(await this.#chain.viewAt(block), { netuid, hotkey });
  }
}

/** Undefined once the chain keeps it no more. */
function commitOf({ commitHash }: WeightSet, { own }: SubnetState): PendingCommit | undefined {
  return own?.commits.find((commit) => commit.commitHash === commitHash);
}

/** Named after version 3 before there were mechanisms. */
const REVEALS: readonly string[] = ['TimelockedWeightsRevealed', 'CRV3WeightsRevealed'];

function isReveal(
  { method, data }: { readonly method: string; readonly data: readonly unknown[] },
  { netuid, hotkey }: WeightSet,
): boolean {
  const [index, who] = data;
  return REVEALS.includes(method) && Number(index) === netuid && isAccount(who, hotkey);
}

function isAccount(who: unknown, hotkey: string): boolean {
  return typeof who === 'string' && Buffer.from(decodeAddress(who)).equals(decodeAddress(hotkey));
}

async function unlessPruned<T>(read: () => Promise<T>): Promise<T | 'pruned'> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ChainError && error.code === 'pruned') return 'pruned';
    throw error;
  }
}

/**
 * What to do about the weights, without any I/O: from what is stored and what one finalized block says to the next steps. A
 * driver does the first step and asks again, so that a crash at any line, a time-out and a second replica end in the same
 * place: never two inclusions for one epoch, and never an epoch without one while the chain takes them.
 */
import type { WeightRow } from '../normalise.ts';
import type { Draft } from './draft-weights.ts';
import { neverLeaves } from './overdue.ts';
import { type Gate, gateOf, type Wait } from './signing-gate.ts';
import type { Sighting, Snapshot, SubnetRow } from './snapshot.ts';
import { UNKNOWN_OUTCOME, type WeightSet } from './weight-set.ts';

export type Step =
  | { readonly do: 'plan'; readonly draft: Draft }
  | { readonly do: 'sign'; readonly set: WeightSet; readonly draft: Draft }
  /** Again and again: the same transaction can be included only once, under whatever signature. */
  | { readonly do: 'submit'; readonly set: WeightSet }
  | { readonly do: 'include'; readonly set: WeightSet; readonly change: Included }
  | { readonly do: 'verify'; readonly set: WeightSet; readonly block: number; readonly by: 'event' | 'row' }
  | { readonly do: 'fail'; readonly set: WeightSet; readonly code: string; readonly message: string };

export type Included = Pick<WeightSet, 'includedBlock' | 'includedHash' | 'extrinsicIndex'> &
  Partial<Pick<WeightSet, 'epoch' | 'attempt' | 'revealFrom' | 'revealUntil' | 'extrinsic'>>;

export interface WeightPlan {
  readonly steps: readonly Step[];
  /** Why nothing is sent, and when to look again. */
  readonly wait: Wait;
}

/** What cannot be read so long after the end of an era never will be. */
const UNREADABLE_BLOCKS = 100;
/** The owner of the subnet may change everything at any block: never sleep longer than this. */
const MOST_BLOCKS = 25;

/** The next steps, in order. Asking again with the same snapshot gives the same plan. */
export function planWeights(snapshot: Snapshot): WeightPlan {
  const gate = gateOf(snapshot);
  const steps = snapshot.unfinished.flatMap(({ set, seen }) => {
    switch (set.state) {
      case 'planned':
        return plannedSteps(set, snapshot, gate);
      case 'signed':
        return signedSteps(set, seen, snapshot);
      case 'included':
        return includedSteps(set, seen, snapshot);
      default:
        return [];
    }
  });
  const unsettled = snapshot.unfinished.find(({ set }) => set.state === 'planned' || set.state === 'signed');
  if (unsettled === undefined && gate.open) steps.push({ do: 'plan', draft: gate.draft });
  return { steps, wait: waitOf(snapshot, gate, unsettled?.set ?? null) };
}

/** No bytes are stored, so none were sent: it is taken up again while it is still what should be sent. */
function plannedSteps(set: WeightSet, { epoch, draft }: Snapshot, gate: Gate): Step[] {
  if (epoch !== null && epoch !== set.epoch)
    return [fail(set, 'epoch_over', `epoch ${set.epoch} ended before anything was signed for it`)];
  if (draft === null) return [];
  if (draft.call.name !== set.call || !isSameRow(draft.row, set.row))
    return [fail(set, 'outdated_plan', 'nothing was signed for it yet, and other weights are right now')];
  return gate.open ? [{ do: 'sign', set, draft }] : [];
}

/**
 * What the pool says decides nothing: bytes that it refuses today may be in a block that is not final, or pass in the next
 * one. They are out of the way only when a finalized block has them, or when none ever can.
 */
function signedSteps(set: WeightSet, seen: Sighting, snapshot: Snapshot): Step[] {
  const { state, epoch, nonce, isTaken, history } = snapshot;
  const { extrinsic } = set;
  if (extrinsic === null) return [];
  if (seen.kind === 'found') return [settle(set, seen, history)];
  const isNonceUsed = nonce > extrinsic.nonce;
  const isOver = state.block.number >= extrinsic.deathBlock - 1;
  if (seen.kind === 'unreadable' && state.block.number >= extrinsic.deathBlock + UNREADABLE_BLOCKS)
    return [fail(set, UNKNOWN_OUTCOME, 'the blocks that it could be in cannot be read')];
  if (seen.kind === 'out_of_sight' && isNonceUsed)
    return [
      fail(
        set,
        UNKNOWN_OUTCOME,
        'the node has forgotten the blocks that it could be in, and its nonce is used',
      ),
    ];
  // an endpoint that gives no blocks may take them all the same, and sending them again does no harm. What would only count to
  // the next epoch is not pushed: that one gets its own, with its own standing. Nor is what would be the second of its epoch
  const again: Step[] = epoch === set.epoch && !isOver && !isTaken ? [{ do: 'submit', set }] : [];
  if (seen.kind !== 'absent' && seen.kind !== 'out_of_sight') return again;
  if (isNonceUsed)
    return [fail(set, 'nonce_used', `another transaction of the account used nonce ${extrinsic.nonce}`)];
  if (isOver)
    return [
      fail(set, 'era_over', `no block up to ${extrinsic.deathBlock - 1} has it, and later ones cannot`),
    ];
  return again;
}

function settle(
  set: WeightSet,
  { outcome, counts }: Extract<Sighting, { kind: 'found' }>,
  history: readonly WeightSet[],
): Step {
  const { block, index, bytes, hash, problem } = outcome;
  if (problem !== null)
    return fail(set, problem.code, `the chain refused it in block ${block.number}: ${problem.message}`);
  const reveal = counts?.reveal ?? null;
  // where another one has that epoch already, it keeps the one that it was meant for
  const isTaken = history.some(
    ({ id, epoch, state }) => id !== set.id && epoch === counts?.epoch && state !== 'failed',
  );
  const change: Included = {
    includedBlock: block.number,
    includedHash: block.hash,
    extrinsicIndex: index,
    // perhaps under another signature than the stored one
    extrinsic: set.extrinsic && { ...set.extrinsic, bytes, hash },
    ...(reveal === null ? {} : { revealFrom: reveal.from, revealUntil: reveal.until }),
    ...(counts === null || counts.epoch === set.epoch || isTaken ? {} : moved(counts.epoch, history)),
  };
  return { do: 'include', set, change };
}

/** It came later than it was meant to: that epoch has its weights now, and gets no others. */
function moved(epoch: number, history: readonly WeightSet[]): Pick<WeightSet, 'epoch' | 'attempt'> {
  const attempts = history.filter((set) => set.epoch === epoch).map(({ attempt }) => attempt);
  return { epoch, attempt: Math.max(0, ...attempts) + 1 };
}

function includedSteps(set: WeightSet, seen: Sighting, snapshot: Snapshot): Step[] {
  if (seen.kind === 'never_opened') return [fail(set, 'reveal_lost', seen.message)];
  if (seen.kind === 'sealed') {
    const why = neverLeaves(seen.epoch, set, snapshot);
    return why === null ? [] : [fail(set, 'reveal_lost', why)];
  }
  if (seen.kind !== 'read_back') return [];
  if (isSameRow(set.row, rowOf(seen.row))) return [{ do: 'verify', set, block: seen.block, by: seen.by }];
  const found = seen.row.map(([uid, value]) => `${uid}: ${value}`).join(', ') || 'none';
  return [
    fail(
      set,
      'row_differs',
      `the row that the chain has in block ${seen.block} is not the one that was sent: ${found}`,
    ),
  ];
}

function waitOf({ state, unfinished }: Snapshot, gate: Gate, unsettled: WeightSet | null): Wait {
  const head = state.block.number;
  const asleep: Wait =
    unsettled !== null
      ? { kind: gate.open ? 'wait' : gate.kind, message: waitsFor(unsettled, gate), blocks: 1 }
      : gate.open
        ? { kind: 'wait', message: 'weights are about to be sent', blocks: 1 }
        : { kind: gate.kind, message: gate.message, blocks: gate.blocks };
  const reveals = unfinished
    .filter(({ set }) => set.state === 'included')
    .map(({ set }) => (set.revealFrom ?? head) - head);
  return { ...asleep, blocks: Math.max(1, Math.min(MOST_BLOCKS, asleep.blocks, ...reveals)) };
}

function waitsFor({ state, epoch, extrinsic }: WeightSet, gate: Gate): string {
  if (state === 'signed')
    return `the weights of epoch ${epoch} are on their way: no finalized block has them yet, and block ${extrinsic?.deathBlock} is the first that cannot`;
  return gate.open ? `the weights of epoch ${epoch} are to be signed` : gate.message;
}

function fail(set: WeightSet, code: string, message: string): Step {
  return { do: 'fail', set, code, message };
}

function rowOf(row: SubnetRow): WeightRow {
  return { uids: row.map(([uid]) => uid), values: row.map(([, value]) => value) };
}

/** In whatever order; an entry of 0 gives nothing, so it may be missing. */
function isSameRow(a: WeightRow, b: WeightRow): boolean {
  return entries(a) === entries(b);
}

function entries({ uids, values }: WeightRow): string {
  return uids
    .map((uid, at) => [uid, values[at] ?? 0] as const)
    .filter(([, value]) => value > 0)
    .sort(([x], [y]) => x - y)
    .join(';');
}

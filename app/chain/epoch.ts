/** When a subnet's epochs run, and which drand round opens weights that are committed now. Pure. */

/** Runtimes that keep the schedule in storage (`LastEpochBlock` exists, since about spec 407). All of one block. */
export interface StatefulSchedule {
  readonly form: 'stateful';
  /** The block that all of this was read at. */
  readonly head: number;
  readonly tempo: number;
  readonly lastEpochBlock: number;
  /** 0 when the owner asked for no epoch. */
  readonly pendingEpochAt: number;
  readonly subnetEpochIndex: number;
  readonly blocksSinceLastStep: number;
}

/**
 * Runtimes before that, such as spec 293: the schedule follows from the block number alone, and commits are opened in the
 * block in which the epoch runs, with one try. Source: opentensor/subtensor f59e608, `run_coinbase` and `weights.rs`.
 */
export interface ModuloSchedule {
  readonly form: 'modulo';
  readonly head: number;
  readonly tempo: number;
  readonly netuid: number;
}

export type EpochSchedule = StatefulSchedule | ModuloSchedule;

/** The beacon whose pulses the chain opens commits with; drand's quicknet, unless a test has its own. */
export interface BeaconClock {
  readonly genesisSeconds: number;
  readonly periodSeconds: number;
}

export interface RevealRequest {
  /** `RevealPeriodEpochs`, 1 to 100. */
  readonly revealPeriodEpochs: number;
  /** Unix seconds at which the head was the head. */
  readonly nowSeconds: number;
  readonly beacon: BeaconClock;
  /** How long a block takes; 12 on Bittensor. */
  readonly blockSeconds?: number;
}

export type EpochErrorCode =
  | 'no_epochs'
  | 'impossible_schedule'
  | 'bad_reveal_period'
  | 'before_beacon'
  | 'too_late';

/** The schedule allows no answer. Only `too_late` passes by itself. */
export class EpochError extends Error {
  override readonly name = 'EpochError';
  readonly retryable: boolean;
  constructor(
    readonly code: EpochErrorCode,
    readonly userMessage: string,
  ) {
    super(`${code}: ${userMessage}`);
    this.retryable = code === 'too_late';
  }
}

/** An epoch runs at the latest when this many blocks went by (subtensor `MAX_TEMPO`). */
const MAX_BLOCKS_BETWEEN_STEPS = 50_400;
const MAX_REVEAL_PERIOD = 100;
/**
 * Today's chain tries again in every block of the epoch, so the pulse is wanted some blocks after the first try. Source:
 * bittensor-drand 2.
 */
const PULSE_AFTER_BLOCKS = 3;
/** The old chain must have stored the pulse when it looks; so much earlier, counted from the block after. Source: bittensor-drand 0. */
const STORED_AFTER_ROUNDS = 24;
const BLOCK_SECONDS = 12;

/**
 * The first block after the head in which an epoch of the subnet runs. At most `MaxEpochsPerBlock` subnets have theirs
 * in one block, so it may be deferred; read the schedule again at every block. Throws `EpochError`.
 */
export function nextEpochBlock(schedule: EpochSchedule): number {
  checkSchedule(schedule);
  return schedule.form === 'stateful' ? nextEpoch(schedule) : nextModuloEpoch(schedule);
}

/** The epoch that a commit included in the next block belongs to. Throws `EpochError`. */
export function commitEpoch(schedule: EpochSchedule): number {
  checkSchedule(schedule);
  // one included in the block of an epoch counts to the next, as if it came a block later
  if (schedule.form === 'modulo') return moduloEpochOf(schedule.head + 2, schedule);
  return schedule.subnetEpochIndex + (nextLookAhead(schedule) === schedule.head + 1 ? 1 : 0);
}

/** The first block in which the chain tries to open a commit that is included in the next block. Throws `EpochError`. */
export function firstRevealBlock(schedule: EpochSchedule, revealPeriodEpochs: number): number {
  if (
    !(
      Number.isInteger(revealPeriodEpochs) &&
      revealPeriodEpochs >= 1 &&
      revealPeriodEpochs <= MAX_REVEAL_PERIOD
    )
  )
    throw new EpochError(
      'bad_reveal_period',
      `RevealPeriodEpochs is ${revealPeriodEpochs}, not 1 to ${MAX_REVEAL_PERIOD}`,
    );
  const target = commitEpoch(schedule) + revealPeriodEpochs;
  if (schedule.form === 'modulo') return target * (schedule.tempo + 1) - (schedule.netuid + 1) - 1;
  let state = schedule;
  for (;;) {
    const block = nextEpoch(state);
    if (state.subnetEpochIndex + 1 === target) return nextLookAhead(state) === block ? block : block + 1;
    state = {
      ...state,
      head: block,
      lastEpochBlock: block,
      pendingEpochAt: 0,
      subnetEpochIndex: state.subnetEpochIndex + 1,
      blocksSinceLastStep: 0,
    };
  }
}

/**
 * The drand round to encrypt weights to. An earlier one could be read before its time, and the chain refuses it once it
 * has the pulse; a later one is not there when the chain looks, and the weights are lost without a word. Do not commit
 * in the last blocks before an epoch (`whenToSend`), where one late block moves the answer by an epoch. Throws `EpochError`.
 */
export function revealRound(schedule: EpochSchedule, request: RevealRequest): number {
  const { revealPeriodEpochs, nowSeconds, beacon, blockSeconds = BLOCK_SECONDS } = request;
  const blocks = firstRevealBlock(schedule, revealPeriodEpochs) - schedule.head;
  const roundIn = (later: number) =>
    Math.floor((nowSeconds + later * blockSeconds - beacon.genesisSeconds) / beacon.periodSeconds);
  const round =
    schedule.form === 'stateful'
      ? roundIn(blocks + PULSE_AFTER_BLOCKS)
      : roundIn(blocks + 1) - STORED_AFTER_ROUNDS;
  if (!(roundIn(0) >= 1))
    throw new EpochError(
      'before_beacon',
      `the clock says ${nowSeconds} s, which is before the beacon began: set it right`,
    );
  if (round <= roundIn(1))
    throw new EpochError(
      'too_late',
      `the weights of this epoch could be read before they are on chain, ${blocks} blocks before they are opened: commit in the next epoch`,
    );
  return round;
}

/**
 * How many blocks before an epoch nothing is sent any more: a call that is included late must not fall into the next
 * epoch, and on the old chain its round must not have come.
 */
export function guardBlocks({ form }: EpochSchedule): number {
  return form === 'stateful' ? 3 : 8;
}

/** Coinbase counts the block before it tests whether the epoch is due. */
function nextEpoch(state: StatefulSchedule): number {
  return earliest(state, MAX_BLOCKS_BETWEEN_STEPS + 1);
}

/** The look-ahead that gives commits and reveals their epoch tests before the block is counted. */
function nextLookAhead(state: StatefulSchedule): number {
  return earliest(state, MAX_BLOCKS_BETWEEN_STEPS + 2);
}

function earliest(state: StatefulSchedule, patience: number): number {
  const { head, tempo, lastEpochBlock, pendingEpochAt, blocksSinceLastStep } = state;
  const asked = pendingEpochAt > 0 ? pendingEpochAt : Number.POSITIVE_INFINITY;
  return Math.max(head + 1, Math.min(asked, lastEpochBlock + tempo, head + patience - blocksSinceLastStep));
}

/** Source: subtensor `blocks_until_next_epoch` before the schedule was stored. */
function nextModuloEpoch({ head, tempo, netuid }: ModuloSchedule): number {
  const first = head + 1;
  return first + tempo - ((first + netuid + 1) % (tempo + 1));
}

function moduloEpochOf(block: number, { tempo, netuid }: ModuloSchedule): number {
  return Math.floor((block + netuid + 1) / (tempo + 1));
}

function checkSchedule(schedule: EpochSchedule): void {
  for (const [name, value] of Object.entries(schedule))
    if (name !== 'form' && !(Number.isSafeInteger(value) && value >= 0))
      throw new EpochError('impossible_schedule', `${name} of the epoch schedule is ${value}`);
  if (schedule.tempo === 0)
    throw new EpochError(
      'no_epochs',
      'the tempo of the subnet is 0: it runs no epochs, and weights count for nothing',
    );
}

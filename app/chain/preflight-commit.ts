/** What the chain would refuse of a timelocked commit, before it ever opens it. Pure. */
import type { KnownCall } from './calls.ts';
import type { ChainProblem } from './chain.ts';
import { commitEpoch, EpochError } from './epoch.ts';
import type { WeightRow } from './normalise.ts';
import type { SubnetState } from './subnet.ts';
import { TIMELOCK_OVERHEAD } from './timelock.ts';
import { timelockPayload } from './timelock-payload.ts';

/** Source: subtensor `internal_commit_timelocked_weights`, check 7. */
const MAX_COMMITS_PER_EPOCH = 10;
/** Source: subtensor `MAX_CRV3_COMMIT_SIZE_BYTES`. */
const MAX_COMMIT_BYTES = 5_000;

export interface Commit {
  readonly state: SubnetState;
  readonly call: KnownCall;
  readonly row: WeightRow | null;
  readonly revealRound: number | null;
}

export function commitProblems({ state, call, row, revealRound }: Commit): ChainProblem[] {
  const { netuid, commitRevealVersion, lastStoredRound, own } = state;
  const found: ChainProblem[] = [];
  const { payloadVersion } = call;
  if (commitRevealVersion !== null && payloadVersion !== commitRevealVersion)
    found.push({
      code: 'commit_version',
      message: `the chain wants commits of version ${commitRevealVersion}, and ${call.name} takes version ${payloadVersion}: update Quasar Referee`,
    });
  // the chain takes a round that it has just stored too, but everybody could read such weights at once
  if (revealRound !== null && revealRound <= lastStoredRound)
    found.push({
      code: 'round_too_early',
      message: `drand round ${revealRound} is already out (the chain has stored ${lastStoredRound}): check this machine's clock, and commit in the next epoch`,
    });
  const waiting = own === null ? 0 : own.commits.filter(({ epoch }) => epoch === epochOf(state)).length;
  if (waiting >= MAX_COMMITS_PER_EPOCH)
    found.push({
      code: 'too_many_commits',
      message: `${waiting} commits of hotkey ${own?.hotkey} wait for their reveal on subnet ${netuid}, the chain takes ${MAX_COMMITS_PER_EPOCH} in an epoch: wait for the next one, and see who else commits with this hotkey`,
    });
  const bytes = row === null ? 0 : commitBytes(row, payloadVersion);
  if (bytes > MAX_COMMIT_BYTES)
    found.push({
      code: 'commit_too_large',
      message: `a commit of ${row?.uids.length} entries has ${bytes} bytes, the chain takes ${MAX_COMMIT_BYTES}: pay fewer places, or ask the subnet's owner to lower MinAllowedWeights (${state.minAllowedWeights})`,
    });
  return found;
}

/** Null while the schedule allows no answer: then nothing is sent anyway. */
function epochOf({ schedule }: SubnetState): number | null {
  try {
    return commitEpoch(schedule);
  } catch (error) {
    if (error instanceof EpochError) return null;
    throw error;
  }
}

/** The length of a ciphertext follows from the number of entries alone. */
function commitBytes({ uids }: WeightRow, payloadVersion: KnownCall['payloadVersion']): number {
  const blank = uids.map(() => 0);
  const hotkey = payloadVersion === 4 ? new Uint8Array(32) : null;
  return timelockPayload({ hotkey, uids: blank, values: blank, versionKey: 0n }).length + TIMELOCK_OVERHEAD;
}

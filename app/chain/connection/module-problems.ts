/** Errors of the runtime's pallets by name: their numbers move from one runtime to the next. Pure. */
import type { ChainProblem, ChainProblemCode } from '../chain.ts';
import { chainProblem } from './chain-problems.ts';

/** What weight calls can fail with in SubtensorModule, in specs 293 to 475. */
const SUBTENSOR: Readonly<Record<string, ChainProblemCode>> = {
  SettingWeightsTooFast: 'too_fast',
  CommittingWeightsTooFast: 'too_fast',
  TxRateLimitExceeded: 'too_fast',
  NotEnoughStakeToSetWeights: 'stake_too_low',
  NeuronNoValidatorPermit: 'no_permit',
  HotKeyNotRegisteredInSubNet: 'not_registered',
  HotKeyNotRegisteredInNetwork: 'not_registered',
  HotKeyAccountNotExists: 'not_registered',
  IncorrectWeightVersionKey: 'version_key',
  CommitRevealEnabled: 'commit_reveal_on',
  CommitRevealDisabled: 'commit_reveal_off',
  IncorrectCommitRevealVersion: 'commit_version',
  InvalidRevealRound: 'round_too_early',
  TooManyUnrevealedCommits: 'too_many_commits',
  CommitPayloadTooLarge: 'commit_too_large',
  WeightVecNotEqualSize: 'row_length',
  InputLengthsUnequal: 'row_length',
  DuplicateUids: 'row_uids',
  UidVecContainInvalidOne: 'row_uids',
  UidsLengthExceedUidsInSubNet: 'row_uids',
  WeightVecLengthIsLow: 'row_too_short',
  MaxWeightExceeded: 'row_too_high',
  SubNetworkDoesNotExist: 'no_subnet',
  SubnetNotExists: 'no_subnet',
  MechanismDoesNotExist: 'no_mechanism',
  CanNotSetRootNetworkWeights: 'root_subnet',
  ColdkeyIsInSwapSchedule: 'coldkey_swap',
  ColdkeySwapAnnounced: 'coldkey_swap',
  ColdkeySwapDisputed: 'coldkey_swap',
};

/** `pallet` in any spelling of its first letter, as metadata and polkadot-js differ there. */
export function moduleProblem(pallet: string, name: string, docs = ''): ChainProblem {
  const said = `${pallet}.${name}${docs === '' ? '' : `, ${docs}`}`;
  switch (pallet.toLowerCase()) {
    case 'subtensormodule':
      return chainProblem(SUBTENSOR[name] ?? 'unknown', said);
    case 'proxy':
      return chainProblem('proxy', said);
    case 'system':
      // a proxy's filter lets the call not through
      return chainProblem(name === 'CallFiltered' ? 'proxy' : 'unknown', said);
    default:
      return chainProblem('unknown', said);
  }
}

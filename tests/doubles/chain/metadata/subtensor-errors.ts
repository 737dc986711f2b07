/** Errors of SubtensorModule by their index. They move between runtimes: nobody may know one by its number. */

/** As in spec 393. */
export const ERRORS_TODAY = {
  HotKeyNotRegisteredInSubNet: 4,
  NotEnoughStakeToSetWeights: 10,
  NeuronNoValidatorPermit: 15,
  WeightVecNotEqualSize: 16,
  DuplicateUids: 17,
  UidVecContainInvalidOne: 18,
  WeightVecLengthIsLow: 19,
  CanNotSetRootNetworkWeights: 24,
  MaxWeightExceeded: 20,
  SettingWeightsTooFast: 28,
  IncorrectWeightVersionKey: 29,
  UidsLengthExceedUidsInSubNet: 31,
  CommitRevealEnabled: 52,
  CommitRevealDisabled: 53,
  MechanismDoesNotExist: 73,
  TooManyUnrevealedCommits: 76,
  CommittingWeightsTooFast: 80,
  IncorrectCommitRevealVersion: 111,
  CommitPayloadTooLarge: 131,
} as const;

export type SubtensorError = keyof typeof ERRORS_TODAY | 'SubNetworkDoesNotExist';

/** Spec 293 has its own numbers, and no mechanisms. */
export const ERRORS_293: Readonly<Partial<Record<SubtensorError, number>>> = {
  SubNetworkDoesNotExist: 0,
  ...Object.fromEntries(
    Object.entries(ERRORS_TODAY)
      .filter(
        ([name]) =>
          !['MechanismDoesNotExist', 'IncorrectCommitRevealVersion', 'CommitPayloadTooLarge'].includes(name),
      )
      .map(([name, index]) => [name, index + 1]),
  ),
};

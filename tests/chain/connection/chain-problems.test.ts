import { describe, expect, it } from 'vitest';
import { chainProblem } from '../../../app/chain/connection/chain-problems.ts';
import { moduleProblem } from '../../../app/chain/connection/module-problems.ts';
import { poolAnswer } from '../../../app/chain/connection/pool-problems.ts';
import { RpcRefusal } from '../../../app/chain/connection/rpc-refusal.ts';

describe('an error of a pallet', () => {
  it.each([
    ['SettingWeightsTooFast', 'too_fast'],
    ['CommittingWeightsTooFast', 'too_fast'],
    ['NotEnoughStakeToSetWeights', 'stake_too_low'],
    ['NeuronNoValidatorPermit', 'no_permit'],
    ['HotKeyNotRegisteredInSubNet', 'not_registered'],
    ['IncorrectWeightVersionKey', 'version_key'],
    ['CommitRevealEnabled', 'commit_reveal_on'],
    ['CommitRevealDisabled', 'commit_reveal_off'],
    ['IncorrectCommitRevealVersion', 'commit_version'],
    ['TooManyUnrevealedCommits', 'too_many_commits'],
    ['CommitPayloadTooLarge', 'commit_too_large'],
    ['WeightVecNotEqualSize', 'row_length'],
    ['UidsLengthExceedUidsInSubNet', 'row_uids'],
    ['DuplicateUids', 'row_uids'],
    ['UidVecContainInvalidOne', 'row_uids'],
    ['WeightVecLengthIsLow', 'row_too_short'],
    ['MaxWeightExceeded', 'row_too_high'],
    ['SubNetworkDoesNotExist', 'no_subnet'],
    ['MechanismDoesNotExist', 'no_mechanism'],
    ['CanNotSetRootNetworkWeights', 'root_subnet'],
  ])('SubtensorModule.%s is %s', (name, code) => {
    expect(moduleProblem('subtensorModule', name).code).toBe(code);
    expect(moduleProblem('SubtensorModule', name).code).toBe(code);
  });

  it('says what to do, and what the chain said', () => {
    const { message } = moduleProblem(
      'subtensorModule',
      'HotKeyNotRegisteredInSubNet',
      'The hotkey is not registered',
    );
    expect(message).toContain('register it');
    expect(message).toContain(
      '(the chain: subtensorModule.HotKeyNotRegisteredInSubNet, The hotkey is not registered)',
    );
  });

  it('counts everything of the proxy pallet, and what its filter holds back, to the proxy', () => {
    expect(moduleProblem('proxy', 'NotProxy').code).toBe('proxy');
    expect(moduleProblem('system', 'CallFiltered').code).toBe('proxy');
    expect(moduleProblem('system', 'InvalidSpecName').code).toBe('unknown');
  });

  it('is unknown in a pallet that weights have nothing to do with, though it has the name of one', () => {
    expect(moduleProblem('balances', 'SettingWeightsTooFast').code).toBe('unknown');
    expect(moduleProblem('subtensorModule', 'SomethingNew').code).toBe('unknown');
  });
});

describe('a pool that refuses', () => {
  const node = (data: string) => poolAnswer(new RpcRefusal(1010, 'Invalid Transaction', data));
  const chopsticks = (invalid: object) =>
    poolAnswer(new RpcRefusal(1010, JSON.stringify({ invalid }), undefined));
  const code = (answer: ReturnType<typeof poolAnswer>) =>
    answer.kind === 'refused' ? answer.problem.code : answer.kind;

  it.each([
    [0, 'coldkey_swap'],
    [1, 'stake_too_low'],
    [6, 'too_fast'],
    [15, 'round_too_early'],
    [16, 'unknown'],
    [18, 'row_length'],
    [19, 'not_registered'],
    [21, 'coldkey_swap'],
    [25, 'commit_reveal_on'],
    [31, 'too_many_commits'],
    [255, 'unknown'],
  ])('with custom error %i: %s, in the words of a node and of chopsticks', (number, expected) => {
    expect(code(node(`Custom error: ${number}`))).toBe(expected);
    expect(code(chopsticks({ custom: number }))).toBe(expected);
  });

  it.each([
    ['Transaction has a bad signature', { badProof: null }, 'bad_signature'],
    ['Invalid signing address', { badSigner: null }, 'bad_signature'],
    ['Transaction is outdated', { stale: null }, 'outdated'],
    ['Transaction has an ancient birth block', { ancientBirthBlock: null }, 'outdated'],
    ['Transaction will be valid in the future', { future: null }, 'outdated'],
    ['Inability to pay some fees, e.g. account balance too low', { payment: null }, 'payment'],
    ['Transaction call is not expected', { call: null }, 'unknown'],
    ['Transaction would exhaust the resources of current block', { exhaustsResources: null }, 'later'],
  ])('because: %s', (sentence, invalid, expected) => {
    expect(code(node(sentence))).toBe(expected);
    expect(code(chopsticks(invalid))).toBe(expected);
  });

  it.each([
    [1013, 'Transaction Already Imported'],
    [1014, 'Priority is too low: (1 vs 1)'],
  ])('with %i because it may have these bytes: pending, also by the words alone', (number, text) => {
    expect(poolAnswer(new RpcRefusal(number, text, undefined))).toEqual({ kind: 'pending' });
    expect(poolAnswer(new RpcRefusal(1, text, undefined))).toEqual({ kind: 'pending' });
  });

  it('with 1012 because it had these bytes before: banned, also by the words alone', () => {
    const text = 'Transaction is temporarily banned';
    expect(poolAnswer(new RpcRefusal(1012, text, undefined))).toEqual({ kind: 'banned' });
    expect(poolAnswer(new RpcRefusal(1, text, undefined))).toEqual({ kind: 'banned' });
  });

  it.each([
    [1011, 'Unknown Transaction Validity'],
    [1016, 'Immediately Dropped'],
    [1018, 'This node is not configured to take transactions'],
  ])('with %i for a reason of its own: later', (number, text) => {
    expect(poolAnswer(new RpcRefusal(number, text, undefined)).kind).toBe('later');
  });

  it('ends the message with what the chain said, cut where it is long', () => {
    expect(chainProblem('unknown', 'x'.repeat(5000)).message.length).toBeLessThan(400);
    expect(node('Custom error: 1')).toMatchObject({
      problem: {
        message: expect.stringMatching(
          /add stake.*\(the chain: 1010: Invalid Transaction: Custom error: 1\)$/,
        ),
      },
    });
  });
});

/** Calls, events and errors of SubtensorModule. */
import type { BaseTypes } from './base-types.ts';
import type { Pallet } from './pallet.ts';
import { ERRORS_293, ERRORS_TODAY } from './subtensor-errors.ts';
import { subtensorStorage } from './subtensor-storage.ts';
import type { Field, Variant } from './type-table.ts';

export const SUBTENSOR_INDEX = 7;

export interface SubtensorShape {
  readonly today: boolean;
  /** Names of calls that have one argument more than anybody knows of. */
  readonly changedCalls: readonly string[];
}

export function subtensorPallet(base: BaseTypes, { today, changedCalls }: SubtensorShape): Pallet {
  const { table, u64 } = base;
  const calls = (today ? callsToday(base) : calls293(base)).map(
    ([name, fields, index]): Variant => [
      name,
      changedCalls.includes(name) ? [...fields, ['memo', u64]] : fields,
      index,
    ],
  );
  return {
    name: 'SubtensorModule',
    index: SUBTENSOR_INDEX,
    storage: subtensorStorage(base, today),
    calls: table.variant('pallet_subtensor::pallet::Call', calls),
    events: table.variant('pallet_subtensor::pallet::Event', events(base, today)),
    errors: table.variant(
      'pallet_subtensor::pallet::Error',
      Object.entries(today ? ERRORS_TODAY : ERRORS_293).map(([name, index]) => [name, [], index as number]),
    ),
  };
}

function callsToday(base: BaseTypes): Variant[] {
  const { u16, u64, netuid, mechanism, boundedBytes } = base;
  const commit: Field[] = [
    ['commit', boundedBytes],
    ['reveal_round', u64],
    ['commit_reveal_version', u16],
  ];
  const mecid: Field = ['mecid', mechanism];
  return [
    ['set_weights', [['netuid', netuid], ...row(base)], 0],
    ['commit_timelocked_weights', [['netuid', netuid], ...commit], 113],
    ['commit_timelocked_mechanism_weights', [['netuid', netuid], mecid, ...commit], 118],
    ['set_mechanism_weights', [['netuid', netuid], mecid, ...row(base)], 119],
  ];
}

function calls293(base: BaseTypes): Variant[] {
  const { u64, netuid, boundedBytes } = base;
  return [
    ['set_weights', [['netuid', netuid], ...row(base)], 0],
    [
      'commit_crv3_weights',
      [
        ['netuid', netuid],
        ['commit', boundedBytes],
        ['reveal_round', u64],
      ],
      99,
    ],
  ];
}

function row({ table, u16, u64 }: BaseTypes): Field[] {
  return [
    ['dests', table.sequence(u16)],
    ['weights', table.sequence(u16)],
    ['version_key', u64],
  ];
}

function events({ u16, u64, account, h256, netuid, netuidIndex }: BaseTypes, today: boolean): Variant[] {
  const index = today ? netuidIndex : netuid;
  const set: Variant = [
    'WeightsSet',
    [
      [null, index],
      [null, u16],
    ],
    5,
  ];
  const committed: Field[] = [
    [null, account],
    [null, index],
    [null, h256],
  ];
  const revealed: Field[] = [
    [null, index],
    [null, account],
  ];
  return today
    ? [
        set,
        ['TimelockedWeightsCommitted', [...committed, [null, u64]], 105],
        ['TimelockedWeightsRevealed', revealed, 106],
      ]
    : [set, ['CRV3WeightsCommitted', committed, 90], ['CRV3WeightsRevealed', revealed, 91]];
}

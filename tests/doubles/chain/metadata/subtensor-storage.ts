/** Storage of SubtensorModule, as far as weights depend on it. */
import type { BaseTypes } from './base-types.ts';
import { le, mapItem, NOTHING, plainItem, type StorageItem, ZERO_32 } from './pallet.ts';
import type { TypeId } from './type-table.ts';

export function subtensorStorage(base: BaseTypes, today: boolean): StorageItem[] {
  const { table, bool, u8, u16, u32, u64, account, netuid, netuidIndex, boundedBytes } = base;
  const net = (name: string, value: TypeId, fallback: string | null) =>
    mapItem(name, { hashers: ['Identity'], key: netuid, value, fallback });
  const perUid = (name: string, first: TypeId, value: TypeId, fallback: string) =>
    mapItem(name, { hashers: ['Identity', 'Identity'], key: table.tuple(first, u16), value, fallback });
  // mechanisms came after spec 293: until then these were by netuid
  const index = today ? netuidIndex : netuid;
  const commits = table.sequence(table.tuple(account, u64, boundedBytes, u64));
  const shared = [
    net('NetworksAdded', bool, '0x00'),
    net('SubnetworkN', u16, le(0, 2)),
    net('Tempo', u16, le(360, 2)),
    net('MinAllowedWeights', u16, le(1, 2)),
    net('ImmunityPeriod', u16, le(5_000, 2)),
    net('WeightsSetRateLimit', u64, le(100, 8)),
    net('WeightsVersionKey', u64, le(0, 8)),
    net('CommitRevealWeightsEnabled', bool, '0x01'),
    net('BlocksSinceLastStep', u64, le(0, 8)),
    net('ValidatorPermit', table.sequence(bool), NOTHING),
    net('Active', table.sequence(bool), NOTHING),
    net('SubnetOwner', account, ZERO_32),
    net('SubnetOwnerHotkey', account, ZERO_32),
    mapItem('RevealPeriodEpochs', {
      hashers: ['Twox64Concat'],
      key: netuid,
      value: u64,
      fallback: le(1, 8),
    }),
    plainItem('StakeThreshold', u64, le(0, 8)),
    plainItem('CommitRevealWeightsVersion', u16, le(4, 2)),
    mapItem('Uids', {
      hashers: ['Identity', 'Blake2_128Concat'],
      key: table.tuple(netuid, account),
      value: u16,
      fallback: null,
    }),
    perUid('Keys', netuid, account, ZERO_32),
    perUid('BlockAtRegistration', netuid, u64, le(0, 8)),
    mapItem('LastUpdate', {
      hashers: ['Identity'],
      key: index,
      value: table.sequence(u64),
      fallback: NOTHING,
    }),
    perUid('Weights', index, table.sequence(table.tuple(u16, u16)), NOTHING),
    // what a hotkey holds on a subnet; the double takes it as its stake weight
    mapItem('TotalHotkeyAlpha', {
      hashers: ['Blake2_128Concat', 'Identity'],
      key: table.tuple(account, netuid),
      value: u64,
      fallback: le(0, 8),
    }),
  ];
  if (!today)
    return [
      ...shared.filter(({ name }) => name !== 'CommitRevealWeightsVersion'),
      net('ActivityCutoff', u16, le(5_000, 2)),
      mapItem('CRV3WeightCommitsV2', {
        hashers: ['Twox64Concat', 'Twox64Concat'],
        key: table.tuple(netuid, u64),
        value: commits,
        fallback: NOTHING,
      }),
    ];
  const consensus = table.variant('pallet_subtensor::subnets::consensus::SubnetConsensus', [
    ['Yuma', [], 0],
    ['Null', [], 1],
  ]);
  return [
    ...shared,
    net('LastEpochBlock', u64, le(0, 8)),
    net('PendingEpochAt', u64, le(0, 8)),
    net('SubnetEpochIndex', u64, le(0, 8)),
    net('ActivityCutoffFactorMilli', u32, le(13_889, 4)),
    net('SubnetEpochConsensus', consensus, '0x00'),
    plainItem('MaxEpochsPerBlock', u8, le(2, 1)),
    mapItem('MechanismCountCurrent', {
      hashers: ['Twox64Concat'],
      key: netuid,
      value: u8,
      fallback: le(1, 1),
    }),
    mapItem('TimelockedWeightCommits', {
      hashers: ['Twox64Concat', 'Twox64Concat'],
      key: table.tuple(netuidIndex, u64),
      value: commits,
      fallback: NOTHING,
    }),
  ];
}

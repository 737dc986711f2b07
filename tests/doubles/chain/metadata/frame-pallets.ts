/** The pallets around SubtensorModule that a sender of weights meets: System, Timestamp, Proxy and Drand. */
import type { BaseTypes } from './base-types.ts';
import { le, mapItem, NOTHING, type Pallet, plainItem } from './pallet.ts';
import type { TypeId } from './type-table.ts';

export const TIMESTAMP_INDEX = 2;
export const PROXY_INDEX = 16;
/** Blocks whose hash a mortal extrinsic may be bound to. */
const BLOCK_HASH_COUNT = 2_400;

/** `record` is the type of an event with its phase; it exists only after the events of all pallets do. */
export function systemPallet(
  base: BaseTypes,
  types: { calls: TypeId; events: TypeId; record: TypeId },
): Pallet {
  const { table, u16, u32, account } = base;
  return {
    name: 'System',
    index: 0,
    calls: types.calls,
    events: types.events,
    storage: [
      mapItem('Account', {
        hashers: ['Blake2_128Concat'],
        key: account,
        value: accountInfo(base),
        fallback: `0x${'00'.repeat(56)}`,
      }),
      plainItem('Number', u32, le(0, 4)),
      plainItem('Events', table.sequence(types.record), NOTHING),
    ],
    constants: [
      { name: 'BlockHashCount', type: u32, value: le(BLOCK_HASH_COUNT, 4) },
      { name: 'SS58Prefix', type: u16, value: le(42, 2) },
    ],
  };
}

export function systemCalls({ table, bytes }: BaseTypes): TypeId {
  return table.variant('frame_system::pallet::Call', [['remark', [['remark', bytes]], 0]]);
}

export function systemEvents({ table, dispatchInfo, dispatchError }: BaseTypes): TypeId {
  return table.variant('frame_system::pallet::Event', [
    ['ExtrinsicSuccess', [['dispatch_info', dispatchInfo]], 0],
    [
      'ExtrinsicFailed',
      [
        ['dispatch_error', dispatchError],
        ['dispatch_info', dispatchInfo],
      ],
      1,
    ],
    ['CodeUpdated', [], 2],
  ]);
}

export function timestampPallet({ table, u64 }: BaseTypes): Pallet {
  return {
    name: 'Timestamp',
    index: TIMESTAMP_INDEX,
    storage: [plainItem('Now', u64, le(0, 8))],
    calls: table.variant('pallet_timestamp::pallet::Call', [['set', [['now', table.compact(u64)]], 0]]),
    constants: [{ name: 'MinimumPeriod', type: u64, value: le(6_000, 8) }],
  };
}

/** Index of the type that lets weights pass and no funds; its name was misspelled up to spec 293. */
export const NON_FUNGIBLE = 5;

function proxyTypes({ table }: BaseTypes, today: boolean): TypeId {
  const nonFungible = today ? 'NonFungible' : 'NonFungibile';
  const names = ['Any', 'Owner', 'NonCritical', 'NonTransfer', 'Senate', nonFungible, 'Triumvirate'];
  return table.variant(
    'subtensor_runtime_common::ProxyType',
    names.map((name, index) => [name, [], index]),
  );
}

export function proxyCalls(base: BaseTypes, runtimeCall: TypeId, today: boolean): TypeId {
  const { table, address } = base;
  return table.variant('pallet_proxy::pallet::Call', [
    [
      'proxy',
      [
        ['real', address],
        ['force_proxy_type', table.option(proxyTypes(base, today))],
        ['call', runtimeCall],
      ],
      0,
    ],
  ]);
}

export const PROXY_ERRORS = { NotProxy: 2, Unproxyable: 3 } as const;

export function proxyPallet(base: BaseTypes, calls: TypeId, today: boolean): Pallet {
  const { table, account, u32, u64, dispatchResult } = base;
  const definition = table.struct('pallet_proxy::ProxyDefinition', [
    ['delegate', account],
    ['proxy_type', proxyTypes(base, today)],
    ['delay', u32],
  ]);
  return {
    name: 'Proxy',
    index: PROXY_INDEX,
    calls,
    events: table.variant('pallet_proxy::pallet::Event', [
      ['ProxyExecuted', [['result', dispatchResult]], 0],
    ]),
    errors: table.variant(
      'pallet_proxy::pallet::Error',
      Object.entries(PROXY_ERRORS).map(([name, index]) => [name, [], index]),
    ),
    storage: [
      mapItem('Proxies', {
        hashers: ['Twox64Concat'],
        key: account,
        value: table.tuple(table.sequence(definition), u64),
        fallback: `0x00${'00'.repeat(8)}`,
      }),
    ],
  };
}

export function drandPallet({ table, u64, boundedBytes }: BaseTypes): Pallet {
  const pulse = table.struct('pallet_drand::types::Pulse', [
    ['round', u64],
    ['randomness', boundedBytes],
    ['signature', boundedBytes],
  ]);
  return {
    name: 'Drand',
    index: 26,
    storage: [
      plainItem('LastStoredRound', u64, le(0, 8)),
      mapItem('Pulses', { hashers: ['Blake2_128Concat'], key: u64, value: pulse, fallback: null }),
    ],
  };
}

function accountInfo({ table, u32, u64, u128 }: BaseTypes): TypeId {
  const data = table.struct('pallet_balances::types::AccountData', [
    ['free', u64],
    ['reserved', u64],
    ['frozen', u64],
    ['flags', u128],
  ]);
  return table.struct('frame_system::AccountInfo', [
    ['nonce', u32],
    ['consumers', u32],
    ['providers', u32],
    ['sufficients', u32],
    ['data', data],
  ]);
}

/** Types that several pallets share, with the paths by which polkadot-js recognises them. */
import { type TypeId, TypeTable } from './type-table.ts';

export type BaseTypes = ReturnType<typeof baseTypes>;

export function baseTypes(table = new TypeTable()) {
  const [bool, u8, u16, u32, u64, u128] = (['Bool', 'U8', 'U16', 'U32', 'U64', 'U128'] as const).map((name) =>
    table.primitive(name),
  ) as [TypeId, TypeId, TypeId, TypeId, TypeId, TypeId];
  const bytes = table.sequence(u8);
  const bytes32 = table.array(32, u8);
  const unit = table.tuple();
  const account = table.struct('sp_core::crypto::AccountId32', [[null, bytes32]]);
  const weight = table.struct('sp_weights::weight_v2::Weight', [
    ['ref_time', table.compact(u64)],
    ['proof_size', table.compact(u64)],
  ]);
  const dispatchClass = table.variant('frame_support::dispatch::DispatchClass', [
    ['Normal', [], 0],
    ['Operational', [], 1],
    ['Mandatory', [], 2],
  ]);
  const pays = table.variant('frame_support::dispatch::Pays', [
    ['Yes', [], 0],
    ['No', [], 1],
  ]);
  const moduleError = table.struct('sp_runtime::ModuleError', [
    ['index', u8],
    ['error', table.array(4, u8)],
  ]);
  const dispatchError = table.variant('sp_runtime::DispatchError', [
    ['Other', [], 0],
    ['CannotLookup', [], 1],
    ['BadOrigin', [], 2],
    ['Module', [[null, moduleError]], 3],
  ]);
  return {
    table,
    bool,
    u8,
    u16,
    u32,
    u64,
    u128,
    bytes,
    bytes32,
    unit,
    account,
    h256: table.struct('primitive_types::H256', [[null, bytes32]]),
    // wrappers as the real runtime has them: whoever compares names instead of what is on the wire fails here
    netuid: table.struct('subtensor_runtime_common::NetUid', [[null, u16]]),
    netuidIndex: table.struct('subtensor_runtime_common::NetUidStorageIndex', [[null, u16]]),
    mechanism: table.struct('subtensor_runtime_common::MechId', [[null, u8]]),
    boundedBytes: table.struct(
      'bounded_collections::bounded_vec::BoundedVec',
      [[null, bytes]],
      [
        ['T', u8],
        ['S', unit],
      ],
    ),
    address: table.variant(
      'sp_runtime::multiaddress::MultiAddress',
      [
        ['Id', [[null, account]], 0],
        ['Index', [[null, table.compact(unit)]], 1],
        ['Raw', [[null, bytes]], 2],
        ['Address32', [[null, bytes32]], 3],
        ['Address20', [[null, table.array(20, u8)]], 4],
      ],
      [
        ['AccountId', account],
        ['AccountIndex', unit],
      ],
    ),
    dispatchInfo: table.struct('frame_support::dispatch::DispatchInfo', [
      ['weight', weight],
      ['class', dispatchClass],
      ['pays_fee', pays],
    ]),
    dispatchError,
    dispatchResult: table.variant(
      'Result',
      [
        ['Ok', [[null, unit]], 0],
        ['Err', [[null, dispatchError]], 1],
      ],
      [
        ['T', unit],
        ['E', dispatchError],
      ],
    ),
  };
}

/** How extrinsics are signed: the address, the signature, and the extensions that add bytes to either side. */
import type { BaseTypes } from './base-types.ts';
import type { TypeId, Variant } from './type-table.ts';

export interface Extension {
  readonly identifier: string;
  /** What it adds to the extrinsic. */
  readonly type: TypeId;
  /** What it adds to the bytes that are signed, and to nothing else. */
  readonly additionalSigned: TypeId;
}

/** Subtensor's own, which polkadot-js does not know and which add nothing to either side. */
export const EMPTY_EXTENSIONS = [
  'SudoTransactionExtension',
  'CheckShieldedTxValidity',
  'SubtensorTransactionExtension',
  'DrandPriority',
] as const;

/** An extension of another name with something in it stands for a runtime that nobody here knows how to sign for. */
export function signedExtensions(base: BaseTypes, unknown: string | null): Extension[] {
  const { table, u8, u32, u64, h256, bytes32, unit } = base;
  const eras = Array.from({ length: 255 }, (_, at): Variant => [`Mortal${at + 1}`, [[null, u8]], at + 1]);
  const era = table.variant('sp_runtime::generic::era::Era', [['Immortal', [], 0], ...eras]);
  const mode = table.variant('frame_metadata_hash_extension::Mode', [
    ['Disabled', [], 0],
    ['Enabled', [], 1],
  ]);
  const wrapped = (path: string, type: TypeId) => table.struct(path, [[null, type]]);
  const extension = (identifier: string, type = unit, additionalSigned = unit): Extension => ({
    identifier,
    type,
    additionalSigned,
  });
  return [
    extension('CheckNonZeroSender'),
    extension('CheckSpecVersion', unit, u32),
    extension('CheckTxVersion', unit, u32),
    extension('CheckGenesis', unit, h256),
    extension(
      'CheckMortality',
      wrapped('frame_system::extensions::check_mortality::CheckMortality', era),
      h256,
    ),
    extension('CheckNonce', wrapped('frame_system::extensions::check_nonce::CheckNonce', table.compact(u32))),
    extension('CheckWeight'),
    extension(
      'ChargeTransactionPayment',
      wrapped('pallet_transaction_payment::ChargeTransactionPayment', table.compact(u64)),
    ),
    ...EMPTY_EXTENSIONS.map((name) => extension(name)),
    ...(unknown === null ? [] : [extension(unknown, u32, u32)]),
    extension(
      'CheckMetadataHash',
      table.struct('frame_metadata_hash_extension::CheckMetadataHash', [['mode', mode]]),
      table.option(bytes32),
    ),
  ];
}

export function signatureType({ table, u8 }: BaseTypes): TypeId {
  return table.variant('sp_runtime::MultiSignature', [
    ['Ed25519', [[null, table.array(64, u8)]], 0],
    ['Sr25519', [[null, table.array(64, u8)]], 1],
    ['Ecdsa', [[null, table.array(65, u8)]], 2],
  ]);
}

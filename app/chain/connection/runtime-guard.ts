/** Why a runtime's transactions may not be signed: their form is not the one that is known here. Pure. */
import type { Metadata } from '@polkadot/types';
import { findUnknownExtensions } from '@polkadot/types/extrinsic/signedExtensions';
import type { SiLookupTypeId } from '@polkadot/types/interfaces';

const TRANSACTION_VERSION = 1;
const EXTRINSIC_VERSION = 4;

/**
 * Empty when all is known. polkadot-js leaves out extensions that it does not know, which is right only for those that add
 * nothing, neither to the transaction nor to what is signed. Give it metadata that its registry was set to.
 */
export function runtimeProblems(metadata: Metadata, transactionVersion: number): string[] {
  const { versions, extensions } = extrinsicOf(metadata);
  const unknown = findUnknownExtensions(extensions.map(({ name }) => name));
  const { lookup } = metadata.registry;
  const update = 'update Quasar Referee to a version that knows this runtime';
  return [
    ...(transactionVersion === TRANSACTION_VERSION
      ? []
      : [`transactions have version ${transactionVersion} instead of ${TRANSACTION_VERSION}: ${update}`]),
    ...(versions.includes(EXTRINSIC_VERSION)
      ? []
      : [`extrinsics have version ${versions.join(', ')} instead of ${EXTRINSIC_VERSION}: ${update}`]),
    ...extensions
      .filter(
        ({ name, extra, implicit }) =>
          unknown.includes(name) && !(isEmpty(lookup, extra) && isEmpty(lookup, implicit)),
      )
      .map(({ name }) => `the transaction extension ${name} is unknown and adds bytes: ${update}`),
  ];
}

interface Extension {
  readonly name: string;
  readonly extra: SiLookupTypeId;
  readonly implicit: SiLookupTypeId;
}

/** From the version that the runtime gave: polkadot-js's conversion to its latest one loses what extensions sign. */
function extrinsicOf(metadata: Metadata): {
  readonly versions: readonly number[];
  readonly extensions: readonly Extension[];
} {
  if (metadata.version >= 16) {
    const { versions, transactionExtensions } = metadata.asV16.extrinsic;
    return {
      versions: Array.from(versions),
      extensions: transactionExtensions.map(({ identifier, type, implicit }) => ({
        name: identifier.toString(),
        extra: type,
        implicit,
      })),
    };
  }
  const { version, signedExtensions } =
    metadata.version === 15 ? metadata.asV15.extrinsic : metadata.asV14.extrinsic;
  return {
    versions: [version.toNumber()],
    extensions: signedExtensions.map(({ identifier, type, additionalSigned }) => ({
      name: identifier.toString(),
      extra: type,
      implicit: additionalSigned,
    })),
  };
}

type Lookup = Metadata['registry']['lookup'];

/** Does a value of this type take no byte at all? */
function isEmpty(lookup: Lookup, type: SiLookupTypeId): boolean {
  const { def } = lookup.getSiType(type);
  if (def.isTuple) return def.asTuple.every((each) => isEmpty(lookup, each));
  if (def.isComposite) return def.asComposite.fields.every((field) => isEmpty(lookup, field.type));
  if (def.isArray) return def.asArray.len.isZero() || isEmpty(lookup, def.asArray.type);
  return false;
}

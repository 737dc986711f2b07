/** The calls of SubtensorModule as polkadot-js reads them from a runtime's metadata. Pure. */
import type { Metadata } from '@polkadot/types';
import type { MetadataCall } from './calls.ts';

/**
 * Every call of the pallet that sets weights; none when the runtime has no such pallet. Give it metadata that its
 * registry was set to. A type around a single other one (`NetUid`, `BoundedVec`) reads as what it is on the wire.
 */
export function metadataCalls(metadata: Metadata): MetadataCall[] {
  const pallet = metadata.asLatest.pallets.find(({ name }) => name.toString() === 'SubtensorModule');
  if (pallet === undefined || pallet.calls.isNone) return [];
  const { lookup } = metadata.registry;
  return lookup
    .getSiType(pallet.calls.unwrap().type)
    .def.asVariant.variants.map(({ name, index, fields }) => ({
      pallet: pallet.index.toNumber(),
      index: index.toNumber(),
      name: name.toString(),
      args: fields.map((field) => ({
        name: field.name.unwrapOr('').toString(),
        type: lookup.getTypeDef(field.type).type,
      })),
    }));
}

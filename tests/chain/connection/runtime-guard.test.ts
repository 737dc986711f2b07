import { Metadata, TypeRegistry } from '@polkadot/types';
import { describe, expect, it } from 'vitest';
import { runtimeProblems } from '../../../app/chain/connection/runtime-guard.ts';
import { aDouble, connected } from './a-chain.ts';

interface Shape {
  readonly version?: 14 | 15;
  readonly extrinsicVersion?: number;
  /** Names with what they add to the extrinsic and to what is signed. */
  readonly extensions?: readonly (readonly [name: string, extra: Type, implicit: Type])[];
}
type Type = 'nothing' | 'u8' | 'empty struct' | 'struct of empty ones' | 'no bytes' | 'enum';

/** Metadata of a runtime without pallets. */
function metadataOf({ version = 15, extrinsicVersion = 4, extensions = [] }: Shape): Metadata {
  const defs = {
    nothing: { Tuple: [] },
    u8: { Primitive: 'U8' },
    'empty struct': { Composite: { fields: [] } },
    'struct of empty ones': {
      Composite: { fields: [{ name: 'marker', type: 2, typeName: null, docs: [] }] },
    },
    'no bytes': { Array: { len: 0, type: 1 } },
    enum: { Variant: { variants: [{ name: 'Only', fields: [], index: 0, docs: [] }] } },
  } satisfies Record<Type, object>;
  const names = Object.keys(defs);
  const types = Object.values(defs).map((def, id) => ({ id, type: { path: [], params: [], def, docs: [] } }));
  const signedExtensions = extensions.map(([identifier, extra, implicit]) => ({
    identifier,
    type: names.indexOf(extra),
    additionalSigned: names.indexOf(implicit),
  }));
  const common = { lookup: { types }, pallets: [], type: 0 };
  const body =
    version === 14
      ? { ...common, extrinsic: { type: 0, version: extrinsicVersion, signedExtensions } }
      : {
          ...common,
          extrinsic: {
            version: extrinsicVersion,
            addressType: 0,
            callType: 0,
            signatureType: 0,
            extraType: 0,
            signedExtensions,
          },
          apis: [],
          outerEnums: { callType: 0, eventType: 0, errorType: 0 },
          custom: {},
        };
  const hex = new TypeRegistry().createType(`MetadataV${version}`, body).toHex();
  const registry = new TypeRegistry();
  const metadata = new Metadata(
    registry,
    `0x6d657461${version.toString(16).padStart(2, '0')}${hex.slice(2)}`,
  );
  registry.setMetadata(metadata, undefined, undefined, true);
  return metadata;
}

describe('a runtime', () => {
  it.each(['today', 'spec293'] as const)('of subtensor is known: %s', async (runtime) => {
    const double = await aDouble({ runtime });
    const { chain } = connected([double.url], double);
    expect((await chain.finalized()).runtimeProblems).toEqual([]);
  });

  it.each([14, 15] as const)(
    'may have unknown extensions that add nothing, in metadata version %i',
    (version) => {
      const extensions = (['nothing', 'empty struct', 'struct of empty ones', 'no bytes'] as const).map(
        (type, index) => [`New${index}`, type, type] as const,
      );
      expect(runtimeProblems(metadataOf({ version, extensions }), 1)).toEqual([]);
    },
  );

  it.each([14, 15] as const)(
    'must not have one that adds bytes to either side, in metadata version %i',
    (version) => {
      const extensions = [
        ['InTheExtrinsic', 'u8', 'nothing'],
        ['InWhatIsSigned', 'nothing', 'u8'],
        ['AnEnum', 'enum', 'nothing'],
        ['CheckNonce', 'u8', 'nothing'],
      ] as const;
      expect(runtimeProblems(metadataOf({ version, extensions }), 1)).toEqual([
        expect.stringContaining('InTheExtrinsic'),
        expect.stringContaining('InWhatIsSigned'),
        expect.stringContaining('AnEnum'),
      ]);
    },
  );

  it('must have transactions and extrinsics of the versions that are known', () => {
    expect(runtimeProblems(metadataOf({}), 2)).toEqual([expect.stringContaining('version 2 instead of 1')]);
    expect(runtimeProblems(metadataOf({ extrinsicVersion: 5 }), 1)).toEqual([
      expect.stringContaining('version 5 instead of 4'),
    ]);
  });
});

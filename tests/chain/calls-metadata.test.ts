import { Metadata, TypeRegistry } from '@polkadot/types';
import { describe, expect, it } from 'vitest';
import { chooseCall } from '../../app/chain/calls.ts';
import { decodeCall, encodeCall } from '../../app/chain/calls-bytes.ts';
import { metadataCalls } from '../../app/chain/calls-metadata.ts';

/** Metadata V15 of a runtime with one pallet and one call, whose types are spelled as subtensor spells them. */
function metadataOf(palletName: string, callName: string): Metadata {
  const types: object[] = [];
  const type = (def: object, path: string[] = [], params: object[] = []) =>
    types.push({ id: types.length, type: { path, params, def, docs: [] } }) - 1;
  const field = (name: string | null, of: number) => ({ name, type: of, typeName: null, docs: [] });
  const variants = (path: string[], entries: [name: string, index: number, fields: object[]][]) =>
    type(
      { Variant: { variants: entries.map(([name, index, fields]) => ({ name, index, fields, docs: [] })) } },
      path,
    );
  const [u8, u16, u32, u64] = ['U8', 'U16', 'U32', 'U64'].map((Primitive) => type({ Primitive })) as [
    number,
    number,
    number,
    number,
  ];
  const unit = type({ Tuple: [] });
  const bytes = type({ Sequence: { type: u8 } });
  const netUid = type({ Composite: { fields: [field(null, u16)] } }, ['subtensor_runtime_common', 'NetUid']);
  const bounded = type(
    { Composite: { fields: [field(null, bytes)] } },
    ['bounded_collections', 'bounded_vec', 'BoundedVec'],
    [
      { name: 'T', type: u8 },
      { name: 'S', type: null },
    ],
  );
  const calls = variants(
    ['pallet_subtensor', 'pallet', 'Call'],
    [
      [
        callName,
        118,
        [
          field('netuid', netUid),
          field('mecid', u8),
          field('commit', bounded),
          field('reveal_round', u64),
          field('commit_reveal_version', u16),
        ],
      ],
      ['remark', 3, [field('size', u32)]],
    ],
  );
  const runtimeCall = variants(['runtime', 'RuntimeCall'], [[palletName, 7, [field(null, calls)]]]);
  const nothing = variants(['runtime', 'Nothing'], []);
  // polkadot-js looks for the call and event types in the parameters of these two
  const extrinsic = type(
    { Composite: { fields: [] } },
    ['sp_runtime', 'generic', 'unchecked_extrinsic', 'UncheckedExtrinsic'],
    Object.entries({ Address: unit, Call: runtimeCall, Signature: unit, Extra: unit }).map(([name, of]) => ({
      name,
      type: of,
    })),
  );
  type(
    { Composite: { fields: [] } },
    ['frame_system', 'EventRecord'],
    [
      { name: 'E', type: nothing },
      { name: 'T', type: unit },
    ],
  );
  const registry = new TypeRegistry();
  const body = registry.createType('MetadataV15', {
    lookup: { types },
    pallets: [
      {
        name: palletName,
        index: 7,
        storage: null,
        calls: { type: calls },
        events: null,
        constants: [],
        errors: null,
        docs: [],
      },
    ],
    extrinsic: {
      version: 4,
      addressType: unit,
      callType: runtimeCall,
      signatureType: unit,
      extraType: unit,
      signedExtensions: [],
    },
    type: extrinsic,
    apis: [],
    outerEnums: { callType: runtimeCall, eventType: nothing, errorType: nothing },
    custom: {},
  });
  const metadata = new Metadata(registry, `0x6d6574610f${body.toHex().slice(2)}`);
  registry.setMetadata(metadata);
  return metadata;
}

describe('the calls in a metadata', () => {
  const metadata = metadataOf('SubtensorModule', 'commit_timelocked_mechanism_weights');

  it('are those of SubtensorModule, with the types that are on the wire', () => {
    expect(metadataCalls(metadata)).toEqual([
      {
        pallet: 7,
        index: 118,
        name: 'commit_timelocked_mechanism_weights',
        args: [
          { name: 'netuid', type: 'u16' },
          { name: 'mecid', type: 'u8' },
          { name: 'commit', type: 'Bytes' },
          { name: 'reveal_round', type: 'u64' },
          { name: 'commit_reveal_version', type: 'u16' },
        ],
      },
      { pallet: 7, index: 3, name: 'remark', args: [{ name: 'size', type: 'u32' }] },
    ]);
  });

  it('are chosen from, and polkadot-js reads our bytes as the same call', () => {
    const choice = chooseCall(metadataCalls(metadata), { commitReveal: true, version: 4 });
    if (choice.kind !== 'call') throw new Error(choice.message);
    const content = {
      kind: 'timelocked',
      netuid: 7,
      mecid: 0,
      commit: Uint8Array.of(1, 2),
      revealRound: 1000,
    } as const;
    const bytes = encodeCall(choice.call, content);
    const call = metadata.registry.createType('Call', bytes);
    expect(call.method).toBe('commitTimelockedMechanismWeights');
    expect(call.args.map(String)).toEqual(['7', '0', '0x0102', '1000', '4']);
    expect(call.toHex()).toBe('0x0776070000080102e8030000000000000400');
    expect(decodeCall(call.toU8a(), [choice.call])).toMatchObject({ ok: true, content });
  });

  it('are none in a runtime without that pallet', () => {
    expect(metadataCalls(metadataOf('Other', 'set_weights'))).toEqual([]);
  });
});
